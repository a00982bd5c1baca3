# bash completion for afprobe, made by: afprobe --generate-completion-script bash

# Interface names come from the system: they are quoted, and never expanded.
_afprobe_interfaces() {
    local path name
    for path in /sys/class/net/*; do
        name=${path##*/}
        [[ -e $path/ifindex && $name == "$current"* ]] && COMPREPLY+=("$(printf %q "$name")")
    done
}

_afprobe_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_afprobe() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    # bash takes --option=value apart at the equals sign.
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if ((COMP_CWORD == 1)); then
        _afprobe_words 'send listen ping hwstamp hwstamp-config help --help --version --generate-completion-script'
        return
    fi
    case ${COMP_WORDS[1]} in
    help)
        ((COMP_CWORD == 2)) && _afprobe_words 'send listen ping hwstamp hwstamp-config'
        return
        ;;
    --generate-completion-script)
        _afprobe_words 'bash zsh fish'
        return
        ;;
    send)
        case $previous in
        -i | --interface)
            _afprobe_interfaces
            return
            ;;
        -d | --dst-mac)
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
            _afprobe_interfaces
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
        fi
        ;;
    hwstamp)
        case $previous in
        --receiver)
            _afprobe_interfaces
            return
            ;;
        --peer)
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
            _afprobe_interfaces
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
            _afprobe_interfaces
        fi
        ;;
    esac
}

complete -F _afprobe afprobe
