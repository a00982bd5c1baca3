import AFPacketKit

// Values that stand behind the wrong option, or were meant for others.

func correction(
    of value: String, of owner: String, meant: String?, _ command: CommandDescription, _ line: TypedLine
) -> Correction? {
    var right = line
    if let meant {
        guard right.replace(value, of: owner, by: meant) else { return nil }
        // p99<1ms was meant to say what is good.
        let isReversed = owner == "--fail-if" && value.contains("<") && !meant.contains("<")
        return Correction(
            remark: isReversed ? "a limit names what is too much" : nil, line: right)
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
    case "--format" where value.lowercased() == "csv":
        guard right.replace(value, of: owner, by: "json") else { return nil }
        return Correction(remark: Habit.ofCSV, line: right)
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
        let intervals = places(of: "-i", "--interface") { looksLikeDuration($0) && !isInterface($0) }
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
        let isInterval = looksLikeDuration(value)
        guard isInterval != (option == "-I" || option == "--interval"),
            isInterval || isInterface(value) || looksLikeInterface(value)
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
            && text.utf8.count <= 15 && !looksLikeDuration(text)
            && !text.utf8.contains(UInt8(ascii: "-")) && IPAddress(text) == nil
    }
}
