extension ArgumentError {
    var message: String {
        switch self {
        case .helpRequested: ""
        case .missingCommand: "No command was given"
        case .unknownCommand(let name, _): "Unknown command '\(name)'"
        case .unknownOption(let option, _): "Unknown option \(option)"
        case .missingValue(let option, let placeholder): "Option \(option) needs a value: \(placeholder)"
        case .unexpectedValue(let option): "Option \(option) takes no value"
        case .invalidValue(let value, let owner, _, _): "Invalid value '\(value)' for \(owner)"
        case .missingOption(let option): "Option \(option.synopsis) is missing"
        case .missingOperand(let placeholder, _): "Argument \(placeholder) is missing"
        case .unexpectedOperand(let word): "Unexpected argument '\(word)'"
        case .excluded(let one, let other): "\(one) and \(other) exclude each other"
        case .meaningless(let option, let other): "Option \(option) has no meaning without \(other)"
        case .mistake(let message, _): message
        }
    }

    /// The remedy; nil if none is known.
    var advice: String? {
        switch self {
        case .unknownCommand(_, let candidates), .unknownOption(_, let candidates):
            candidates.isEmpty ? nil : "did you mean \(candidates.joined(separator: " or "))?"
        case .invalidValue(_, _, let expected, _): "expected \(expected)"
        case .missingOption(let option): lowercasedSentence(option.help)
        case .missingOperand(_, let help): lowercasedSentence(help)
        case .excluded: "leave one of them out"
        case .meaningless(_, let other): "add \(other)"
        default: nil
        }
    }

    /// The advice, followed by the help command to run.
    func hint(command: String?) -> String {
        if case .mistake(_, let remedy) = self { return remedy }
        let help = "see 'afprobe \(command.map { "help \($0)" } ?? "help")'"
        return advice.map { $0 + ($0.hasSuffix("?") ? " " : "; ") + help } ?? help
    }

    private func lowercasedSentence(_ text: String) -> String {
        let sentence = text.prefix(1).lowercased() + text.dropFirst()
        return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }
}

extension OptionDescription {
    /// `-i IF`, or `--interface IF` if there is no letter.
    var synopsis: String {
        let name = short.map { "-\($0)" } ?? "--\(long)"
        return switch arity {
        case .flag: name
        case .value(let placeholder): "\(name) \(placeholder)"
        case .optionalValue(let placeholder): "\(name)[=\(placeholder)]"
        }
    }
}
