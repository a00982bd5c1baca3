# fish completion for afprobe, made by: afprobe --generate-completion-script fish

# With a kind of link (ARPHRD_), only interfaces of that kind.
function __afprobe_interfaces
    for path in /sys/class/net/*
        test -e $path/ifindex; or continue
        set -q argv[1]; and test (cat $path/type) != $argv[1]; and continue
        string replace -r '.*/' '' $path
    end
end

# The MAC addresses of the neighbours on the interface that is given, or on all.
function __afprobe_neighbours
    set -l interface
    set -l previous
    for word in (commandline -opc)
        string match -qr -- '^(-i|--interface)$' "$previous"; and set interface dev $word
        string match -q -- '--interface=*' $word; and set interface dev (string replace -- --interface= '' $word)
        string match -qr -- '^-i.' $word; and set interface dev (string replace -r -- '^-i' '' $word)
        set previous $word
    end
    begin
        ip neigh show $interface 2>/dev/null; or cat /proc/net/arp
    end | string replace -rf '.*?\b((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b.*' '$1' | string match -v 00:00:00:00:00:00 | sort -u
end

function __afprobe_cpus
    for range in (string split , (cat /sys/devices/system/cpu/online))
        set -l ends (string split - $range)
        seq $ends[1] $ends[-1]
    end
end

# The names in limits, also behind a comma: a figure, and then its statistic.
function __afprobe_limits
    set -l typed (commandline -ct | string replace -r '^--fail-if=' '' | string trim -l -c '\'"')
    set -l name (string replace -r '.*,' '' -- "$typed")
    set -l before (string replace -r '[^,]*$' '' -- "$typed")
    if string match -q '*.*' -- "$name"
        string join \n $before(string replace -r '\..*' '' -- $name).{min,mean,p50,p90,p95,p99,p99.9,max,stddev,spread,jitter}
    else
        string join \n $before{rtt,network,turnaround,total,request_send,request_qdisc,request_tx_nic,request_rx_nic,request_wakeup,respond,reply_send,reply_qdisc,reply_tx_nic,reply_rx_nic,reply_wakeup,wire,link,request_one_way,reply_one_way}. \
            $before{loss,sent,received,lost,lost_reached,unknown,duplicates,late,reordered,failed,in_flight,missing_follow_ups,incomplete_follow_ups,implausible,clock_stepped,clock_steps,unmatched,responder_restarts,warmup,late_follow_ups,missing_hardware,missing_software,other_version,other_vlan,other_protocol,corrupt,drops,responder_duplicates,responder_suppressed,responder_refused,responder_drops}
    end
end

complete -c afprobe -f
complete -c afprobe -n __fish_use_subcommand -l help -d 'Show the commands'
complete -c afprobe -n __fish_use_subcommand -l version -d 'Show the version'
complete -c afprobe -n __fish_use_subcommand -x -l generate-completion-script -a 'bash zsh fish'
complete -c afprobe -n __fish_use_subcommand -a help -d 'Show how a command is used'
complete -c afprobe -n '__fish_seen_subcommand_from help' -a 'send listen ping hwstamp hwstamp-config'
complete -c afprobe -n __fish_use_subcommand -a send -d 'Send probes and print their transmit stamps'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s i -l interface -x -a '(__afprobe_interfaces 1)' -d 'The network interface to use'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s d -l dst-mac -x -a '(__afprobe_neighbours)' -d 'The destination MAC address'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l read -r -F -d 'Replay a capture'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l hardware -x -a 'auto on off' -d 'Hardware stamps'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l no-stamps -d 'Ask for no transmit stamps'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s c -l count -x -d 'Send N probes, and end when their stamps have come'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s I -l interval -x -d 'Time between two probes'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l rate -x -d 'Send PPS frames a second: another way to give the interval'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l batch -x -d 'Send N probes in one system call, as a burst'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l launch-time -x -d 'Have the qdisc or the NIC send each probe at a launch time'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s w -l deadline -x -d 'End the run after this time'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s W -l timeout -x -d 'Stamp timeout: how long to wait for the stamps of a probe'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l warmup -x -d 'First send N more frames'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l realtime -d 'Run at real-time priority PRIO'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l cpu -x -a '(__afprobe_cpus)' -d 'Run the measuring thread on CPU N'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l spin -d 'Sleep until shortly before a probe is due, then spin'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s s -l size -x -d 'Frame size'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l ethertype -x -d 'EtherType of the frames'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l vlan -x -d 'Tag the frames with a VLAN ID and a priority (PCP)'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l priority -x -d 'Priority of the frames in this host\'s qdisc, 0 to 15'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l qdisc-bypass -d 'Hand the frames straight to the driver'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l src-mac -x -d 'The source MAC address'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l udp -d 'Send the probes in UDP datagrams'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l src-addr -x -d 'With --udp: the source address'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l dst-addr -x -d 'With --udp: the destination address, IPv4 or IPv6'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l src-port -x -d 'With --udp: the source port'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l dst-port -x -d 'With --udp: the destination port'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l ptp -d 'Shape the frames as PTP event messages'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l stats -x -d 'Also print a line TX Stats after each interval of this…'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s q -l quiet -d 'Print no line per frame; the measurement is the same'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s v -l verbose -d 'Show more of each frame'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l pcap -r -F -d 'Write the frames sent and received to a capture file'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l format -x -a 'auto text logfmt json' -d 'Output format: auto, text, logfmt, json'
complete -c afprobe -n '__fish_seen_subcommand_from send' -l color -x -a 'auto always never' -d 'Colour the lines of the text format'
complete -c afprobe -n '__fish_seen_subcommand_from send' -s h -l help -d 'Show this help'
complete -c afprobe -n __fish_use_subcommand -a listen -d 'Print the receive stamps of probes, and answer pings'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -s i -l interface -x -a '(__afprobe_interfaces 1)' -d 'The network interface to use'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l hardware -x -a 'auto on off' -d 'Hardware stamps'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l group -x -d 'Also receive probes to this group address'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l promiscuous -d 'Turn on promiscuous mode'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l filter -x -d 'Receive only probes that a pcap-filter(7) expression also…'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l no-reply -d 'Answer no pings'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l reply-limit -x -d 'Answer at most N pings a second, of all hosts together'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l address -x -d 'With --udp: also answer pings to this address'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l allow-routed -d 'With --udp: also answer hosts behind routers'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -s c -l count -x -d 'End after N probes'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -s w -l deadline -x -d 'End the run after this time'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l ring -d 'Receive through a ring of 64 MiB shared with the kernel'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l fanout -x -d 'Receive in N threads, 1 to 8, which get the frames in turn'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l realtime -d 'Run at real-time priority PRIO'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l cpu -x -a '(__afprobe_cpus)' -d 'Run the measuring thread on CPU N'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l spin -d 'Busy-poll for frames instead of sleeping'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l ethertype -x -d 'EtherType of the frames'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l udp -d 'Receive probes in UDP datagrams, over IPv4 and IPv6'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l dst-port -x -d 'With --udp: the destination port'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l ptp -d 'Shape the frames as PTP event messages'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l stats -x -d 'Time between two lines RX Stats, with the kernel\'s counters'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -s q -l quiet -d 'Print no line per frame; the measurement is the same'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -s v -l verbose -d 'Show more of each frame: addresses, kind, size, VLAN'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l pcap -r -F -d 'Write the frames sent and received to a capture file'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l format -x -a 'auto text logfmt json' -d 'Output format: auto, text, logfmt, json'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -l color -x -a 'auto always never' -d 'Colour the lines of the text format'
complete -c afprobe -n '__fish_seen_subcommand_from listen' -s h -l help -d 'Show this help'
complete -c afprobe -n __fish_use_subcommand -a ping -d 'Measure the round trip to a host'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s i -l interface -x -a '(__afprobe_interfaces)' -d 'The network interface to use'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l protocol -x -a 'afprobe icmp arp ndp pdelay delay ntp' -d 'Protocol of the requests'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s 4 -l ipv4 -d 'Use the IPv4 addresses of a host\'s name'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s 6 -l ipv6 -d 'Use the IPv6 addresses of a host\'s name'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l hardware -x -a 'auto on off' -d 'Hardware stamps'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l breakdown -d 'Also show the stages of a round trip on both hosts'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l synchronised -d 'Show one-way delays'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l fail-if -x -a '(__afprobe_limits)' -d 'Exit with status 4 if a limit is exceeded'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l self -d 'Measure afprobe itself, and this host\'s kernel'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s c -l count -x -d 'Send N requests, and end when each is answered or lost'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s I -l interval -x -d 'Time between two requests'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l rate -x -d 'Send PPS frames a second: another way to give the interval'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s A -l adaptive -d 'Stop-and-wait'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s w -l deadline -x -d 'End the run after this time'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s W -l timeout -x -d 'How long to wait for a reply before the request is lost'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l warmup -x -d 'First send N more frames'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l realtime -d 'Run at real-time priority PRIO'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l cpu -x -a '(__afprobe_cpus)' -d 'Run the measuring thread on CPU N'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l spin -d 'Busy-poll for frames instead of sleeping'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s s -l size -x -d 'Frame size'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l ethertype -x -d 'EtherType of the frames'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l vlan -x -d 'Tag the frames with a VLAN ID and a priority (PCP)'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l priority -x -d 'Priority of the frames in this host\'s qdisc, 0 to 15'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l qdisc-bypass -d 'Hand the frames straight to the driver'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l udp -d 'Send the requests in UDP datagrams'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l src-addr -x -d 'With --udp, icmp, ntp, arp or ndp: the source address'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l dst-addr -x -d 'With --udp: the destination address, IPv4 or IPv6'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l src-port -x -d 'With --udp: the source port'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l dst-port -x -d 'With --udp or ntp: the destination port'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l ptp -d 'Shape the frames as PTP event messages'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l dscp -x -d 'Differentiated services code point of IP datagrams, 0 to 63'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l ttl -x -d 'Time to live, or hop limit, of IP datagrams'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l df -d 'Do not fragment IP datagrams'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l domain -x -d 'Domain of PTP messages'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l ptp-profile -x -a '1588 8021as' -d 'Profile of PTP messages'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l force -d 'Send PTP messages although another program takes part in…'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l stats -x -d 'Also print a line PING Stats after each interval of this…'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l histogram -d 'Draw the distribution of the round trips'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l hgrm -r -F -d 'Write the distribution of the round trips in the format of…'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s q -l quiet -d 'Print no line per frame; the measurement is the same'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s v -l verbose -d 'Show all fourteen stamps of each round trip'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l pcap -r -F -d 'Write the frames sent and received to a capture file'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l format -x -a 'auto text logfmt json' -d 'Output format: auto, text, logfmt, json'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -l color -x -a 'auto always never' -d 'Colour the lines of the text format'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -s h -l help -d 'Show this help'
complete -c afprobe -n '__fish_seen_subcommand_from ping' -a '(__afprobe_neighbours)'
complete -c afprobe -n __fish_use_subcommand -a hwstamp -d 'Show the timestamping capabilities and settings of NICs'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp' -l verify -d 'Test the claims of one interface by sending frames'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp' -l receiver -x -a '(__afprobe_interfaces 1)' -d 'With --verify: another interface of this host'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp' -l peer -x -a '(__afprobe_neighbours)' -d 'With --verify: the address of a host that runs afprobe…'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp' -l format -x -a 'auto text logfmt json' -d 'Output format: auto, text, logfmt, json'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp' -l color -x -a 'auto always never' -d 'Colour the lines of the text format'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp' -l via -x -a 'auto netlink ioctl' -d 'Kernel interface to use'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp' -s h -l help -d 'Show this help'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp' -a '(__afprobe_interfaces 1)'
complete -c afprobe -n __fish_use_subcommand -a hwstamp-config -d 'Show or change the hardware timestamping setting of a NIC'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp-config' -l tx -x -a 'off on onestep-sync onestep-p2p' -d 'Which transmitted frames to stamp'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp-config' -l rx -x -a 'none all ptpv1-l4-event ptpv1-l4-sync ptpv1-l4-delay-req ptpv2-l4-event ptpv2-l4-sync ptpv2-l4-delay-req ptpv2-l2-event ptpv2-l2-sync ptpv2-l2-delay-req ptpv2-event ptpv2-sync ptpv2-delay-req ntp-all' -d 'Which received frames to stamp'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp-config' -l restore -d 'Restore the setting that was in force before an afprobe…'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp-config' -l format -x -a 'auto text logfmt json' -d 'Output format: auto, text, logfmt, json'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp-config' -l color -x -a 'auto always never' -d 'Colour the lines of the text format'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp-config' -l via -x -a 'auto netlink ioctl' -d 'Kernel interface to use'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp-config' -s h -l help -d 'Show this help'
complete -c afprobe -n '__fish_seen_subcommand_from hwstamp-config' -a '(__afprobe_interfaces 1)'
