# bash completion for afprobe, made by: afprobe --generate-completion-script bash

# Names from the system are quoted, and never expanded. With a kind of link (ARPHRD_), only those of that kind.
_afprobe_interfaces() {
    local path name kind
    for path in /sys/class/net/*; do
        name=${path##*/}
        [[ -e $path/ifindex && $name == "$current"* ]] || continue
        [[ -z $1 ]] || { read -r kind <"$path/type" && [[ $kind == "$1" ]]; } 2>/dev/null || continue
        COMPREPLY+=("$(printf %q "$name")")
    done
}

# The MAC addresses of the neighbours on the interface that is given, or on all.
_afprobe_neighbours() {
    local index interface='' line
    for ((index = 2; index + 1 < ${#words[@]}; index++)); do
        case ${words[index]} in
        -i | --interface) interface=${words[index + 1]} ;;
        --interface=*) interface=${words[index]#*=} ;;
        -i*) interface=${words[index]#-i} ;;
        esac
    done
    while read -r line; do
        [[ $line =~ (^|[[:space:]])(([0-9a-f]{2}:){5}[0-9a-f]{2})([[:space:]]|$) ]] || continue
        line=${BASH_REMATCH[2]}
        [[ $line != 00:00:00:00:00:00 && $line == "$current"* ]] || continue
        [[ " ${COMPREPLY[*]} " == *" $line "* ]] || COMPREPLY+=("$line")
    done < <(ip neigh show ${interface:+dev "$interface"} 2>/dev/null || cat /proc/net/arp)
    # bash replaces only what follows the last colon.
    [[ $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
}

_afprobe_cpus() {
    local range ranges number
    IFS=, read -ra ranges </sys/devices/system/cpu/online
    for range in "${ranges[@]}"; do
        for ((number = ${range%-*}; number <= ${range#*-}; number++)); do
            [[ $number == "$current"* ]] && COMPREPLY+=("$number")
        done
    done
}

# The names in limits, also behind a comma: a figure, and then its statistic.
_afprobe_limits() {
    local name=${current##*,} before list word
    before=${current%"$name"}
    if [[ $name == *.* ]]; then
        list='min mean p50 p90 p95 p99 p99.9 max stddev spread jitter'
        before+=${name%%.*}.
        name=${name#*.}
    else
        list='rtt. network. turnaround. total. request_send. request_qdisc. request_tx_nic. request_rx_nic. request_wakeup. respond. reply_send. reply_qdisc. reply_tx_nic. reply_rx_nic. reply_wakeup. wire. link. request_one_way. reply_one_way. loss sent received lost lost_reached unknown duplicates late reordered failed in_flight missing_follow_ups incomplete_follow_ups implausible clock_stepped clock_steps unmatched responder_restarts warmup late_follow_ups missing_hardware missing_software other_version other_vlan other_protocol corrupt drops responder_duplicates responder_suppressed responder_refused responder_drops'
    fi
    for word in $list; do
        [[ $word == "$name"* ]] && COMPREPLY+=("$before$word")
    done
    compopt -o nospace 2>/dev/null
}

_afprobe_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_afprobe() {
    local words=() word current previous
    COMPREPLY=()
    # bash takes words apart at colons and equals signs, which belong to them here.
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if ((${#words[@]} > 1)) && [[ $word == [:=]* || ${words[-1]} == *[:=] ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
    done
    current=${words[-1]} previous=${words[-2]}
    if [[ $current == --*=* ]]; then
        previous=${current%%=*} current=${current#*=}
    fi
    current=${current#[\'\"]}
    if ((${#words[@]} == 2)); then
        _afprobe_words 'send listen ping hwstamp hwstamp-config help --help --version --generate-completion-script'
        return
    fi
    case ${words[1]} in
    help)
        ((${#words[@]} == 3)) && _afprobe_words 'send listen ping hwstamp hwstamp-config'
        return
        ;;
    --generate-completion-script)
        _afprobe_words 'bash zsh fish'
        return
        ;;
    send)
        case $previous in
        -i | --interface)
            _afprobe_interfaces 1
            return
            ;;
        -d | --dst-mac)
            _afprobe_neighbours
            return
            ;;
        --read)
            compopt -o default
            return
            ;;
        --hardware)
            _afprobe_words 'auto on off'
            return
            ;;
        -c | --count)
            return
            ;;
        -I | --interval)
            return
            ;;
        --rate)
            return
            ;;
        --batch)
            return
            ;;
        --launch-time)
            return
            ;;
        -w | --deadline)
            return
            ;;
        -W | --timeout)
            return
            ;;
        --warmup)
            return
            ;;
        --cpu)
            _afprobe_cpus
            return
            ;;
        -s | --size)
            return
            ;;
        --ethertype)
            return
            ;;
        --vlan)
            return
            ;;
        --priority)
            return
            ;;
        --src-mac)
            return
            ;;
        --src-addr)
            return
            ;;
        --dst-addr)
            return
            ;;
        --src-port)
            return
            ;;
        --dst-port)
            return
            ;;
        --stats)
            return
            ;;
        --pcap)
            compopt -o default
            return
            ;;
        --format)
            _afprobe_words 'auto text logfmt json'
            return
            ;;
        --color)
            _afprobe_words 'auto always never'
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            _afprobe_words '--interface --dst-mac --read --hardware --no-stamps --count --interval --rate --batch --launch-time --deadline --timeout --warmup --realtime --cpu --spin --size --ethertype --vlan --priority --qdisc-bypass --src-mac --udp --src-addr --dst-addr --src-port --dst-port --ptp --stats --quiet --verbose --pcap --format --color --help'
        fi
        ;;
    listen)
        case $previous in
        -i | --interface)
            _afprobe_interfaces 1
            return
            ;;
        --hardware)
            _afprobe_words 'auto on off'
            return
            ;;
        --group)
            return
            ;;
        --filter)
            return
            ;;
        --reply-limit)
            return
            ;;
        --address)
            return
            ;;
        -c | --count)
            return
            ;;
        -w | --deadline)
            return
            ;;
        --fanout)
            return
            ;;
        --cpu)
            _afprobe_cpus
            return
            ;;
        --ethertype)
            return
            ;;
        --dst-port)
            return
            ;;
        --stats)
            return
            ;;
        --pcap)
            compopt -o default
            return
            ;;
        --format)
            _afprobe_words 'auto text logfmt json'
            return
            ;;
        --color)
            _afprobe_words 'auto always never'
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            _afprobe_words '--interface --hardware --group --promiscuous --filter --no-reply --reply-limit --address --allow-routed --count --deadline --ring --fanout --realtime --cpu --spin --ethertype --udp --dst-port --ptp --stats --quiet --verbose --pcap --format --color --help'
        fi
        ;;
    ping)
        case $previous in
        -i | --interface)
            _afprobe_interfaces
            return
            ;;
        --protocol)
            _afprobe_words 'afprobe icmp arp ndp pdelay delay ntp'
            return
            ;;
        --hardware)
            _afprobe_words 'auto on off'
            return
            ;;
        --fail-if)
            _afprobe_limits
            return
            ;;
        -c | --count)
            return
            ;;
        -I | --interval)
            return
            ;;
        --rate)
            return
            ;;
        -w | --deadline)
            return
            ;;
        -W | --timeout)
            return
            ;;
        --warmup)
            return
            ;;
        --cpu)
            _afprobe_cpus
            return
            ;;
        -s | --size)
            return
            ;;
        --ethertype)
            return
            ;;
        --vlan)
            return
            ;;
        --priority)
            return
            ;;
        --src-addr)
            return
            ;;
        --dst-addr)
            return
            ;;
        --src-port)
            return
            ;;
        --dst-port)
            return
            ;;
        --dscp)
            return
            ;;
        --ttl)
            return
            ;;
        --domain)
            return
            ;;
        --ptp-profile)
            _afprobe_words '1588 8021as'
            return
            ;;
        --stats)
            return
            ;;
        --hgrm)
            compopt -o default
            return
            ;;
        --pcap)
            compopt -o default
            return
            ;;
        --format)
            _afprobe_words 'auto text logfmt json'
            return
            ;;
        --color)
            _afprobe_words 'auto always never'
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            _afprobe_words '--interface --protocol --ipv4 --ipv6 --hardware --breakdown --synchronised --fail-if --self --count --interval --rate --adaptive --deadline --timeout --warmup --realtime --cpu --spin --size --ethertype --vlan --priority --qdisc-bypass --udp --src-addr --dst-addr --src-port --dst-port --ptp --dscp --ttl --df --domain --ptp-profile --force --stats --histogram --hgrm --quiet --verbose --pcap --format --color --help'
        else
            _afprobe_neighbours
        fi
        ;;
    hwstamp)
        case $previous in
        --receiver)
            _afprobe_interfaces 1
            return
            ;;
        --peer)
            _afprobe_neighbours
            return
            ;;
        --format)
            _afprobe_words 'auto text logfmt json'
            return
            ;;
        --color)
            _afprobe_words 'auto always never'
            return
            ;;
        --via)
            _afprobe_words 'auto netlink ioctl'
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            _afprobe_words '--verify --receiver --peer --format --color --via --help'
        else
            _afprobe_interfaces 1
        fi
        ;;
    hwstamp-config)
        case $previous in
        --tx)
            _afprobe_words 'off on onestep-sync onestep-p2p'
            return
            ;;
        --rx)
            _afprobe_words 'none all ptpv1-l4-event ptpv1-l4-sync ptpv1-l4-delay-req ptpv2-l4-event ptpv2-l4-sync ptpv2-l4-delay-req ptpv2-l2-event ptpv2-l2-sync ptpv2-l2-delay-req ptpv2-event ptpv2-sync ptpv2-delay-req ntp-all'
            return
            ;;
        --format)
            _afprobe_words 'auto text logfmt json'
            return
            ;;
        --color)
            _afprobe_words 'auto always never'
            return
            ;;
        --via)
            _afprobe_words 'auto netlink ioctl'
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            _afprobe_words '--tx --rx --restore --format --color --via --help'
        else
            _afprobe_interfaces 1
        fi
        ;;
    esac
}

complete -F _afprobe afprobe
