import AFPacketKit

// Command lines that begin with another word than a command.

/// The command that a word of another program, or another name, probably means; nil if none.
func commandMeant(by word: String) -> String? {
    let others: [(String, [String])] = [
        (
            "listen",
            [
                "recv", "receive", "receiver", "rx", "server", "serve", "capture", "dump", "sniff", "respond",
                "responder",
            ]
        ),
        ("ping", ["client", "arping", "latency", "rtt", "measure"]),
        ("send", ["tx", "transmit", "sender", "inject", "replay"]),
        ("hwstamp", ["hwts", "info", "capabilities", "show", "ethtool"]),
        ("hwstamp-config", ["config", "configure", "hwstamp_ctl", "hwstamp_config", "set"]),
    ]
    return others.first { $0.1.contains(word.lowercased()) }?.0
}

/// Explains a first word that is no command.
///
/// - Parameter line: the words behind the program's name.
func explainedCommand(_ error: ArgumentError, _ line: TypedLine) -> ArgumentError {
    guard case .unknownCommand(let name, let candidates) = error else { return error }
    guard candidates.isEmpty else { return withRest(error, candidates, line) }
    if name == "afprobe", line.words.count > 1 {
        return .mistake(
            error.message, remedy: "did you mean: \(TypedLine(words: Array(line.words.dropFirst())).text)")
    }
    let rest = TypedLine(words: Array(line.words.dropFirst()))
    guard let correction = correctionOfTarget(name, rest) else { return error }
    return .mistake(error.message, remedy: "\(correction.remark ?? ""): \(correction.line.text)")
}

/// Explains an option in front of the command, as in `afprobe -i eth0 ping`.
func explainedOption(_ error: ArgumentError, _ line: TypedLine, before commands: [String]) -> ArgumentError {
    guard let index = line.words.firstIndex(where: { commands.contains($0.lowercased()) }) else {
        return error
    }
    var right = line
    right.words.insert(right.words.remove(at: index).lowercased(), at: 0)
    return .mistake(error.message, remedy: "the command comes first: \(right.text)")
}

private func withRest(_ error: ArgumentError, _ candidates: [String], _ line: TypedLine) -> ArgumentError {
    guard candidates.count == 1, line.words.count > 1 else { return error }
    let right = TypedLine(words: candidates + line.words.dropFirst())
    return .mistake(error.message, remedy: "did you mean \(candidates[0])? \(right.text)")
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
    var line = TypedLine(words: ["ping", host] + rest.words)
    switch target {
    case .name where !host.utf8.contains(UInt8(ascii: ".")): return nil
    case .address, .name: break
    case .station:
        let hasInterface = rest.words.contains { $0.hasPrefix("-i") || $0.hasPrefix("--interface") }
        if !hasInterface { line.words.insert(contentsOf: ["-i", onlyInterface ?? "IF"], at: 1) }
    }
    return Correction(remark: "to ping that host", line: line)
}

/// The Ethernet interface of this host, if it has just one that is up.
private var onlyInterface: String? {
    let names = (try? NetworkInterface.names()) ?? []
    let usable = names.compactMap { try? NetworkInterface(named: $0) }.filter { $0.isEthernet && $0.isUp }
    return usable.count == 1 ? usable[0].name : nil
}
