struct Parser<Values> {
    private let spec: CommandSpec<Values>

    init(_ spec: CommandSpec<Values>) { self.spec = spec }

    func parse(_ arguments: [String]) throws(ArgumentError) -> Values {
        var state = State(values: spec.initial, rest: arguments[...])
        while let argument = state.rest.popFirst() {
            switch state.onlyWords ? .word(argument) : Token(argument) {
            case .long(let name, let value): try takeLong(name, value, &state)
            case .short(let letters): try takeShort(letters[...], &state)
            case .word(let word): try takeOperand(word, &state)
            case .end: state.onlyWords = true
            }
        }
        try checkCompleteness(state)
        return state.values
    }

    private struct State {
        var values: Values
        var rest: ArraySlice<String>
        var onlyWords = false
        var given: Set<String> = []
        /// The words that stand for options, by these options' long names.
        var words: [String: String] = [:]
        var operandCount = 0
    }

    private func takeLong(_ name: String, _ value: String?, _ state: inout State) throws(ArgumentError) {
        if name == helpOption.long {
            throw value == nil ? .helpRequested(command: spec.name) : .unexpectedValue(option: "--\(name)")
        }
        if let operand = spec.operandOption, operand.long == name {
            let word =
                if let value { value } else { try nextValue(of: "--\(name)", operandPlaceholder, &state) }
            return try takeOperand(word, &state)
        }
        if let option = spec.options.first(where: { $0.shorthands.contains(name) }) {
            guard value == nil else { throw .unexpectedValue(option: "--\(name)") }
            return try apply(option, name, as: "--\(name)", &state)
        }
        guard let option = spec.options.first(where: { $0.description.long == name }) else {
            throw .unknownOption("--\(name)", candidates: candidates(for: name))
        }
        switch option.description.arity {
        case .flag:
            guard value == nil else { throw .unexpectedValue(option: "--\(name)") }
            try apply(option, nil, as: "--\(name)", &state)
        case .optionalValue:
            try apply(option, value ?? nextNumber(&state), as: "--\(name)", &state)
        case .value(let placeholder):
            let given =
                if let value { value } else { try nextValue(of: "--\(name)", placeholder, &state) }
            try apply(option, given, as: "--\(name)", &state)
        }
    }

    /// A bundle: flags up to the first option with a value, which is the rest of the word or the next word.
    private func takeShort(_ letters: Substring, _ state: inout State) throws(ArgumentError) {
        var letters = letters
        while let letter = letters.popFirst() {
            if letter == helpOption.short || letter == "?" { throw .helpRequested(command: spec.name) }
            if let operand = spec.operandOption, operand.short == letter {
                return try takeOperand(
                    try restOrNext(letters, of: letter, operandPlaceholder, &state), &state)
            }
            guard let option = spec.options.first(where: { $0.description.short == letter }) else {
                throw .unknownOption("-\(letter)", candidates: shortCandidates(for: letter, letters))
            }
            switch option.description.arity {
            case .flag, .optionalValue:
                try apply(option, nil, as: "-\(letter)", &state)
            case .value(let placeholder):
                let value = try restOrNext(letters, of: letter, placeholder, &state)
                return try apply(option, value, as: "-\(letter)", &state)
            }
        }
    }

    private func restOrNext(
        _ letters: Substring, of letter: Character, _ placeholder: String, _ state: inout State
    ) throws(ArgumentError) -> String {
        try letters.isEmpty ? nextValue(of: "-\(letter)", placeholder, &state) : String(letters)
    }

    private var operandPlaceholder: String { spec.operands.first?.description.placeholder ?? "" }

    private func takeOperand(_ word: String, _ state: inout State) throws(ArgumentError) {
        let index = min(state.operandCount, spec.operands.count - 1)
        guard index >= 0, state.operandCount == index || spec.operands[index].description.isRepeated else {
            return try takeForOption(word, &state)
        }
        let operand = spec.operands[index]
        do throws(ValueError) { try operand.apply(&state.values, word) } catch {
            throw .invalidValue(
                word, of: operand.description.placeholder, expected: error.expected, meant: error.meant)
        }
        state.operandCount += 1
    }

    /// Takes a word for the value of an option that was left out: `listen eth0`.
    private func takeForOption(_ word: String, _ state: inout State) throws(ArgumentError) {
        let options = spec.wordsStandFor.compactMap { name in
            state.given.contains(name) ? nil : spec.options.first { $0.description.long == name }
        }
        var failure = ArgumentError.unexpectedOperand(word)
        for option in options {
            guard case .value(let placeholder) = option.description.arity else { continue }
            do throws(ArgumentError) {
                try apply(option, word, as: placeholder, &state)
                state.words[option.description.long] = word
                return
            } catch { failure = error }
        }
        throw failure
    }

    private func apply(
        _ option: OptionSpec<Values>, _ value: String?, as written: String, _ state: inout State
    ) throws(ArgumentError) {
        let name = option.description.long
        if let word = state.words[name] { throw .unexpectedOperand(word) }
        do throws(ValueError) { try option.apply(&state.values, value) } catch {
            throw .invalidValue(value ?? "", of: written, expected: error.expected, meant: error.meant)
        }
        state.given.insert(name)
    }

    /// The next word as the value if it is a short number: no target and no interface is one.
    private func nextNumber(_ state: inout State) -> String? {
        guard let next = state.rest.first, (1...3).contains(next.utf8.count), next.utf8.allSatisfy(isDigit)
        else {
            return nil
        }
        return state.rest.popFirst()
    }

    /// The next word as the value, unless it is an option of this command: then the value was forgotten.
    private func nextValue(
        of option: String, _ placeholder: String, _ state: inout State
    ) throws(ArgumentError) -> String {
        guard let next = state.rest.first, !isOption(next) else {
            throw .missingValue(option: option, placeholder: placeholder)
        }
        state.rest.removeFirst()
        return next
    }

    private func isOption(_ argument: String) -> Bool {
        switch Token(argument) {
        case .long(let name, _):
            name == spec.operandOption?.long
                || spec.options.contains { $0.description.long == name || $0.shorthands.contains(name) }
        case .short(let letters):
            letters.first == spec.operandOption?.short
                || spec.options.contains { $0.description.short == letters.first }
        case .word: false
        case .end: true
        }
    }

    private func checkCompleteness(_ state: State) throws(ArgumentError) {
        for (one, other) in spec.exclusions where state.given.isSuperset(of: [one, other]) {
            throw .excluded("--\(one)", "--\(other)")
        }
        let exemption = spec.exemption.flatMap { state.given.contains($0.option) ? $0 : nil }
        for option in spec.options.map(\.description)
        where option.isRequired && !state.given.contains(option.long) {
            guard exemption?.keeping.contains(option.long) ?? true else { continue }
            throw .missingOption(option)
        }
        guard exemption == nil else { return }
        for operand in spec.operands.dropFirst(state.operandCount).map(\.description)
        where operand.isRequired {
            throw .missingOperand(operand.placeholder, help: operand.help)
        }
    }

    private func candidates(for name: String) -> [String] {
        let names = spec.options.map(\.description.long) + [helpOption.long]
        return afprobe.candidates(for: name, among: names).map { "--\($0)" }
    }

    /// `-count` was meant as `--count`.
    private func shortCandidates(for letter: Character, _ rest: Substring) -> [String] {
        rest.isEmpty ? [] : candidates(for: String(letter) + rest)
    }
}
