// The completions of bash.

func bashScript(_ commands: [CommandDescription]) -> String {
    let names = commands.map(\.name)
    var text = """
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
                list='\(LimitNames.statistics)'
                before+=${name%%.*}.
                name=${name#*.}
            else
                list='\(LimitNames.figures.split(separator: " ").map { "\($0)." }.joined(separator: " ")) \(LimitNames.others)'
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
            current=${current#[\\'\\\"]}
            if ((${#words[@]} == 2)); then
                _afprobe_words '\((names + globalWords).joined(separator: " "))'
                return
            fi
            case ${words[1]} in
            help)
                ((${#words[@]} == 3)) && _afprobe_words '\(names.joined(separator: " "))'
                return
                ;;
            --generate-completion-script)
                _afprobe_words '\(Shell.allCases.map(\.rawValue).joined(separator: " "))'
                return
                ;;

        """
    for command in commands {
        text += "    \(command.name))\n        case $previous in\n"
        for option in command.options {
            guard case .value = option.arity else { continue }
            let names = (option.short.map { ["-\($0)"] } ?? []) + ["--\(option.long)"]
            text += "        \(names.joined(separator: " | ")))\n"
            if let words = bashCommand(option.completion) {
                text += "            \(words)\n"
            }
            text += "            return\n            ;;\n"
        }
        text += "        esac\n"
        let options = command.options.map { "--\($0.long)" }.joined(separator: " ")
        text += "        if [[ $current == -* ]]; then\n"
        text += "            _afprobe_words '\(options)'\n"
        if let words = command.operands.first.flatMap({ bashCommand($0.completion) }) {
            text += "        else\n"
            text += "            \(words)\n"
        }
        text += "        fi\n        ;;\n"
    }
    text += """
            esac
        }

        complete -F _afprobe afprobe

        """
    return text
}

private func bashCommand(_ completion: Completion) -> String? {
    switch completion {
    case .nothing: nil
    case .interfaces: "_afprobe_interfaces"
    case .ethernetInterfaces: "_afprobe_interfaces 1"
    case .neighbours: "_afprobe_neighbours"
    case .cpus: "_afprobe_cpus"
    case .limits: "_afprobe_limits"
    // Without candidates of ours, bash offers files.
    case .files: "compopt -o default"
    case .values(let values): "_afprobe_words '\(values.joined(separator: " "))'"
    }
}
