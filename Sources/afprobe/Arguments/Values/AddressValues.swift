import AFPacketKit

// Interfaces, addresses, and what else stands in the headers of frames.

/// The name of an interface, which need not exist; also as ip-link(8) prints it, `eth0@if2:`.
func parseInterfaceName(_ text: String) throws(ValueError) -> String {
    var name = text.last == ":" ? String(text.dropLast()) : text
    if let mark = name.firstIndex(of: "@"), mark > name.startIndex, !isInterface(name) {
        name = String(name[..<mark])
    }
    guard !name.isEmpty else { throw ValueError("the name of an interface, like eth0") }
    // An interface may have any name, these, too.
    guard isUnlikely(name), !isInterface(name) else { return name }
    throw ValueError(
        name == "any"
            ? "the name of one interface, like eth0: each has clocks of its own"
            : "the name of an interface, like eth0")
}

/// Tells whether an option's value was probably meant for another option.
private func isUnlikely(_ name: String) -> Bool {
    name == "any" || MACAddress(anyFormOf: name) != nil || IPAddress(name) != nil
        || looksLikeDuration(name)
}

func isInterface(_ name: String) -> Bool { (try? NetworkInterface(named: name)) != nil }

/// A MAC address in any usual form.
func parseMACAddress(_ text: String) throws(ValueError) -> MACAddress {
    guard let address = MACAddress(anyFormOf: text) else {
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

/// An EtherType: hexadecimal with 0x, or if it has a letter; else decimal.
func parseEtherType(_ text: String) throws(ValueError) -> EtherType {
    let error = ValueError(
        "an EtherType from 0x0600 to 0xffff, like 0x88b5, but none that stands for IP or a VLAN tag")
    let hasPrefix = text.hasPrefix("0x") || text.hasPrefix("0X")
    let digits = hasPrefix ? text.dropFirst(2) : text[...]
    let number: UInt64?
    if hasPrefix || digits.utf8.count == 4 && !digits.utf8.allSatisfy(isDigit) {
        guard (1...4).contains(digits.utf8.count), digits.utf8.allSatisfy(isHexadecimalDigit) else {
            throw error
        }
        number = UInt64(digits, radix: 16)
    } else {
        number = parseDecimal(text)
    }
    guard let number, let type = UInt16(exactly: number), type >= EtherType.lowest else { throw error }
    let etherType = EtherType(rawValue: type)
    guard ![.ipv4, .ipv6, .vlan, .serviceVLAN].contains(etherType) else { throw error }
    return etherType
}

private func isHexadecimalDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
}

/// A VLAN and, after a colon, a priority: `100` or `100:5`.
func parseVLAN(_ text: String) throws(ValueError) -> VLANTag {
    if let tag = vlanTag(text) { return tag }
    let meant = (["/", ".", ","] as [Character]).map { separator in
        text.split(separator: separator, omittingEmptySubsequences: false).joined(separator: ":")
    }.first { vlanTag($0) != nil }
    throw ValueError(
        "a VLAN from 0 to 4094 and, after a colon, a priority from 0 to 7, like 100:5", meant: meant)
}

private func vlanTag(_ text: String) -> VLANTag? {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let identifier = parseDecimal(String(parts[0])).flatMap(UInt16.init(exactly:)),
        let priority = parts.count == 1 ? 0 : parseDecimal(String(parts[1])).flatMap(UInt8.init(exactly:))
    else { return nil }
    return VLANTag(identifier: identifier, priority: priority)
}

func parseHostAddress(_ text: String) throws(ValueError) -> IPAddress {
    guard let address = IPAddress(text) else {
        let meant = hostAlone(in: text).flatMap { IPAddress($0) == nil ? nil : $0 }
        throw ValueError("an IPv4 or IPv6 address, like 192.168.56.101 or fe80::1", meant: meant)
    }
    return address
}

/// An address that this host may answer by.
func parseOwnAddress(_ text: String) throws(ValueError) -> IPAddress {
    let address = try parseHostAddress(text)
    guard address.isOfNetworkHost else {
        throw ValueError("one host's address in a network: none of a group, of loopback or reserved")
    }
    return address
}

func parsePort(_ text: String) throws(ValueError) -> UInt16 {
    UInt16(try parseNumber(text, in: 1...65_535, "a port"))
}

/// The host in a text that says more: `http://host/path`, `192.0.2.7:319`, `[2001:db8::1]:80`, `192.0.2.7/24`,
/// `user@host`, `192.0.2.7.`; nil if there is no more, or if it is a whole network.
func hostAlone(in text: String) -> String? {
    guard network(in: text) == nil else { return nil }
    var host = text[...]
    let scheme = host.prefix { $0 != ":" }
    if host.dropFirst(scheme.count).hasPrefix("://") { host = host.dropFirst(scheme.count + 3) }
    host = host.prefix { $0 != "/" && $0 != "?" }
    if let user = host.firstIndex(of: "@") { host = host[host.index(after: user)...] }
    if host.first == "[", let end = host.firstIndex(of: "]") {
        host = host[host.index(after: host.startIndex)..<end]
    } else if let colon = host.firstIndex(of: ":"), host.lastIndex(of: ":") == colon {
        host = host[..<colon]
    }
    if host.last == "." { host.removeLast() }
    return host.isEmpty || host == text ? nil : String(host)
}

/// The network that a text like `192.0.2.0/24` names as a whole; nil if it is none.
func network(in text: String) -> InternetNetwork? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let base = IPAddress(parts[0]), let length = parseDecimal(parts[1]), length <= 128
    else { return nil }
    let network = InternetNetwork(base, prefixLength: Int(length))
    return network.isNamed(by: base) ? network : nil
}
