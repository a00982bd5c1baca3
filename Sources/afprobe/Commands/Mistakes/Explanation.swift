import AFPacketKit

// What a command line was probably meant for, in words that can be pasted.

/// A corrected command line, and what is said about the correction.
struct Correction {
    /// Without a full stop; nil if the line says it all.
    var remark: String?
    let line: TypedLine
}

/// Explains an error in a command's arguments by what was typed.
///
/// - Parameter line: the words behind the program's name, of which the first is the command.
func explained(_ error: ArgumentError, _ line: TypedLine) -> ArgumentError {
    if let remedy = remedy(for: error, line) { return .mistake(error.message, remedy: remedy) }
    return advice(on: error, line).map { .mistake(error.message, remedy: $0) } ?? error
}

/// The right command line, and how it comes about: one mistake after the other is corrected, until the line is right,
/// or no more is plain; nil then, for a line that is still wrong helps nobody.
///
/// - Parameters:
///   - error: the error in the line; nil if it is not parsed yet.
///   - remark: the remark on a correction that led to it.
func remedy(for error: ArgumentError? = nil, _ typed: TypedLine, remark: String? = nil) -> String? {
    var line = typed
    var next = error ?? line.error
    var remarks = remark.map { [$0] } ?? []
    var isCorrected = error == nil
    for _ in 0..<8 {
        line.lettersWithValue = line.command?.lettersWithValue ?? []
        guard let current = next, let command = line.command,
            let correction = correction(of: current, command, line, isFirst: !isCorrected),
            correction.line != line
        else { break }
        isCorrected = true
        line = correction.line
        if let remark = correction.remark, !remarks.contains(remark) { remarks.append(remark) }
        next = line.error
    }
    // What was not typed is named: the line is right as far as it goes.
    switch next {
    case .missingOption(let option)?: line.insert(option.synopsis.split(separator: " ").map(String.init))
    case .missingOperand(let placeholder, _)?: line.words.append(placeholder)
    case _?: return nil
    case nil: break
    }
    guard isCorrected, line.namesInterfacesThatExist else { return nil }
    // The line shows what a question asks.
    let told = remarks.filter { !$0.hasSuffix("?") }
    let text = told.isEmpty ? remarks.first ?? "did you mean" : told.joined(separator: "; ")
    return text + (text.hasSuffix("?") ? " " : ": ") + line.text
}

private func correction(
    of error: ArgumentError, _ command: CommandDescription, _ line: TypedLine, isFirst: Bool
) -> Correction? {
    if let correction = correctionOfHyphens(command, line) { return correction }
    switch error {
    case .unknownOption(let option, let candidates):
        return correction(ofOption: option, candidates, command, line)
    case .invalidValue(let value, let owner, _, let meant):
        return correction(of: value, of: owner, meant: meant, command, line)
    case .unexpectedOperand: return correction(ofWords: command, line)
    case .missingOption(let option) where option.long == "interface":
        return correctionOfMissingInterface(line, isFirst: isFirst)
    case .meaningless(let option, let other):
        var right = line
        right.insert([other], before: option)
        return Correction(remark: "add \(other)", line: right)
    default: return nil
    }
}

private func correction(
    ofOption option: String, _ candidates: [String], _ command: CommandDescription, _ line: TypedLine
) -> Correction? {
    var right = line
    for habit in Habit.all where habit.option == option {
        guard habit.commands.isEmpty || habit.commands.contains(command.name) else { continue }
        let isRight = right.replace(option, takesValue: habit.takesValue) { value in
            habit.replacement(value).flatMap { command.has($0) ? $0 : nil }
        }
        if isRight { return Correction(remark: habit.remark, line: right) }
    }
    guard candidates.count == 1, right.replace(option, takesValue: false, by: { _ in candidates }) else {
        return nil
    }
    return Correction(remark: "did you mean \(candidates[0])?", line: right)
}

/// Adds the interface, if this host has one alone, or if the line is wrong otherwise.
private func correctionOfMissingInterface(_ line: TypedLine, isFirst: Bool) -> Correction? {
    guard let name = onlyInterface else { return nil }
    var right = line
    right.insert(["-i", name])
    return Correction(
        remark: isFirst ? "\(name) is the only Ethernet interface that is up" : nil, line: right)
}

/// The Ethernet interface of this host, if it has just one that is up and has a carrier.
private var onlyInterface: String? {
    let names = (try? NetworkInterface.names()) ?? []
    let usable = names.compactMap { try? NetworkInterface(named: $0) }.filter {
        $0.isEthernet && $0.isUp && $0.hasCarrier
    }
    return usable.count == 1 ? usable[0].name : nil
}

/// Advice where no other line does the same.
private func advice(on error: ArgumentError, _ line: TypedLine) -> String? {
    switch error {
    case .unknownOption(let option, _):
        Habit.withoutLine.first { $0.options.contains(option) && $0.commands.contains(line.words[0]) }?.advice
    case .unexpectedOperand where line.words.first == CommandName.ping.rawValue:
        "one target per run; start one afprobe per host; an interface stands behind -i"
    default: nil
    }
}

extension TypedLine {
    /// The command that the line begins with; nil if it is none.
    fileprivate var command: CommandDescription? {
        words.first.flatMap { CommandName($0) }?.command.description
    }

    /// The error in the line; nil if it is right.
    fileprivate var error: ArgumentError? {
        guard let name = words.first, let known = CommandName(name) else { return .missingCommand }
        do throws(ArgumentError) {
            _ = try known.command.parse(Array(words.dropFirst()))
            return nil
        } catch { return error }
    }

    /// Tells whether each interface behind -i is there, or stands for one.
    fileprivate var namesInterfacesThatExist: Bool {
        values(of: "-i", "--interface").allSatisfy { value in
            value == "IF" || (try? parseInterfaceName(value)).map(isInterface) ?? false
        }
    }
}

extension CommandDescription {
    /// Tells whether the command has all options among these words.
    func has(_ words: [String]) -> Bool {
        words.allSatisfy { word in
            switch Token(word) {
            case .long(let name, _): options.contains { $0.long == name }
            case .short(let letters): options.contains { $0.short == letters.first }
            case .word, .end: true
            }
        }
    }

    fileprivate var lettersWithValue: Set<Character> {
        Set(options.filter { $0.arity != .flag }.compactMap(\.short))
    }
}
