import AFPacketKit

// ICMP and ICMPv6 echo messages. RFC 792, RFC 4443
//
//     0     1   type: request 8 or 128, reply 0 or 129
//     1     1   code, 0
//     2     2   checksum
//     4     2   identifier
//     6     2   sequence number, the low bits of the number
//     8     8   session, chosen at random   \ the data, which a reply repeats
//    16     8   number of the request       / and pads as the request was padded

/// An echo request or reply.
struct EchoMessage: Equatable {
    var session: UInt64
    var number: UInt64

    /// The length without padding.
    static let length = 24
    static let numberOffset = 16

    /// Writes a request, and its checksum; that of ICMPv6 covers the addresses, and is left to the kernel.
    @_lifetime(request: copy request)
    func encodeRequest(into request: inout MutableSpan<UInt8>, isVersion4: Bool, identifier: UInt16) {
        request[0] = isVersion4 ? 8 : 128
        request[1] = 0
        request.storeBigEndian(0 as UInt16, at: 2)
        request.storeBigEndian(identifier, at: 4)
        request.storeBigEndian(UInt16(truncatingIfNeeded: number), at: 6)
        request.storeBigEndian(session, at: 8)
        request.storeBigEndian(number, at: Self.numberOffset)
        guard isVersion4 else { return }
        var sum = InternetChecksum()
        sum.add(request.span)
        request.storeBigEndian(sum.value, at: 2)
    }

    /// Reads a reply; nil if the message is none.
    init?(reply message: Span<UInt8>, isVersion4: Bool) {
        guard message.count >= Self.length, message[0] == (isVersion4 ? 0 : 129), message[1] == 0 else {
            return nil
        }
        session = message.bigEndian64(at: 8)
        number = message.bigEndian64(at: Self.numberOffset)
    }

    /// The identifier of a request, perhaps of its first bytes only; nil if the message is none.
    static func identifier(ofRequest message: Span<UInt8>, isVersion4: Bool) -> UInt16? {
        guard message.count >= 6, message[0] == (isVersion4 ? 8 : 128) else { return nil }
        return message.bigEndian16(at: 4)
    }

    init(session: UInt64, number: UInt64) { (self.session, self.number) = (session, number) }

    /// The message behind an IPv4 header; nil if there is no room for one. RFC 791
    @_lifetime(copy packet)
    static func behindHeader(in packet: Span<UInt8>) -> Span<UInt8>? {
        guard let first = packet.isEmpty ? nil : packet[0] else { return nil }
        let length = Int(first & 0xf) * 4
        guard first >> 4 == 4, length >= 20, length <= packet.count else { return nil }
        return packet.extracting(length..<packet.count)
    }
}
