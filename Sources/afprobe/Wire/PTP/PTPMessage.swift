import AFPacketKit

// The messages of PTP version 2 that measure a delay. IEEE 1588-2019, clause 13
//
//     0     1   sdoId's high half (transportSpecific) 4 bits | message type 4 bits
//     1     1   version
//     2     2   length
//     4     1   domain
//     6     2   flags: two-step 0x0200, unicast 0x0400
//     8     8   correction, ns·2¹⁶
//    20    10   port identity of the sender: clock identity 8, port 2
//    30     2   sequence number
//    32     1   control, for version 1
//    33     1   log interval, 0x7f if there is none
//    34    10   a time: seconds 6, nanoseconds 4
//    44    10   answers: port identity of the requester; Pdelay_Req: reserved

/// The identity of a port of a PTP clock.
struct PTPPortIdentity: Equatable {
    var clock: UInt64
    var port: UInt16

    /// The first port of a clock that is made of a MAC address (EUI-64).
    init(of address: MACAddress) {
        clock = (address.value >> 24) << 40 | 0xfffe << 24 | address.value & 0xff_ffff
        port = 1
    }

    init(clock: UInt64, port: UInt16) { (self.clock, self.port) = (clock, port) }

    /// A port of the same clock that no PTP program has, since they count theirs from 1. IEEE 1588-2019, 7.5.2.3,
    /// reserves 0 and 0xffff.
    static func random(of address: MACAddress) -> PTPPortIdentity {
        PTPPortIdentity(
            clock: PTPPortIdentity(of: address).clock, port: .random(in: 0x8000...0xfffe))
    }
}

/// A message about a delay, or a Sync.
struct PTPMessage: Equatable {
    enum Kind: UInt8 {
        case sync = 0x0
        case delayRequest = 0x1
        case peerDelayRequest = 0x2
        case peerDelayResponse = 0x3
        case followUp = 0x8
        case delayResponse = 0x9
        case peerDelayResponseFollowUp = 0xa
    }

    struct Flags: OptionSet {
        let rawValue: UInt16
        static let twoStep = Flags(rawValue: 0x0200)
        static let unicast = Flags(rawValue: 0x0400)
    }

    var kind: Kind
    /// The high half of the sdoId: 1 in the profile of IEEE 802.1AS.
    var profile: UInt8 = 0
    var domain: UInt8 = 0
    var flags: Flags = []
    /// In ns·2¹⁶.
    var correction: Int64 = 0
    var sender: PTPPortIdentity
    var sequence: UInt16 = 0
    /// In nanoseconds of the clock's timescale; nil for none, which is zero in the message.
    var time: Int64?
    /// Tells whether the time is beyond its range, so that it is none.
    var hasInvalidTime = false
    /// Nil in messages that answer none.
    var requester: PTPPortIdentity?

    static let length = 54
    static let sequenceOffset = 30
    /// The length of a Sync, Follow_Up or Delay_Req.
    static let shortLength = 44
    private static let version: UInt8 = 2

    /// Writes a request of `length` bytes.
    @_lifetime(frame: copy frame)
    func encodeRequest(into frame: inout MutableSpan<UInt8>, at start: Int, length: Int) {
        frame.fillWithZeros(start..<start + length)
        frame[start] = profile << 4 | kind.rawValue
        frame[start + 1] = Self.version
        frame.storeBigEndian(UInt16(length), at: start + 2)
        frame[start + 4] = domain
        frame.storeBigEndian(flags.rawValue, at: start + 6)
        frame.storeBigEndian(sender.clock, at: start + 20)
        frame.storeBigEndian(sender.port, at: start + 28)
        frame.storeBigEndian(sequence, at: start + 30)
        frame[start + 32] = kind == .delayRequest ? 1 : 5
        frame[start + 33] = 0x7f
    }

    /// Reads a message; nil if it is none of these kinds, or too short for its kind.
    init?(decoding message: Span<UInt8>) {
        guard message.count >= Self.shortLength, message[1] & 0xf == Self.version,
            let kind = Kind(rawValue: message[0] & 0xf)
        else { return nil }
        let length = Int(message.bigEndian16(at: 2))
        let hasRequester = [.peerDelayResponse, .peerDelayResponseFollowUp, .delayResponse].contains(kind)
        guard length >= (hasRequester ? Self.length : Self.shortLength), length <= message.count else {
            return nil
        }
        self.kind = kind
        (profile, domain) = (message[0] >> 4, message[4])
        flags = Flags(rawValue: message.bigEndian16(at: 6))
        correction = Int64(bitPattern: message.bigEndian64(at: 8))
        sender = PTPPortIdentity(clock: message.bigEndian64(at: 20), port: message.bigEndian16(at: 28))
        sequence = message.bigEndian16(at: 30)
        let seconds = message.bigEndian64(at: 32) & 0xffff_ffff_ffff
        let nanoseconds = Int64(message.bigEndian32(at: 40))
        // 2262, and a hostile responder's years beyond it.
        hasInvalidTime = seconds >= 9_000_000_000 || nanoseconds >= 1_000_000_000
        time =
            !hasInvalidTime && (seconds != 0 || nanoseconds != 0)
            ? Int64(seconds) * 1_000_000_000 + nanoseconds : nil
        requester =
            hasRequester
            ? PTPPortIdentity(clock: message.bigEndian64(at: 44), port: message.bigEndian16(at: 52)) : nil
    }

    init(
        kind: Kind, profile: UInt8 = 0, domain: UInt8 = 0, flags: Flags = [], sender: PTPPortIdentity,
        sequence: UInt16 = 0
    ) {
        (self.kind, self.profile, self.domain, self.flags) = (kind, profile, domain, flags)
        (self.sender, self.sequence) = (sender, sequence)
    }
}
