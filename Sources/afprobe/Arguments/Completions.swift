enum Shell: String, CaseIterable {
    case bash
    case zsh
    case fish

    /// A script that completes commands, options and values.
    func completionScript(for commands: [CommandDescription]) -> String {
        switch self {
        case .bash: bashScript(commands)
        case .zsh: zshScript(commands)
        case .fish: fishScript(commands)
        }
    }
}

private let globalWords = ["help", "--help", "--version", "--generate-completion-script"]

// MARK: bash

private func bashScript(_ commands: [CommandDescription]) -> String {
    let names = commands.map(\.name)
    var text = """
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
                _afprobe_words '\((names + globalWords).joined(separator: " "))'
                return
            fi
            case ${COMP_WORDS[1]} in
            help)
                ((COMP_CWORD == 2)) && _afprobe_words '\(names.joined(separator: " "))'
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
    // Without candidates of ours, bash offers files.
    case .files: "compopt -o default"
    case .values(let values): "_afprobe_words '\(values.joined(separator: " "))'"
    }
}

// MARK: zsh

private func zshScript(_ commands: [CommandDescription]) -> String {
    var text = """
        #compdef afprobe
        # zsh completion for afprobe, made by: afprobe --generate-completion-script zsh

        _afprobe_interfaces() {
            local -a interfaces
            interfaces=(/sys/class/net/*(N:t))
            compadd -a interfaces
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
    let help = zshQuoted(option.help).split(separator: "[").joined(separator: "\\[")
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

// MARK: fish

private func fishScript(_ commands: [CommandDescription]) -> String {
    let names = commands.map(\.name).joined(separator: " ")
    var text = """
        # fish completion for afprobe, made by: afprobe --generate-completion-script fish

        function __afprobe_interfaces
            for path in /sys/class/net/*
                test -e $path/ifindex; and string replace -r '.*/' '' $path
            end
        end

        complete -c afprobe -f
        complete -c afprobe -n __fish_use_subcommand -l help -d 'Show the commands'
        complete -c afprobe -n __fish_use_subcommand -l version -d 'Show the version'
        complete -c afprobe -n __fish_use_subcommand -x -l generate-completion-script -a '\(
            Shell.allCases.map(\.rawValue).joined(separator: " "))'
        complete -c afprobe -n __fish_use_subcommand -a help -d 'Show how a command is used'
        complete -c afprobe -n '__fish_seen_subcommand_from help' -a '\(names)'

        """
    for command in commands {
        text += "complete -c afprobe -n __fish_use_subcommand -a \(command.name)"
        text += " -d '\(fishQuoted(command.summary))'\n"
        let condition = "-n '__fish_seen_subcommand_from \(command.name)'"
        for option in command.options {
            text += "complete -c afprobe \(condition)"
            if let short = option.short { text += " -s \(short)" }
            text += " -l \(option.long)"
            if case .value = option.arity { text += option.completion == .files ? " -r -F" : " -x" }
            if let words = fishWords(option.completion) { text += " -a \(words)" }
            text += " -d '\(fishQuoted(option.help))'\n"
        }
        if let words = command.operands.first.flatMap({ fishWords($0.completion) }) {
            text += "complete -c afprobe \(condition) -a \(words)\n"
        }
    }
    return text
}

private func fishWords(_ completion: Completion) -> String? {
    switch completion {
    case .nothing, .files: nil
    case .interfaces: "'(__afprobe_interfaces)'"
    case .values(let values): "'\(values.joined(separator: " "))'"
    }
}

private func fishQuoted(_ text: String) -> String {
    text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
}
