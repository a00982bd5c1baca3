# bash completion for afprobe, made by: afprobe --generate-completion-script bash

_afprobe_interfaces() {
    local path
    for path in /sys/class/net/*; do
        [[ -e $path/ifindex ]] && printf '%s\n' "${path##*/}"
    done
}

_afprobe() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'send listen ping hwstamp hwstamp-config help --help --version --generate-completion-script' -- "$current")
        return
    fi
    case ${COMP_WORDS[1]} in
    help)
        ((COMP_CWORD == 2)) && mapfile -t COMPREPLY < <(compgen -W 'send listen ping hwstamp hwstamp-config' -- "$current")
        return
        ;;
    --generate-completion-script)
        mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$current")
        return
        ;;
    send)
        case $previous in
        -i | --interface)
            mapfile -t COMPREPLY < <(compgen -W "$(_afprobe_interfaces)" -- "$current")
            return
            ;;
        -d | --dst-mac)
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
        --format)
            mapfile -t COMPREPLY < <(compgen -W 'auto text logfmt json' -- "$current")
            return
            ;;
        --color)
            mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '--interface --dst-mac --count --interval --rate --deadline --timeout --warmup --size --ethertype --vlan --priority --src-mac --udp --src-addr --dst-addr --src-port --dst-port --quiet --verbose --format --color --help' -- "$current")
        fi
        ;;
    listen)
        case $previous in
        -i | --interface)
            mapfile -t COMPREPLY < <(compgen -W "$(_afprobe_interfaces)" -- "$current")
            return
            ;;
        --filter)
            return
            ;;
        --reply-limit)
            return
            ;;
        -c | --count)
            return
            ;;
        -w | --deadline)
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
        --format)
            mapfile -t COMPREPLY < <(compgen -W 'auto text logfmt json' -- "$current")
            return
            ;;
        --color)
            mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '--interface --filter --no-reply --reply-limit --count --deadline --ethertype --udp --dst-port --stats --quiet --verbose --format --color --help' -- "$current")
        fi
        ;;
    ping)
        case $previous in
        -i | --interface)
            mapfile -t COMPREPLY < <(compgen -W "$(_afprobe_interfaces)" -- "$current")
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
        --format)
            mapfile -t COMPREPLY < <(compgen -W 'auto text logfmt json' -- "$current")
            return
            ;;
        --color)
            mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '--interface --count --interval --rate --deadline --timeout --warmup --size --ethertype --vlan --priority --udp --src-addr --dst-addr --src-port --dst-port --quiet --verbose --format --color --help' -- "$current")
        fi
        ;;
    hwstamp)
        case $previous in
        --format)
            mapfile -t COMPREPLY < <(compgen -W 'auto text logfmt json' -- "$current")
            return
            ;;
        --color)
            mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '--format --color --help' -- "$current")
        else
            mapfile -t COMPREPLY < <(compgen -W "$(_afprobe_interfaces)" -- "$current")
        fi
        ;;
    hwstamp-config)
        case $previous in
        --tx)
            mapfile -t COMPREPLY < <(compgen -W 'off on onestep-sync onestep-p2p' -- "$current")
            return
            ;;
        --rx)
            mapfile -t COMPREPLY < <(compgen -W 'none all ptpv1-l4-event ptpv1-l4-sync ptpv1-l4-delay-req ptpv2-l4-event ptpv2-l4-sync ptpv2-l4-delay-req ptpv2-l2-event ptpv2-l2-sync ptpv2-l2-delay-req ptpv2-event ptpv2-sync ptpv2-delay-req ntp-all' -- "$current")
            return
            ;;
        --format)
            mapfile -t COMPREPLY < <(compgen -W 'auto text logfmt json' -- "$current")
            return
            ;;
        --color)
            mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
            return
            ;;
        esac
        if [[ $current == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '--tx --rx --format --color --help' -- "$current")
        else
            mapfile -t COMPREPLY < <(compgen -W "$(_afprobe_interfaces)" -- "$current")
        fi
        ;;
    esac
}

complete -F _afprobe afprobe
