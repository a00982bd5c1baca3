// The completions of zsh.

func zshScript(_ commands: [CommandDescription]) -> String {
    var text = """
        #compdef afprobe
        # zsh completion for afprobe, made by: afprobe --generate-completion-script zsh

        # With a kind of link (ARPHRD_), only interfaces of that kind.
        _afprobe_interfaces() {
            local -a interfaces
            local interface
            for interface in /sys/class/net/*(N:t); do
                [[ -e /sys/class/net/$interface/ifindex ]] || continue
                [[ $1 != <-> || $(</sys/class/net/$interface/type) == $1 ]] && interfaces+=($interface)
            done
            compadd -a interfaces
        }

        _afprobe_ethernet_interfaces() { _afprobe_interfaces 1 }

        # The MAC addresses of the neighbours on the interface that is given, or on all.
        _afprobe_neighbours() {
            setopt localoptions extendedglob
            local -aU stations
            local interface word previous
            for word in $words; do
                [[ $previous == (-i|--interface) ]] && interface=$word
                [[ $word == --interface=* ]] && interface=${word#*=}
                [[ $word == -i?* ]] && interface=${word#-i}
                previous=$word
            done
            for word in $(ip neigh show ${interface:+dev} ${interface:+$interface} 2>/dev/null || cat /proc/net/arp); do
                [[ $word == [0-9a-f](#c2)(:[0-9a-f](#c2))(#c5) && $word != 00:00:00:00:00:00 ]] && stations+=($word)
            done
            compadd -a stations
        }

        _afprobe_cpus() {
            local range
            for range in ${(s:,:)"$(</sys/devices/system/cpu/online)"}; do
                compadd -- {${range%-*}..${range#*-}}
            done
        }

        # The names in limits, also behind a comma: a figure, and then its statistic.
        _afprobe_limits() {
            compset -P '*,'
            local -a statistics=(\(LimitNames.statistics))
            if [[ $PREFIX == *.* ]]; then
                compadd -S '' -- ${PREFIX%%.*}.$^statistics
            else
                compadd -S . -- \(LimitNames.figures)
                compadd -S '' -- \(LimitNames.others)
            fi
        }

        _afprobe() {
            local -a commands
            commands=(

        """
    for command in commands {
        text += "        '\(command.name):\(zshQuoted(command.summary))'\n"
    }
    text += """
                'help:Show how a command is used'
            )
            if ((CURRENT == 2)); then
                _describe command commands
                compadd -- --help --version --generate-completion-script
                return
            fi
            local command=$words[2]
            shift words
            ((CURRENT--))
            case $command in
            help)
                _describe command commands
                ;;
            --generate-completion-script)
                compadd \(Shell.allCases.map(\.rawValue).joined(separator: " "))
                ;;

        """
    for command in commands {
        text += "    \(command.name))\n        _arguments -s -S"
        for option in command.options { text += " \\\n            \(zshSpec(option))" }
        for operand in command.operands {
            let position = operand.isRepeated ? "*" : "1"
            text += " \\\n            '\(position):\(operand.placeholder):\(zshAction(operand.completion))'"
        }
        text += "\n        ;;\n"
    }
    text += """
            esac
        }

        _afprobe "$@"

        """
    return text
}

private func zshSpec(_ option: OptionDescription) -> String {
    let help = zshQuoted(option.summary).split(separator: "[").joined(separator: "\\[")
        .split(separator: "]").joined(separator: "\\]")
    let value: String
    let equals: String
    switch option.arity {
    case .flag: (value, equals) = ("", "")
    case .value(let placeholder):
        (value, equals) = (":\(placeholder):\(zshAction(option.completion))", "=")
    // The value comes after an equals sign, or is left out.
    case .optionalValue(let placeholder):
        (value, equals) = ("::\(placeholder):\(zshAction(option.completion))", "=-")
    }
    let long = "--\(option.long)\(equals)"
    guard let short = option.short else { return "'\(long)[\(help)]\(value)'" }
    let plus = equals.isEmpty ? "" : "+"
    return "'(-\(short) --\(option.long))'{-\(short)\(plus),\(long)}'[\(help)]\(value)'"
}

private func zshAction(_ completion: Completion) -> String {
    switch completion {
    case .nothing: " "
    case .interfaces: "_afprobe_interfaces"
    case .ethernetInterfaces: "_afprobe_ethernet_interfaces"
    case .neighbours: "_afprobe_neighbours"
    case .cpus: "_afprobe_cpus"
    case .limits: "_afprobe_limits"
    case .files: "_files"
    case .values(let values): "(\(values.joined(separator: " ")))"
    }
}

private func zshQuoted(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "'": result += "'\\''"
        case ":": result += "\\:"
        default: result.append(character)
        }
    }
    return result
}
