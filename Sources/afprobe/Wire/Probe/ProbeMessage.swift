import AFPacketKit

// The bytes of a probe, after the Ethernet header or in a UDP datagram. Every number is little-endian.
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
//    26     2   flags. What the requester wants: 1 a follow-up, 2 the scheduled stamp in it. Of a follow-up: 4 it
//               lacks stamps that were to come, 8 the responder's CLOCK_REALTIME was set during the exchange
//    28     4   in a request the timeout in microseconds, or 0 for 600 ms; in a probe zero; else
//    28     2     replies of this session that the responder's send call refused, modulo 2^16
//    30     2     frames that the responder's receive queue dropped, modulo 2^16
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
//   134     2   generation of the session in the responder's table, from 1; 0 if the responder tells none of the
//               fields that came later: this one, the two counters from 28 on, and the flags 4 and 8
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
        /// Of a follow-up: stamps are missing that the responder waited for.
        static let isIncomplete = Flags(rawValue: 1 << 2)
        /// Of a follow-up: the responder's CLOCK_REALTIME was set between two of its stamps.
        static let clockWasSet = Flags(rawValue: 1 << 3)
        /// The flags that a requester sets.
        static let wishes: Flags = [.wantsFollowUp, .wantsScheduledStamp]
    }

    var number: UInt64
    var kind: Kind
    var flags: Flags = []
    /// Nil for the reference's probes, which end after the number.
    var session: UInt64?
    /// The requester's timeout in microseconds; 0 if it is not told. Meaningful in requests only.
    var timeout: UInt32 = 0
    /// Meaningful in replies and follow-ups only, like `info`.
    var losses = ResponderLosses()
    var info = ResponderInfo()

    static let magic: UInt64 = 0x9372_e759_c7b5_aa73
    static let fieldsMagic: UInt32 = 0xa1f7_0b5e
    static let version: UInt8 = 1

    /// The length of the reference's probe, the minimum.
    static let referenceLength = 16
    /// The length with the fields that every kind has.
    static let probeLength = 40
    /// The length of requests, replies and follow-ups.
    static let exchangeLength = 136

    static func length(of kind: Kind) -> Int {
        kind == .probe ? probeLength : exchangeLength
    }

    // The offsets of fields, in messages that have them.
    static let numberOffset = 8
    static let fieldsOffset = 16
    static let versionOffset = 20
    static let kindOffset = 21
    static let checkOffset = 24
    static let flagsOffset = 26
    /// The timeout of a request, and the losses in an answer.
    static let timeoutOffset = 28
    static let lossesOffset = 28
    static let sessionOffset = 32
    /// The userspace stamp of a reply.
    static let sentUserspaceOffset = 88
    /// The responder info, which extends to the end of the message.
    static let infoOffset = 40
}

/// The responder's counts of frames that were lost in its own queues, modulo 2¹⁶.
struct ResponderLosses: BitwiseCopyable, Equatable {
    /// Replies of the session that its send call refused.
    @LittleEndian var refused: UInt16 = 0
    /// Frames of any session that its receive queue dropped.
    @LittleEndian var dropped: UInt16 = 0
}

/// The responder's counters for the session, and its stamps, laid out as in the message, so that they are read and
/// written as a whole.
struct ResponderInfo: BitwiseCopyable {
    /// The optional numbers, in the message's order.
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
    /// The set of present values, the first in bit 0.
    @LittleEndian private var present: UInt16 = 0
    /// Changes whenever the responder's table has lost the session's counters; 0 if it is not told.
    @LittleEndian var generation: UInt16 = 0

    init() {}

    /// A value in nanoseconds; nil if it is not known.
    subscript(value: Value) -> Int64? {
        @inline(__always)  // "answer, with follow-ups: user instructions"
        get { present & 1 << UInt16(value.rawValue) != 0 ? values[value.rawValue].wrappedValue : nil }
        @inline(__always)  // "answer, with follow-ups: user instructions"
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
            && one.present == other.present && one.generation == other.generation
            && one.values.indices.allSatisfy { one.values[$0] == other.values[$0] }
    }
}

/// The first bytes of every message with fields.
private struct MessageHead: BitwiseCopyable {
    var magic = ProbeMessage.magic.bigEndian
    @LittleEndian var number: UInt64
    var fieldsMagic = ProbeMessage.fieldsMagic.bigEndian
    var version = ProbeMessage.version
    var kind: UInt8
    @LittleEndian var length: UInt16
    var check: UInt16 = 0
    @LittleEndian var flags: UInt16
    /// By the kind of the message: the timeout, or the losses.
    var extra: UInt32 = 0
    @LittleEndian var session: UInt64
}

extension ProbeMessage {
    /// Writes the message at `start` of a frame, and zeros behind it; returns the length of the message there. A probe
    /// is cut after its number if the frame is too small for its fields.
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
        switch kind {
        case .probe: break
        case .request: frame.storeLittleEndian(timeout, at: start + Self.timeoutOffset)
        case .reply, .followUp: frame.store(losses, at: start + Self.lossesOffset)
        }
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

    /// Turns the reply at `start` of a frame into its follow-up; `flags` are added to it, `complete` adds to the
    /// responder info. A UDP checksum
    /// stays right: with its check value, any message sums up to zero.
    @_lifetime(frame: copy frame)
    static func turnIntoFollowUp(
        _ frame: inout MutableSpan<UInt8>, at start: Int, flags: Flags,
        _ complete: (inout ResponderInfo) -> Void
    ) {
        var info = frame.span.value(at: start + infoOffset, as: ResponderInfo.self)
        complete(&info)
        frame.store(info, at: start + infoOffset)
        frame[start + kindOffset] = Kind.followUp.rawValue
        // They are in the lower of the two bytes.
        frame[start + flagsOffset] |= UInt8(truncatingIfNeeded: flags.rawValue)
        encodeCheck(into: &frame, at: start, length: exchangeLength)
    }

    /// Clears the check value of a message of `length` bytes at `start`, and returns the sum of the message.
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

    /// The kind of the message right behind the Ethernet header, as in most frames; nil if more headers precede it, or
    /// it is not valid. No PTP message begins with the magic number.
    @inline(__always)  // "receive through the ring: user instructions"
    static func kind(ofPlain frame: Span<UInt8>) -> Kind? {
        let start = ParsedFrame.ethernetHeader
        guard frame.count >= start + referenceLength, ParsedFrame.isPlain(frame),
            frame.bigEndian64(at: start) == magic
        else { return nil }
        let payload = frame.extracting(start..<frame.count)
        guard payload.hasProbeFields else { return .probe }
        // Four adjacent fields, as one number.
        let fields = payload.littleEndian64(at: fieldsOffset)
        if fields == Self.fields(of: .probe) { return isRight(payload, length: probeLength) ? .probe : nil }
        guard fields & ~kindMask == Self.fields(of: .request) & ~kindMask,
            let kind = Kind(rawValue: UInt8(truncatingIfNeeded: fields >> 40)), kind != .probe
        else { return nil }
        return isRight(payload, length: exchangeLength) ? kind : nil
    }

    /// The kind of the answer at the start of a payload, which must have the length of one; nil if it is no answer, or
    /// not valid.
    static func answerKind(of payload: Span<UInt8>) -> Kind? {
        let fields = payload.littleEndian64(at: fieldsOffset)
        let isFollowUp = fields == Self.fields(of: .followUp)
        guard payload.bigEndian64(at: 0) == magic, isFollowUp || fields == Self.fields(of: .reply),
            isRight(payload, length: exchangeLength)
        else { return nil }
        return isFollowUp ? .followUp : .reply
    }

    /// The fields from `fieldsMagic` to the length, of a message of this kind.
    @inline(__always)  // "receive through the ring: user instructions"
    private static func fields(of kind: Kind) -> UInt64 {
        UInt64(fieldsMagic.byteSwapped) | UInt64(version) << 32 | UInt64(kind.rawValue) << 40
            | UInt64(length(of: kind)) << 48
    }

    /// The mask of the kind in them.
    private static var kindMask: UInt64 { 0xff << 40 }

    /// Returns whether a payload begins with a message of `length` bytes whose check value is right.
    @inline(__always)  // "receive through the ring: user instructions"
    private static func isRight(_ payload: Span<UInt8>, length: Int) -> Bool {
        payload.count >= length && sum(of: payload, length: length).value == 0
    }

    /// Checks the message at the start of a payload, and returns its kind.
    static func check(_ payload: Span<UInt8>) throws(FrameFault) -> Kind {
        guard payload.count >= referenceLength else {
            throw payload.beginsLikeProbe ? .truncated : .foreign
        }
        guard payload.bigEndian64(at: 0) == magic else { throw .foreign }
        // Behind the reference's probe there is padding.
        return payload.hasProbeFields ? try checkFields(payload) : .probe
    }

    private static func checkFields(_ payload: Span<UInt8>) throws(FrameFault) -> Kind {
        guard payload[versionOffset] == version, let kind = Kind(rawValue: payload[kindOffset]) else {
            // Its length and its check value tell another version from a corrupt message of this one.
            let length = Int(payload.littleEndian16(at: 22))
            guard length >= checkOffset + 2, length <= payload.count else { throw .corrupt }
            throw isRight(payload, length: length) ? .otherVersion : .corrupt
        }
        let length = length(of: kind)
        guard payload.littleEndian16(at: 22) == UInt16(length) else { throw .corrupt }
        guard payload.count >= length else { throw .truncated }
        guard isRight(payload, length: length) else { throw .corrupt }
        return kind
    }

    /// Sums up a message of the first `length` bytes.
    @inline(__always)  // "receive through the ring: user instructions"
    private static func sum(of bytes: Span<UInt8>, length: Int) -> InternetChecksum {
        var sum = InternetChecksum()
        // Both branches are the same, but with a length that the compiler knows there is no loop.
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
        case .request: timeout = payload.littleEndian32(at: Self.timeoutOffset)
        case .reply, .followUp:
            losses = payload.value(at: Self.lossesOffset, as: ResponderLosses.self)
            info = payload.value(at: Self.infoOffset, as: ResponderInfo.self)
        }
        flags = Flags(rawValue: payload.littleEndian16(at: Self.flagsOffset))
        session = payload.littleEndian64(at: Self.sessionOffset)
    }
}

extension Span<UInt8> {
    /// Tells whether a probe continues behind the reference's.
    fileprivate var hasProbeFields: Bool {
        count >= 24 && bigEndian32(at: ProbeMessage.fieldsOffset) == ProbeMessage.fieldsMagic
    }

    /// Tells whether a payload too short for a probe could be the beginning of one.
    fileprivate var beginsLikeProbe: Bool {
        guard count > 0 else { return false }
        for index in 0..<Swift.min(count, 8) {
            guard self[index] == UInt8(truncatingIfNeeded: ProbeMessage.magic >> UInt64(8 * (7 - index)))
            else { return false }
        }
        return true
    }
}
