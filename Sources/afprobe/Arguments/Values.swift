import AFPacketKit

// Parsers of option values. Each is strict, and its error shows a valid value.

func parseCount(_ text: String) throws(ValueError) -> UInt64 {
    guard let count = parseDecimal(text), count > 0 else {
        throw ValueError("a number of frames from 1, like 10")
    }
    return count
}

func parseNumber(_ text: String, in range: ClosedRange<UInt64>, _ what: String) throws(ValueError) -> UInt64 {
    guard let number = parseDecimal(text), range.contains(number) else {
        throw ValueError("\(what) from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
}

func numberParser(
    _ range: ClosedRange<UInt64>, _ what: String
) -> (String) throws(ValueError) -> UInt64 {
    { (text: String) throws(ValueError) in try parseNumber(text, in: range, what) }
}

func parseRealtimePriority(_ text: String) throws(ValueError) -> Int {
    let range = Scheduling.realtimePriorities
    return Int(
        try parseNumber(text, in: UInt64(range.lowerBound)...UInt64(range.upperBound), "a priority"))
}

/// The number of a CPU, which need not exist.
func parseCPU(_ text: String) throws(ValueError) -> Int {
    Int(try parseNumber(text, in: 0...UInt64(Scheduling.cpuNumbers.upperBound - 1), "the number of a CPU"))
}

func parseText(_ text: String) throws(ValueError) -> String { text }

func parseFile(_ text: String) throws(ValueError) -> String {
    guard !text.isEmpty else { throw ValueError("the name of a file") }
    return text
}

/// The path of a file to write. Standard output is not accepted: lines go there.
func parseOutputFile(_ text: String) throws(ValueError) -> String {
    guard text != "-" else { throw ValueError("a file or a named pipe; standard output gets the lines") }
    return try parseFile(text)
}

/// The name of an interface, which need not exist.
func parseInterfaceName(_ text: String) throws(ValueError) -> String {
    guard !text.isEmpty else { throw ValueError("the name of an interface, like eth0") }
    return text
}

/// A duration in nanoseconds: `250ns`, `100us`, `10ms`, `1.5s`, `2m`, `1h`; a bare number is seconds.
func parseDuration(_ text: String) throws(ValueError) -> Int64 {
    let error = ValueError("a duration like 250ns, 100us, 10ms, 1.5s or 2m; a bare number is seconds")
    let digits = text.utf8.prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
    guard let unit = durationUnits[String(text.dropFirst(digits.count))] else { throw error }
    let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.contains(where: { !$0.isEmpty }) else { throw error }
    guard let whole = parts[0].isEmpty ? 0 : parseDecimal(String(Substring(parts[0]))) else { throw error }
    var nanoseconds = whole.multipliedReportingOverflow(by: unit)
    guard !nanoseconds.overflow else { throw error }
    if parts.count == 2 {
        // Digits below a nanosecond are dropped.
        var place = unit
        for digit in parts[1] {
            place /= 10
            nanoseconds = nanoseconds.partialValue.addingReportingOverflow(
                UInt64(digit - UInt8(ascii: "0")) * place)
            guard !nanoseconds.overflow else { throw error }
        }
    }
    guard let result = Int64(exactly: nanoseconds.partialValue) else { throw error }
    // Zero has a meaning of its own: a fraction of a nanosecond must not become zero.
    guard result > 0 || digits.allSatisfy({ !(UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }) else {
        throw ValueError("a duration of at least 1ns, or 0")
    }
    return result
}

private let durationUnits: [String: UInt64] = [
    "ns": 1, "us": 1_000, "\u{b5}s": 1_000, "\u{3bc}s": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
    "": 1_000_000_000,
    "m": 60_000_000_000, "h": 3_600_000_000_000,
]

func parsePositiveDuration(_ text: String) throws(ValueError) -> Int64 {
    let duration = try parseDuration(text)
    guard duration > 0 else { throw ValueError("a duration above zero, like 500ms") }
    return duration
}

/// A duration that output can keep up with.
func parseReportInterval(_ text: String) throws(ValueError) -> Int64 {
    let interval = try parseDuration(text)
    guard interval >= 1_000_000 else { throw ValueError("a duration of at least 1ms") }
    return interval
}

/// The time from handing a frame over to its launch, within tc-fq(8)'s default horizon.
func parseLaunchOffset(_ text: String) throws(ValueError) -> Int64 {
    let offset = try parsePositiveDuration(text)
    guard offset <= 10_000_000_000 else { throw ValueError("a duration of at most 10s") }
    return offset
}

/// The interval, in nanoseconds, of a rate in frames per second, which may be a fraction.
func parseRate(_ text: String) throws(ValueError) -> Int64 {
    guard text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }), let rate = Double(text),
        (0.001...1_000_000_000).contains(rate)
    else { throw ValueError("a number of frames a second from 0.001 to 1000000000") }
    return Int64((1_000_000_000 / rate).rounded())
}

func parseMACAddress(_ text: String) throws(ValueError) -> MACAddress {
    guard let address = MACAddress(text) else {
        throw ValueError("a MAC address: six octets like 02:42:ac:c8:01:61")
    }
    return address
}

/// A unicast MAC address.
func parseStationAddress(_ text: String) throws(ValueError) -> MACAddress {
    let address = try parseMACAddress(text)
    guard !address.isGroup, address != .zero else {
        throw ValueError("the MAC address of one host, neither a group's nor all zeros")
    }
    return address
}

func parseGroupAddress(_ text: String) throws(ValueError) -> MACAddress {
    let address = try parseMACAddress(text)
    guard address.isGroup else {
        throw ValueError("the MAC address of a group, like 01:80:c2:00:00:0e")
    }
    return address
}

/// An EtherType, hexadecimal with 0x or decimal.
func parseEtherType(_ text: String) throws(ValueError) -> EtherType {
    let error = ValueError(
        "an EtherType from 0x0600 to 0xffff, like 0x88b5, but none that stands for IP or a VLAN tag")
    let number: UInt64?
    if text.hasPrefix("0x") || text.hasPrefix("0X") {
        let digits = text.dropFirst(2)
        guard (1...4).contains(digits.count), digits.utf8.allSatisfy(isHexadecimalDigit) else { throw error }
        number = UInt64(digits, radix: 16)
    } else {
        number = parseDecimal(text)
    }
    guard let number, let type = UInt16(exactly: number), type >= EtherType.lowest else { throw error }
    let etherType = EtherType(rawValue: type)
    guard ![.ipv4, .ipv6, .vlan, .serviceVLAN].contains(etherType) else { throw error }
    return etherType
}

/// A VLAN and, after a colon, a priority: `100` or `100:5`.
func parseVLAN(_ text: String) throws(ValueError) -> VLANTag {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let identifier = parseDecimal(String(parts[0])).flatMap(UInt16.init(exactly:)),
        let priority = parts.count == 1 ? 0 : parseDecimal(String(parts[1])).flatMap(UInt8.init(exactly:)),
        let tag = VLANTag(identifier: identifier, priority: priority)
    else {
        throw ValueError("a VLAN from 0 to 4094 and, after a colon, a priority from 0 to 7, like 100:5")
    }
    return tag
}

func parseHostAddress(_ text: String) throws(ValueError) -> IPAddress {
    guard let address = IPAddress(text) else {
        throw ValueError("an IPv4 or IPv6 address, like 192.168.56.101 or fe80::1")
    }
    return address
}

func parsePort(_ text: String) throws(ValueError) -> UInt16 {
    UInt16(try parseNumber(text, in: 1...65_535, "a port"))
}

func choiceParser<Choice: RawRepresentable<String> & CaseIterable>(
    _: Choice.Type
) -> (String) throws(ValueError) -> Choice {
    { (text: String) throws(ValueError) in
        guard let choice = Choice(rawValue: text) else {
            throw ValueError("one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }
}

func nameParser<Named: LosslessStringConvertible>(
    _: Named.Type, among names: [String]
) -> (String) throws(ValueError) -> Named {
    { (text: String) throws(ValueError) in
        guard let named = Named(text) else {
            throw ValueError("one of \(names.joined(separator: ", "))")
        }
        return named
    }
}

/// The form of the lines; nil for `auto`.
func parseFormat(_ text: String) throws(ValueError) -> LineFormat? {
    if text == "auto" { return nil }
    guard let format = LineFormat(rawValue: text) else {
        let names = ["auto"] + LineFormat.allCases.map(\.rawValue)
        throw ValueError("one of \(names.joined(separator: ", "))")
    }
    return format
}

/// Digits alone: no sign, no space, no underscore.
func parseDecimal(_ text: String) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy(isDigit) else { return nil }
    return UInt64(text)
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isHexadecimalDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
}
