import AFPacketKit

// What a command line was probably meant for, in words that can be pasted.

/// A corrected command line, and what is said about the correction.
struct Correction {
    /// Without a full stop; nil if the line says it all.
    var remark: String?
    let line: TypedLine
}

/// Explains an error in a command's arguments by what was typed: one mistake after the other is corrected, until the
/// line is right, or no more is plain.
///
/// - Parameters:
///   - command: the command.
///   - line: the words behind the program's name, of which the first is the command.
func explained(_ error: ArgumentError, of command: Command, _ line: TypedLine) -> ArgumentError {
    var (next, line): (ArgumentError?, TypedLine) = (error, line)
    line.lettersWithValue = Set(
        command.description.options.filter { $0.arity != .flag }.compactMap(\.short))
    var remarks: [String] = []
    var isCorrected = false
    for _ in 0..<8 {
        guard let current = next, let correction = correction(of: current, command.description, line),
            correction.line != line
        else { break }
        isCorrected = true
        line = correction.line
        if let remark = correction.remark, !remarks.contains(remark) { remarks.append(remark) }
        do throws(ArgumentError) {
            _ = try command.parse(Array(line.words.dropFirst()))
            next = nil
        } catch { next = error }
    }
    // A line that is still wrong helps nobody; one for another command was not parsed.
    let isOther = line.words.first != command.description.name
    guard isCorrected, isOther || next == nil || next?.isIncompleteness ?? false else { return error }
    let remark = remarks.isEmpty ? "did you mean" : remarks.joined(separator: "; ")
    return .mistake(error.message, remedy: remark + (remark.hasSuffix("?") ? " " : ": ") + line.text)
}

private func correction(
    of error: ArgumentError, _ command: CommandDescription, _ line: TypedLine
) -> Correction? {
    switch error {
    case .unknownOption(let option, let candidates):
        correction(ofOption: option, candidates, command, line)
    case .invalidValue(let value, let owner, _, let meant):
        correction(of: value, of: owner, meant: meant, command, line)
    case .unexpectedOperand: correction(ofWords: command, line)
    default: nil
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

private func correction(
    of value: String, of owner: String, meant: String?, _ command: CommandDescription, _ line: TypedLine
) -> Correction? {
    var right = line
    if let meant {
        guard right.replace(value, of: owner, by: meant) else { return nil }
        return Correction(line: right)
    }
    switch owner {
    case "-i", "-I", "--interface", "--interval":
        if owner == "-I", IPAddress(value) != nil, command.has(["--src-addr"]),
            let place = right.place(of: owner, value: value)
        {
            right.replace(place, by: ["--src-addr", value])
            return Correction(remark: "-I is the interval, --src-addr the source", line: right)
        }
        guard right.exchangeInterfaceAndInterval() || right.rename(owner, of: value) else { return nil }
        return Correction(remark: "-i is the interface and -I the interval", line: right)
    case "-w" where looksLikeFile(value) && command.has(["--pcap"]):
        guard let place = right.place(of: owner, value: value) else { return nil }
        right.replace(place, by: ["--pcap", value])
        return Correction(remark: "-w is the deadline; to write a capture", line: right)
    case "-c" where command.name == "ping" && isAddress(value):
        guard let place = right.place(of: owner, value: value) else { return nil }
        right.replace(place, by: [value])
        return Correction(remark: "-c is the number of requests", line: right)
    case "IF" where command.name == "listen" && (try? parseDestination(value)) != nil:
        let others = TypedLine(words: line.words.dropFirst().filter { $0 != value })
        return correctionOfTarget(value, others).map {
            Correction(remark: "listen takes an interface; to ping that host", line: $0.line)
        }
    default: return nil
    }
}

private func isAddress(_ value: String) -> Bool {
    switch try? parsePingTarget(value) {
    case .station?, .address?: true
    case .name?, nil: false
    }
}

/// Tells a file's name from a deadline, which begins with a digit or a point.
private func looksLikeFile(_ value: String) -> Bool {
    guard let first = value.utf8.first else { return false }
    if first == UInt8(ascii: "-") { return value == "-" }
    return value.utf8.contains(UInt8(ascii: "/")) || value.hasSuffix(".pcap") || value.hasSuffix(".pcapng")
        || !isDigit(first) && first != UInt8(ascii: ".")
}

/// Words where options stand elsewhere: `ping MAC eth0`, `listen -i eth0 udp port 319`.
private func correction(ofWords command: CommandDescription, _ line: TypedLine) -> Correction? {
    var right = line
    switch command.name {
    case "ping":
        guard !line.words.contains("-i"), line.words.count >= 3 else { return nil }
        for index in 1..<line.words.count - 1 {
            let (one, other) = (line.words[index], line.words[index + 1])
            for (interface, target) in [(one, other), (other, one)] {
                guard let address = try? parseDestination(target),
                    (try? parseInterfaceName(interface)) != nil,
                    !interface.hasPrefix("-"), address != .station(.zero)
                else { continue }
                right.words[index...index + 1] = ["-i", interface, target]
                return Correction(remark: "the interface is an option", line: right)
            }
        }
        return nil
    case "listen":
        let keywords = [
            "host", "src", "dst", "ether", "udp", "tcp", "port", "ip", "ip6", "arp", "not", "net", "icmp",
        ]
        let name = "--filter"
        // Its first word may stand behind the option.
        guard let start = line.words.firstIndex(where: { keywords.contains($0.afterPrefix("\(name)=")) })
        else {
            return nil
        }
        var expression = line.words[start...].prefix { !$0.hasPrefix("-") || $0.hasPrefix("\(name)=") }
        let end = expression.endIndex
        expression[start] = expression[start].afterPrefix("\(name)=")
        let begin = line.words[start - 1] == name ? start - 1 : start
        right.words[begin..<end] = [name, expression.joined(separator: " ")]
        return Correction(remark: "an expression is one word behind --filter", line: right)
    default: return nil
    }
}

extension String {
    /// The rest behind a prefix, or all of it.
    fileprivate func afterPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}

extension ArgumentError {
    /// Tells whether something is missing that was not typed: the line is right as far as it goes.
    fileprivate var isIncompleteness: Bool {
        switch self {
        case .missingOption, .missingOperand: true
        default: false
        }
    }
}

extension CommandDescription {
    /// Tells whether the command has all options among these words.
    fileprivate func has(_ words: [String]) -> Bool {
        words.allSatisfy { word in
            switch Token(word) {
            case .long(let name, _): options.contains { $0.long == name }
            case .short(let letters): options.contains { $0.short == letters.first }
            case .word, .end: true
            }
        }
    }
}

extension TypedLine {
    /// Replaces a value of an option, or a word; returns whether it was found.
    fileprivate mutating func replace(_ value: String, of owner: String, by meant: String) -> Bool {
        if owner.hasPrefix("-") {
            guard let place = place(of: owner, value: value) else { return false }
            let isJoined = owner.hasPrefix("--") && place.range.count == 1
            replace(place, by: isJoined ? ["\(owner)=\(meant)"] : [owner, meant])
            return true
        }
        guard let index = words.lastIndex(of: value), index > 0 else { return false }
        words[index] = meant
        return true
    }

    /// Gives -i the interfaces, and -I the intervals; returns whether one was at the other's place.
    fileprivate mutating func exchangeInterfaceAndInterval() -> Bool {
        let intervals = places(of: "-i", "--interface") {
            (try? parseDuration($0)) != nil && !isInterface($0)
        }
        let interfaces = places(of: "-I", "--interval") { isInterface($0) || looksLikeInterface($0) }
        if intervals.count == 1, interfaces.count == 1 {
            words.swapAt(intervals[0] + 1, interfaces[0] + 1)
            return true
        }
        for place in intervals { words[place] = words[place] == "-i" ? "-I" : "--interval" }
        for place in interfaces { words[place] = words[place] == "-I" ? "-i" : "--interface" }
        return !intervals.isEmpty || !interfaces.isEmpty
    }

    /// The same for one option in another spelling, like `-i0.2`.
    fileprivate mutating func rename(_ option: String, of value: String) -> Bool {
        guard let place = place(of: option, value: value) else { return false }
        let isInterval = (try? parseDuration(value)) != nil
        guard isInterval != (option == "-I" || option == "--interval"),
            isInterval || looksLikeInterface(value)
        else {
            return false
        }
        replace(place, by: [isInterval ? "-I" : "-i", value])
        return true
    }

    /// Finds an option whose value, the next word, is of some kind.
    private func places(of letter: String, _ name: String, where isMeant: (String) -> Bool) -> [Int] {
        words.indices.dropLast().filter { [letter, name].contains(words[$0]) && isMeant(words[$0 + 1]) }
    }

    /// Letters with a number behind, as in `enp3s0`, but no number in front.
    private func looksLikeInterface(_ text: String) -> Bool {
        (text.utf8.last.map(isDigit) ?? false) && !(text.utf8.first.map(isDigit) ?? true)
            && text.utf8.count <= 15
            && !text.utf8.contains(UInt8(ascii: "-")) && IPAddress(text) == nil
    }
}
