import AFPacketKit

/// A text that somebody gives for an option, read as each kind of value.
func fuzzValue(_ bytes: Span<UInt8>) {
    let text = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    _ = try? parseCount(text)
    _ = try? parseCPU(text)
    _ = try? parseRealtimePriority(text)
    _ = try? parsePort(text)
    _ = try? parseEtherType(text)
    _ = try? parseVLAN(text)
    _ = try? parseRate(text)
    _ = try? parseSize(text)
    if let host = hostAlone(in: text) { precondition(!host.isEmpty && host.utf8.count < text.utf8.count) }
    if let limits = try? parseLimits(text) {
        let again = try? parseLimits(limits.map(\.text).joined(separator: ","))
        precondition(again == limits, "the limits are others")
    }
    if let duration = try? parseDuration(text) {
        precondition(duration >= 0, "a duration is below zero")
    }
    if let address = try? parseMACAddress(text) {
        precondition(MACAddress(address.description) == address, "the address is another one")
    }
    if let address = try? parseHostAddress(text) {
        precondition(IPAddress(address.description) == address, "the address is another one")
    }
}
