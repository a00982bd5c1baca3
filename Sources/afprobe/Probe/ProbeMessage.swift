// What a probe consists of, after the Ethernet header or in a UDP datagram. Every number is little-endian.
//
//  offset  size
//     0     8   magic 93 72 e7 59 c7 b5 aa 73                       \ the reference's probe
//     8     8   number of the probe, from 1                         /
//    16     4   magic a1 f7 0b 5e of the fields below
//    20     1   version of their layout: 1
//    21     1   kind: 1 probe, 2 request, 3 reply, 4 follow-up
//    22     2   length of the message from offset 0: 40 for a probe, 136 for the other kinds
//    24     2   check value: the Internet checksum (RFC 1071) of the whole message, this field as zero,
//               its two bytes in network order
//    26     2   flags, what the requester wants: 1 a follow-up, 2 the scheduled stamp in it
//    28     4   zero
//    32     8   session, chosen at random by the sender of the probe or the request
//    -- a probe ends here; in a request all that follows is zero --
//    40     8   responder, chosen at random when it started
//    48     4   requests of this session that reached the responder, each counted once
//    52     4   requests of this session that came again
//    56     4   replies to this session that were sent, this one included
//    60     4   replies to this session that the rate limit suppressed
//    64     8   request received: hardware     \
//    72     8   request received: software      |
//    80     8   request received: userspace     |
//    88     8   reply sent: userspace           |  nanoseconds since 1970 on the clock of the kind of
//    96     8   reply sent: scheduled           |  stamp: the NIC's for hardware, else CLOCK_REALTIME
//   104     8   reply sent: software            |
//   112     8   reply sent: hardware           /
//   120     8   the NIC's clock minus CLOCK_REALTIME, nanoseconds
//   128     4   error of that difference, nanoseconds
//   132     2   which of the eight numbers from 64 on are there, the first in bit 0
//   134     2   zero
//
// A reply carries what is known when it is sent; a follow-up repeats it with the reply's own transmit
// stamps, which exist only afterwards. Padding up to the length of the frame may hold anything.

/// A probe's content.
struct ProbeMessage: Equatable {
    enum Kind: UInt8 {
        case probe = 1
        case request
        case reply
        case followUp
    }

    struct Flags: OptionSet {
        let rawValue: UInt16
        static let wantsFollowUp = Flags(rawValue: 1 << 0)
        static let wantsScheduledStamp = Flags(rawValue: 1 << 1)
    }

    var number: UInt64
    var kind: Kind
    var flags: Flags = []
    /// Nil for the reference's probes, which end after the number.
    var session: UInt64?
    /// What the responder says; meaningful in replies and follow-ups.
    var report = ResponderReport()

    static let magic: UInt64 = 0x9372_e759_c7b5_aa73
    static let fieldsMagic: UInt32 = 0xa1f7_0b5e
    static let version: UInt8 = 1

    /// The length of the reference's probe, the least there is.
    static let referenceLength = 16
    /// The length with the fields that every kind has.
    static let probeLength = 40
    /// The length of requests, replies and follow-ups.
    static let exchangeLength = 136

    /// The length that a message of this kind has.
    static func length(of kind: Kind) -> Int {
        kind == .probe ? probeLength : exchangeLength
    }

    /// Where the number stands, for those who send one message again and again.
    static let numberOffset = 8
    /// Where the version of the layout stands in a message that has one.
    static let versionOffset = 20
    /// Where the check value stands in a message that has one.
    static let checkOffset = 24
    /// Where the session stands in a message that has one.
    static let sessionOffset = 32
}

/// What a responder says in its reply: its counters for the session, and its stamps.
struct ResponderReport: Equatable {
    var responder: UInt64 = 0
    var requests: UInt32 = 0
    var duplicates: UInt32 = 0
    var replies: UInt32 = 0
    var suppressed: UInt32 = 0
    var receivedHardware: Int64?
    var receivedSoftware: Int64?
    var receivedUserspace: Int64?
    var sentUserspace: Int64?
    var sentScheduled: Int64?
    var sentSoftware: Int64?
    var sentHardware: Int64?
    /// The NIC's clock minus CLOCK_REALTIME, and the error of that, both in nanoseconds.
    var clockOffset: Int64?
    var clockOffsetError: UInt32 = 0
}

extension ProbeMessage {
    /// Writes the message into the payload of a frame, which starts at `start`, and zeros behind it. A
    /// probe is cut down to its number where the frame is too small for its fields.
    ///
    /// - Returns: how long the message is in the frame.
    @_lifetime(frame: copy frame)
    @discardableResult
    func encode(into frame: inout MutableSpan<UInt8>, at start: Int) -> Int {
        frame.fillWithZeros(start..<frame.count)
        frame.storeBigEndian(Self.magic, at: start)
        frame.storeLittleEndian(number, at: start + Self.numberOffset)
        let length = Self.length(of: kind)
        guard frame.count - start >= length, let session else { return Self.referenceLength }
        frame.storeBigEndian(Self.fieldsMagic, at: start + 16)
        frame[start + Self.versionOffset] = Self.version
        frame[start + 21] = kind.rawValue
        frame.storeLittleEndian(UInt16(length), at: start + 22)
        frame.storeLittleEndian(flags.rawValue, at: start + 26)
        frame.storeLittleEndian(session, at: start + 32)
        if kind == .reply || kind == .followUp { report.encode(into: &frame, at: start) }
        Self.encodeCheck(into: &frame, at: start, length: length)
        return length
    }

    @_lifetime(frame: copy frame)
    private static func encodeCheck(into frame: inout MutableSpan<UInt8>, at start: Int, length: Int) {
        let sum = clearCheck(in: &frame, at: start, length: length)
        frame.storeBigEndian(sum.value, at: start + checkOffset)
    }

    /// Clears the check value of a message of `length` bytes at `start`, and sums up what it is made of.
    @_lifetime(frame: copy frame)
    static func clearCheck(
        in frame: inout MutableSpan<UInt8>, at start: Int, length: Int
    ) -> InternetChecksum {
        frame.storeBigEndian(0 as UInt16, at: start + checkOffset)
        var sum = InternetChecksum()
        sum.add(frame.span.extracting(start..<start + length))
        return sum
    }

    /// Reads a message from the start of a payload.
    init(decoding payload: Span<UInt8>) throws(FrameFault) {
        self.init(payload, of: try Self.check(payload))
    }

    /// Whether there is a message at the start of a payload, and of which kind.
    static func check(_ payload: Span<UInt8>) throws(FrameFault) -> Kind {
        guard payload.count >= referenceLength else {
            throw payload.beginsLikeProbe ? .truncated : .foreign
        }
        guard payload.bigEndian64(at: 0) == magic else { throw .foreign }
        // Behind the reference's probe there is padding.
        guard payload.hasProbeFields else { return .probe }
        guard payload[versionOffset] == version, let kind = Kind(rawValue: payload[21]) else {
            throw .otherVersion
        }
        let length = length(of: kind)
        guard payload.littleEndian16(at: 22) == UInt16(length) else { throw .corrupt }
        guard payload.count >= length else { throw .truncated }
        guard InternetChecksum.of(payload.extracting(0..<length)) == 0 else { throw .corrupt }
        return kind
    }

    /// Reads a message that has been checked, and is of that kind.
    init(_ payload: Span<UInt8>, of kind: Kind) {
        self.kind = kind
        number = payload.littleEndian64(at: Self.numberOffset)
        guard payload.hasProbeFields else { return }
        flags = Flags(rawValue: payload.littleEndian16(at: 26))
        session = payload.littleEndian64(at: 32)
        if kind == .reply || kind == .followUp { report = ResponderReport(decoding: payload) }
    }
}

extension Span<UInt8> {
    /// Whether a probe in a payload goes on behind the reference's.
    fileprivate var hasProbeFields: Bool {
        count >= 24 && bigEndian32(at: 16) == ProbeMessage.fieldsMagic
    }

    /// Whether a payload too short for a probe could be the beginning of one.
    fileprivate var beginsLikeProbe: Bool {
        guard count > 0 else { return false }
        for index in 0..<Swift.min(count, 8) {
            guard self[index] == UInt8(truncatingIfNeeded: ProbeMessage.magic >> UInt64(8 * (7 - index)))
            else { return false }
        }
        return true
    }
}

extension ResponderReport {
    @_lifetime(frame: copy frame)
    fileprivate func encode(into frame: inout MutableSpan<UInt8>, at start: Int) {
        frame.storeLittleEndian(responder, at: start + 40)
        frame.storeLittleEndian(requests, at: start + 48)
        frame.storeLittleEndian(duplicates, at: start + 52)
        frame.storeLittleEndian(replies, at: start + 56)
        frame.storeLittleEndian(suppressed, at: start + 60)
        var present: UInt16 = 0
        func put(_ value: Int64?, _ bit: Int, into frame: inout MutableSpan<UInt8>) {
            guard let value else { return }
            frame.storeLittleEndian(UInt64(bitPattern: value), at: start + 64 + 8 * bit)
            present |= 1 << UInt16(bit)
        }
        put(receivedHardware, 0, into: &frame)
        put(receivedSoftware, 1, into: &frame)
        put(receivedUserspace, 2, into: &frame)
        put(sentUserspace, 3, into: &frame)
        put(sentScheduled, 4, into: &frame)
        put(sentSoftware, 5, into: &frame)
        put(sentHardware, 6, into: &frame)
        put(clockOffset, 7, into: &frame)
        frame.storeLittleEndian(clockOffsetError, at: start + 128)
        frame.storeLittleEndian(present, at: start + 132)
    }

    fileprivate init(decoding payload: Span<UInt8>) {
        let present = payload.littleEndian16(at: 132)
        func take(_ bit: Int, from payload: Span<UInt8>) -> Int64? {
            guard present & 1 << UInt16(bit) != 0 else { return nil }
            return Int64(bitPattern: payload.littleEndian64(at: 64 + 8 * bit))
        }
        responder = payload.littleEndian64(at: 40)
        requests = payload.littleEndian32(at: 48)
        duplicates = payload.littleEndian32(at: 52)
        replies = payload.littleEndian32(at: 56)
        suppressed = payload.littleEndian32(at: 60)
        receivedHardware = take(0, from: payload)
        receivedSoftware = take(1, from: payload)
        receivedUserspace = take(2, from: payload)
        sentUserspace = take(3, from: payload)
        sentScheduled = take(4, from: payload)
        sentSoftware = take(5, from: payload)
        sentHardware = take(6, from: payload)
        clockOffset = take(7, from: payload)
        clockOffsetError = payload.littleEndian32(at: 128)
    }
}
