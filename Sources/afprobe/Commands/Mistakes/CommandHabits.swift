import AFPacketKit

// Command lines that begin with another word than a command.

/// The command, with its options, that a word of another program, or another name, probably means; nil if none.
func commandMeant(by word: String) -> [String]? {
    if word.lowercased() == "arping" { return ["ping", "--protocol", "arp"] }
    let others: [(String, [String])] = [
        (
            "listen",
            [
                "recv", "receive", "receiver", "rx", "server", "serve", "capture", "dump", "sniff", "respond",
                "responder",
            ]
        ),
        ("ping", ["client", "latency", "rtt", "measure"]),
        ("send", ["tx", "transmit", "sender", "inject", "replay"]),
        ("hwstamp", ["hwts", "info", "capabilities", "show", "ethtool"]),
        ("hwstamp-config", ["config", "configure", "hwstamp_ctl", "hwstamp_config", "set"]),
    ]
    return others.first { $0.1.contains(word.lowercased()) }.map { [$0.0] }
}

/// Explains a first word that is no command.
///
/// - Parameter line: the words behind the program's name.
func explainedCommand(_ error: ArgumentError, _ line: TypedLine) -> ArgumentError {
    guard case .unknownCommand(let name, let candidates) = error,
        let correction = correction(of: name, candidates, line),
        let remedy = remedy(correction.line, remark: correction.remark)
    else { return error }
    return .mistake(error.message, remedy: remedy)
}

private func correction(of name: String, _ candidates: [String], _ line: TypedLine) -> Correction? {
    let rest = TypedLine(words: Array(line.words.dropFirst()))
    if candidates.count == 1 {
        guard !rest.words.isEmpty else { return nil }
        let words = commandMeant(by: name) ?? candidates
        return Correction(remark: "did you mean \(words[0])?", line: TypedLine(words: words + rest.words))
    }
    guard candidates.isEmpty else { return nil }
    return name == "afprobe" ? Correction(line: rest) : correctionOfTarget(name, rest)
}

/// Explains an option in front of the command, or without one: `afprobe -i eth0 ping`, `afprobe --ping HOST`, `afprobe
/// -c 3 HOST`.
func explainedOption(_ error: ArgumentError, _ line: TypedLine) -> ArgumentError {
    guard case .unknownOption(_, let candidates) = error, candidates.isEmpty else { return error }
    var right = line
    let remark: String
    if let index = line.words.firstIndex(where: { CommandName($0) != nil }) {
        right.words.insert(right.words.remove(at: index).lowercased(), at: 0)
        remark = "the command comes first"
    } else if case .long(let name, nil) = Token(line.words[0]), CommandName(name) != nil {
        right.words[0] = name
        remark = "a command has no hyphens"
    } else {
        right.words.insert(CommandName.ping.rawValue, at: 0)
        remark = "the command is missing"
    }
    return remedy(right, remark: remark).map { .mistake(error.message, remedy: $0) } ?? error
}

/// A host or an interface where the command was left out.
///
/// - Parameter rest: the words that follow it.
func correctionOfTarget(_ word: String, _ rest: TypedLine) -> Correction? {
    if let interface = try? NetworkInterface(named: word) {
        return interface.isEthernet
            ? Correction(
                remark: "to receive there", line: TypedLine(words: ["listen", "-i", word] + rest.words))
            : Correction(
                remark: "to show its stamps", line: TypedLine(words: ["hwstamp", word] + rest.words))
    }
    let host = hostAlone(in: word) ?? word
    guard let target = try? parsePingTarget(host) else { return nil }
    if case .name = target, !host.utf8.contains(UInt8(ascii: ".")) { return nil }
    return Correction(remark: "to ping that host", line: TypedLine(words: ["ping", host] + rest.words))
}
