import AFPacketKit

// Words where options stand elsewhere.

/// Dashes that a word processor writes for hyphens.
func correctionOfHyphens(_ command: CommandDescription, _ line: TypedLine) -> Correction? {
    var right = line
    var dashes: [Character] = []
    for (index, word) in line.words.enumerated() {
        guard let dash = word.first, "\u{2012}\u{2013}\u{2014}\u{2212}".contains(dash) else { continue }
        let name = word.drop { $0 == dash || $0 == "-" }
        // Of two hyphens it makes one long dash.
        let isLong = dash == "\u{2014}" || command.options.contains { $0.long == name.prefix { $0 != "=" } }
        right.words[index] = (isLong ? "--" : "-") + name
        if !dashes.contains(dash) { dashes.append(dash) }
    }
    guard !dashes.isEmpty else { return nil }
    return Correction(remark: dashes.map { "\($0) is not a hyphen" }.joined(separator: "; "), line: right)
}

/// A word too many: `ping ping HOST`, `ping -I 5 ms HOST`, `ping MAC eth0`, `listen -i eth0 udp port 319`.
func correction(ofWords command: CommandDescription, _ line: TypedLine) -> Correction? {
    var right = line
    if let again = line.words.dropFirst().firstIndex(of: command.name) {
        right.words.remove(at: again)
        return Correction(line: right)
    }
    if let unit = line.words.indices.dropFirst(2).first(where: {
        isUnit(line.words[$0], of: line.words[$0 - 1])
    }
    ) {
        right.words[unit - 1] += right.words.remove(at: unit)
        return Correction(line: right)
    }
    return switch command.name {
    case "ping": correctionOfInterface(line)
    case "listen": correctionOfExpression(line)
    default: nil
    }
}

/// Tells whether a word is the unit of the number before it.
private func isUnit(_ word: String, of number: String) -> Bool {
    guard number.utf8.last.map(isDigit) ?? false, word.allSatisfy(\.isLetter) else { return false }
    return (try? parseDuration("1\(word)")) != nil || (try? parseSize("60\(word)")) != nil
        || (try? parseRate("1\(word)")) != nil
}

private func correctionOfInterface(_ line: TypedLine) -> Correction? {
    guard !line.words.contains("-i"), line.words.count >= 3 else { return nil }
    for index in 1..<line.words.count - 1 {
        let (one, other) = (line.words[index], line.words[index + 1])
        for (interface, target) in [(one, other), (other, one)] {
            guard let address = try? parseDestination(target), isInterface(interface),
                address != .station(.zero)
            else { continue }
            var right = line
            right.words[index...index + 1] = ["-i", interface, target]
            return Correction(remark: "the interface is an option", line: right)
        }
    }
    return nil
}

/// An expression of pcap-filter(7), as tcpdump takes it. Its first word may stand behind --filter.
private func correctionOfExpression(_ line: TypedLine) -> Correction? {
    let keywords = ["host", "src", "dst", "ether", "udp", "port", "ip", "ip6", "not", "net"]
    let name = "--filter"
    guard let start = line.words.firstIndex(where: { keywords.contains($0.afterPrefix("\(name)=")) }) else {
        return nil
    }
    var expression = line.words[start...].prefix { !$0.hasPrefix("-") || $0.hasPrefix("\(name)=") }
    let end = expression.endIndex
    expression[start] = expression[start].afterPrefix("\(name)=")
    let begin = line.words[start - 1] == name ? start - 1 : start
    var right = line
    let udp = line.words.contains("--udp") ? [] : ["--udp"]
    if let port = portAlone(in: Array(expression)) {
        right.words[begin..<end] = udp + (port == "61000" ? [] : ["--dst-port", port])
        return Correction(remark: "the port is an option", line: right)
    }
    // Without --udp, no probe is in a datagram.
    let needsUDP = !expression.contains("ether")
    right.words[begin..<end] = (needsUDP ? udp : []) + [name, expression.joined(separator: " ")]
    return Correction(remark: "an expression is one word behind --filter", line: right)
}

/// The port of `udp port 319`, the usual one of `udp`; nil if the expression says more.
private func portAlone(in expression: [String]) -> String? {
    let rest = expression.filter { !["udp", "dst", "port"].contains($0) }
    if rest.isEmpty { return "61000" }
    return rest.count == 1 && (try? parsePort(rest[0])) != nil ? rest[0] : nil
}

extension String {
    /// The rest behind a prefix, or all of it.
    fileprivate func afterPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}
