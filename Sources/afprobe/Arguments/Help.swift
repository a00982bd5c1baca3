func overviewHelp(_ commands: [CommandDescription]) -> String {
    let width = (commands.map(\.name.count).max() ?? 0) + 2
    var text = """
        afprobe timestamps Ethernet frames in the application, the kernel and the NIC.

        Usage: afprobe COMMAND [OPTION]...

        Commands:

        """
    for command in commands {
        text += entry("  " + command.name, command.summary + ".", column: width + 2)
    }
    text += "\n"
    text += wrap(
        """
        afprobe help COMMAND shows a command's options, afprobe -V (--version) the version, and afprobe \
        --generate-completion-script bash|zsh|fish a shell's completion script.

        Exit status: 0 measured, 1 nothing came, 2 wrong usage, 3 the system refused, 4 a limit exceeded or a \
        claim not kept.
        """, indent: 0)
    return text
}

func commandHelp(_ command: CommandDescription) -> String {
    var text = "Usage: \(command.synopsis)\n"
    if let other = command.otherSynopsis { text += "       \(other)\n" }
    text += "\n"
    text += wrap(command.discussion, indent: 0)
    if !command.operands.isEmpty {
        text += "\nArguments:\n"
        for operand in command.operands {
            text += entry("  " + operand.placeholder, operand.help, column: helpColumn)
        }
    }
    for section in OptionDescription.Section.allCases {
        let options = command.options.filter { $0.section == section }
        guard !options.isEmpty else { continue }
        text += "\n\(section.rawValue):\n"
        for option in options {
            text += entry(option.helpLabel, option.help, column: helpColumn)
        }
    }
    return text
}

private let helpColumn = 28

extension CommandDescription {
    /// The usage line: required options and operands first, then optional ones.
    var synopsis: String {
        let required = options.filter(\.isRequired).map(\.synopsis)
        let words = operands.map { operand in
            let word = operand.isRepeated ? "\(operand.placeholder)..." : operand.placeholder
            return operand.isRequired ? word : "[\(word)]"
        }
        return (["afprobe", name] + required + ["[OPTION]..."] + words).joined(separator: " ")
    }

    /// The usage line with the option that exempts from the required ones.
    var otherSynopsis: String? {
        guard exemption != nil else { return nil }
        let words = exemptingOptions.map(\.synopsis)
        return (["afprobe", name] + words + ["[OPTION]..."]).joined(separator: " ")
    }

    /// The options required with the exempting option, which is the last one.
    var exemptingOptions: [OptionDescription] {
        guard let exemption else { return [] }
        return options.filter { exemption.keeping.contains($0.long) } + options.filter(isExempting)
    }

    func isExempting(_ option: OptionDescription) -> Bool { option.long == exemption?.option }
}

extension OptionDescription {
    fileprivate var helpLabel: String {
        let letter = short.map { "  -\($0), " } ?? "      "
        return switch arity {
        case .flag: "\(letter)--\(long)"
        case .value(let placeholder): "\(letter)--\(long) \(placeholder)"
        case .optionalValue(let placeholder): "\(letter)--\(long)[=\(placeholder)]"
        }
    }
}

/// A label with its explanation in a column, or below the label if the label is too long.
private func entry(_ label: String, _ explanation: String, column: Int) -> String {
    let body = wrap(explanation, indent: column)
    guard label.count + 1 < column else { return "\(label)\n\(body)" }
    return label + body.dropFirst(label.count)
}
