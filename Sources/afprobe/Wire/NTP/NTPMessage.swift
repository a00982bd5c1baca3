import AFPacketKit

// NTP, version 4, client and server. RFC 5905, section 7.3; interleaved: RFC 9769
//
//     0     1   leap indicator 2 bits | version 3 | mode 3: client 3, server 4
//     1     1   stratum; 0 in a kiss-o'-death
//     2     1   poll interval, log2 s
//     3     1   precision, log2 s
//     4     4   root delay       \ s·2¹⁶
//     8     4   root dispersion  /
//    12     4   reference identifier; the code of a kiss-o'-death
//    16     8   reference time   \
//    24     8   origin            |
//    32     8   receive           |  s·2³² since 1900
//    40     8   transmit         /

/// A request or a response.
///
/// A request holds no time of this host: its receive and transmit fields are random numbers, which a response repeats
/// in its origin: the transmit field in basic mode, the receive field in interleaved mode. RFC 9769, section 2
struct NTPMessage: Equatable {
    var leap: UInt8 = 0
    var mode: UInt8 = 3
    var stratum: UInt8 = 0
    var precision: Int8 = 0
    var rootDelay: UInt32 = 0
    var rootDispersion: UInt32 = 0
    var reference: UInt32 = 0
    var origin: UInt64 = 0
    var receive: UInt64 = 0
    var transmit: UInt64 = 0

    static let length = 48
    static let port: UInt16 = 123
    static let transmitOffset = 40
    private static let version: UInt8 = 4
    private static let secondsTo1970: Int64 = 2_208_988_800

    init() {}

    @_lifetime(message: copy message)
    func encode(into message: inout MutableSpan<UInt8>) {
        message.fillWithZeros(0..<Self.length)
        message[0] = leap << 6 | Self.version << 3 | mode
        (message[1], message[3]) = (stratum, UInt8(bitPattern: precision))
        message.storeBigEndian(rootDelay, at: 4)
        message.storeBigEndian(rootDispersion, at: 8)
        message.storeBigEndian(reference, at: 12)
        message.storeBigEndian(origin, at: 24)
        message.storeBigEndian(receive, at: 32)
        message.storeBigEndian(transmit, at: Self.transmitOffset)
    }

    /// Reads a response of a server; nil if the message is none.
    init?(response message: Span<UInt8>) {
        guard message.count >= Self.length, message[0] & 7 == 4, (3...4).contains(message[0] >> 3 & 7) else {
            return nil
        }
        (leap, mode, stratum) = (message[0] >> 6, 4, message[1])
        precision = Int8(bitPattern: message[3])
        rootDelay = message.bigEndian32(at: 4)
        rootDispersion = message.bigEndian32(at: 8)
        reference = message.bigEndian32(at: 12)
        origin = message.bigEndian64(at: 24)
        receive = message.bigEndian64(at: 32)
        transmit = message.bigEndian64(at: Self.transmitOffset)
    }

    /// The code of a kiss-o'-death that forbids further requests, such as RATE; nil if this is none. Other codes only
    /// say that the server is not synchronised. RFC 5905, section 7.4
    var kiss: String? {
        guard stratum == 0 else { return nil }
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: reference >> UInt32(24 - 8 * $0)) }
        let code = String(decoding: bytes, as: UTF8.self)
        return ["DENY", "RSTR", "RATE"].contains(code) ? code : nil
    }

    /// A duration in nanoseconds.
    static func nanoseconds(short: UInt32) -> Int64 { (Int64(short) * 1_000_000_000) >> 16 }

    /// A time in nanoseconds since 1970; nil for none. Those of the first half of an era are of the next era, so that
    /// it is right until 2104. RFC 5905, section 6
    static func nanoseconds(_ time: UInt64) -> Int64? {
        guard time != 0 else { return nil }
        let era: Int64 = time >> 63 == 0 ? 1 << 32 : 0
        let seconds = Int64(time >> 32) + era - secondsTo1970
        // Rounded: its own resolution is 0.2 ns.
        let fraction = (time & 0xffff_ffff) * 1_000_000_000 + 1 << 31
        return seconds * 1_000_000_000 + Int64(fraction >> 32)
    }
}
