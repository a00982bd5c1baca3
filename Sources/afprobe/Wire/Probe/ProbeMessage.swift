import AFPacketKit

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
    var info = ResponderInfo()

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
    /// Where the fields begin in a message that has them.
    static let fieldsOffset = 16
    /// Where the version of the layout stands in a message that has one.
    static let versionOffset = 20
    /// Where the check value stands in a message that has one.
    static let checkOffset = 24
    /// Where the flags stand in a message that has them.
    static let flagsOffset = 26
    /// Where the session stands in a message that has one.
    static let sessionOffset = 32
    /// Where the userspace stamp of a reply stands in it.
    static let sentUserspaceOffset = 88
    /// Where the responder info stands in a message that has one, up to its end.
    static let infoOffset = 40
}

/// What a responder says in its reply: its counters for the session, and its stamps; in the very bytes of the message, so
/// that it is read and written as a whole.
struct ResponderInfo: BitwiseCopyable {
    /// What there may be a number of, in the message's order.
    enum Value: Int {
        case receivedHardware
        case receivedSoftware
        case receivedUserspace
        case sentUserspace
        case sentScheduled
        case sentSoftware
        case sentHardware
        /// The NIC's clock minus CLOCK_REALTIME.
        case clockOffset
    }

    @LittleEndian var responder: UInt64 = 0
    @LittleEndian var requests: UInt32 = 0
    @LittleEndian var duplicates: UInt32 = 0
    @LittleEndian var replies: UInt32 = 0
    @LittleEndian var suppressed: UInt32 = 0
    private var values = InlineArray<8, LittleEndian<Int64>>(repeating: LittleEndian(wrappedValue: 0))
    /// The error of the clocks' offset, in nanoseconds.
    @LittleEndian var clockOffsetError: UInt32 = 0
    /// Which values are there, the first in bit 0.
    @LittleEndian private var present: UInt16 = 0
    private var padding: UInt16 = 0

    /// Nothing is known.
    init() {}

    /// A value in nanoseconds; nil if it is not known.
    // Inlined, so that of each value nothing is left but a load or a store: "ping" and "answer: user instructions".
    subscript(value: Value) -> Int64? {
        @inline(__always)
        get { present & 1 << UInt16(value.rawValue) != 0 ? values[value.rawValue].wrappedValue : nil }
        @inline(__always)
        set {
            let bit: UInt16 = 1 << UInt16(value.rawValue)
            present = newValue == nil ? present & ~bit : present | bit
            values[value.rawValue].wrappedValue = newValue ?? 0
        }
    }
}

extension ResponderInfo: Equatable {
    static func == (one: ResponderInfo, other: ResponderInfo) -> Bool {
        one.responder == other.responder && one.requests == other.requests
            && one.duplicates == other.duplicates && one.replies == other.replies
            && one.suppressed == other.suppressed && one.clockOffsetError == other.clockOffsetError
            && one.present == other.present
            && one.values.indices.allSatisfy { one.values[$0] == other.values[$0] }
    }
}

/// The bytes that every message with fields begins with.
private struct MessageHead: BitwiseCopyable {
    var magic = ProbeMessage.magic.bigEndian
    @LittleEndian var number: UInt64
    var fieldsMagic = ProbeMessage.fieldsMagic.bigEndian
    var version = ProbeMessage.version
    var kind: UInt8
    @LittleEndian var length: UInt16
    var check: UInt16 = 0
    @LittleEndian var flags: UInt16
    var padding: UInt32 = 0
    @LittleEndian var session: UInt64
}

extension ProbeMessage {
    /// Writes the message into the payload of a frame, which starts at `start`, and zeros behind it. A
    /// probe is cut down to its number where the frame is too small for its fields.
    ///
    /// - Returns: how long the message is in the frame.
    @_lifetime(frame: copy frame)
    @discardableResult
    func encode(into frame: inout MutableSpan<UInt8>, at start: Int) -> Int {
        let length = Self.length(of: kind)
        guard frame.count - start >= length, let session else {
            frame.storeBigEndian(Self.magic, at: start)
            frame.storeLittleEndian(number, at: start + Self.numberOffset)
            frame.fillWithZeros(start + Self.referenceLength..<frame.count)
            return Self.referenceLength
        }
        let head = MessageHead(
            number: number, kind: kind.rawValue, length: UInt16(length), flags: flags.rawValue,
            session: session)
        frame.store(head, at: start)
        if kind != .probe { frame.store(info, at: start + Self.infoOffset) }
        Self.encodeCheck(into: &frame, at: start, length: length)
        frame.fillWithZeros(start + length..<frame.count)
        return length
    }

    @_lifetime(frame: copy frame)
    private static func encodeCheck(into frame: inout MutableSpan<UInt8>, at start: Int, length: Int) {
        let sum = clearCheck(in: &frame, at: start, length: length)
        frame.storeBigEndian(sum.value, at: start + checkOffset)
    }

    /// Makes the reply that stands at `start` of a frame its follow-up, which says more. What surrounds it stays right: with
    /// its check value any message sums up to nothing in the checksum of a datagram.
    ///
    /// - Parameter complete: adds to what the reply said.
    @_lifetime(frame: copy frame)
    static func turnIntoFollowUp(
        _ frame: inout MutableSpan<UInt8>, at start: Int, _ complete: (inout ResponderInfo) -> Void
    ) {
        var info = frame.span.value(at: start + infoOffset, as: ResponderInfo.self)
        complete(&info)
        frame.store(info, at: start + infoOffset)
        frame[start + 21] = Kind.followUp.rawValue
        encodeCheck(into: &frame, at: start, length: exchangeLength)
    }

    /// Clears the check value of a message of `length` bytes at `start`, and sums up what it is made of.
    @_lifetime(frame: copy frame)
    static func clearCheck(
        in frame: inout MutableSpan<UInt8>, at start: Int, length: Int
    ) -> InternetChecksum {
        frame.storeBigEndian(0 as UInt16, at: start + checkOffset)
        return sum(of: frame.span.extracting(start..<start + length), length: length)
    }

    /// Reads a message from the start of a payload.
    init(decoding payload: Span<UInt8>) throws(FrameFault) {
        self.init(payload, of: try Self.check(payload))
    }

    /// The kind of the message in a frame that has nothing in front of it but the header of Ethernet, as most have; nil
    /// where there is more in front, or something is wrong. No PTP message begins with the magic number.
    // Inlined, with what it calls: "receive through the ring: user instructions".
    @inline(__always)
    static func kind(ofPlain frame: Span<UInt8>) -> Kind? {
        let start = ParsedFrame.ethernetHeader
        guard frame.count >= start + referenceLength, ParsedFrame.isPlain(frame),
            frame.bigEndian64(at: start) == magic
        else { return nil }
        let payload = frame.extracting(start..<frame.count)
        guard payload.hasProbeFields else { return .probe }
        // Four fields that stand together, as one number.
        let fields = payload.littleEndian64(at: fieldsOffset)
        if fields == Self.fields(of: .probe) { return isRight(payload, length: probeLength) ? .probe : nil }
        guard fields & ~kindMask == Self.fields(of: .request) & ~kindMask,
            let kind = Kind(rawValue: UInt8(truncatingIfNeeded: fields >> 40)), kind != .probe
        else { return nil }
        return isRight(payload, length: exchangeLength) ? kind : nil
    }

    /// The kind of the message at the start of a payload, which must have the length of one; nil where it is neither a reply
    /// nor a follow-up, or something is wrong.
    static func answerKind(of payload: Span<UInt8>) -> Kind? {
        let fields = payload.littleEndian64(at: fieldsOffset)
        let isFollowUp = fields == Self.fields(of: .followUp)
        guard payload.bigEndian64(at: 0) == magic, isFollowUp || fields == Self.fields(of: .reply),
            isRight(payload, length: exchangeLength)
        else { return nil }
        return isFollowUp ? .followUp : .reply
    }

    /// The fields from `fieldsMagic` to the length, of a message of this kind.
    @inline(__always)
    private static func fields(of kind: Kind) -> UInt64 {
        UInt64(fieldsMagic.byteSwapped) | UInt64(version) << 32 | UInt64(kind.rawValue) << 40
            | UInt64(length(of: kind)) << 48
    }

    /// Which part of them is the kind.
    private static var kindMask: UInt64 { 0xff << 40 }

    /// Whether there is a message of `length` bytes at the start of a payload whose check value is right.
    @inline(__always)
    private static func isRight(_ payload: Span<UInt8>, length: Int) -> Bool {
        payload.count >= length && sum(of: payload, length: length).value == 0
    }

    /// Whether there is a message at the start of a payload, and of which kind.
    static func check(_ payload: Span<UInt8>) throws(FrameFault) -> Kind {
        guard payload.count >= referenceLength else {
            throw payload.beginsLikeProbe ? .truncated : .foreign
        }
        guard payload.bigEndian64(at: 0) == magic else { throw .foreign }
        // Behind the reference's probe there is padding.
        return payload.hasProbeFields ? try checkFields(payload) : .probe
    }

    @inline(never)
    private static func checkFields(_ payload: Span<UInt8>) throws(FrameFault) -> Kind {
        guard payload[versionOffset] == version, let kind = Kind(rawValue: payload[21]) else {
            throw .otherVersion
        }
        let length = length(of: kind)
        guard payload.littleEndian16(at: 22) == UInt16(length) else { throw .corrupt }
        guard payload.count >= length else { throw .truncated }
        guard isRight(payload, length: length) else { throw .corrupt }
        return kind
    }

    /// Sums up a message that takes up the first `length` bytes.
    @inline(__always)
    private static func sum(of bytes: Span<UInt8>, length: Int) -> InternetChecksum {
        var sum = InternetChecksum()
        // The same in either branch: but where the length is one that the compiler knows, there is no loop.
        if length == exchangeLength {
            sum.add(bytes.extracting(0..<exchangeLength))
        } else {
            sum.add(bytes.extracting(0..<length))
        }
        return sum
    }

    /// Reads a message that has been checked, and is of that kind.
    init(_ payload: Span<UInt8>, of kind: Kind) {
        self.kind = kind
        number = payload.littleEndian64(at: Self.numberOffset)
        switch kind {
        case .probe: guard payload.hasProbeFields else { return }
        case .request: break
        case .reply, .followUp: info = payload.value(at: Self.infoOffset, as: ResponderInfo.self)
        }
        flags = Flags(rawValue: payload.littleEndian16(at: Self.flagsOffset))
        session = payload.littleEndian64(at: Self.sessionOffset)
    }
}

extension Span<UInt8> {
    /// Whether a probe in a payload goes on behind the reference's.
    fileprivate var hasProbeFields: Bool {
        count >= 24 && bigEndian32(at: ProbeMessage.fieldsOffset) == ProbeMessage.fieldsMagic
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
