import AFPacketKit

/// A probe in a received frame: checked, and read only on demand. It cannot outlive the frame.
struct FoundProbe: ~Escapable {
    let frame: ReceivedFrame
    private(set) var ancillary: Ancillary
    /// CLOCK_REALTIME when the frame was in the program's memory.
    let userspace: Timestamp
    let kind: ProbeMessage.Kind
    fileprivate let parts: ParsedFrame

    /// Finds the most frequent kind: a valid probe right behind the Ethernet header. Nil for anything else.
    @_lifetime(copy frame)
    init?(plain frame: ReceivedFrame, at userspace: Timestamp) {
        guard let kind = ProbeMessage.kind(ofPlain: frame.bytes) else { return nil }
        self.frame = frame
        ancillary = frame.ancillary
        self.userspace = userspace
        parts = ParsedFrame(plain: frame.bytes)
        self.kind = kind
    }

    /// Finds a probe in a frame of any kind; throws if there is none.
    @_lifetime(copy frame)
    init(_ frame: ReceivedFrame, at userspace: Timestamp) throws(FrameFault) {
        ancillary = frame.ancillary
        let isJudged = !ancillary.isChecksumPending && !frame.isTruncated
        parts = try ParsedFrame(frame.bytes, checksUDP: isJudged)
        kind = try ProbeMessage.check(frame.bytes.extracting(parts.payload))
        self.frame = frame
        self.userspace = userspace
    }

    /// The copy of a probe that another thread has found.
    @_lifetime(copy frame)
    init(_ stored: StoredProbe, in frame: ReceivedFrame) {
        self.frame = frame
        ancillary = frame.ancillary
        (userspace, kind, parts) = (stored.userspace, stored.kind, stored.parts)
    }

    /// Leaves out a stamp that another clock took.
    mutating func dropHardwareStamp() { ancillary.hardware = nil }

    // MARK: Reading it

    /// The length of the frame on the wire without the FCS: with the tag that the kernel took out.
    var size: Int { frame.length + (ancillary.vlan == nil ? 0 : 4) }

    var number: UInt64 { field(at: ProbeMessage.numberOffset) }

    /// The session of an exchange. A probe may lack one.
    var session: UInt64 { field(at: ProbeMessage.sessionOffset) }

    private func field(at offset: Int) -> UInt64 {
        frame.bytes.littleEndian64(at: parts.payloadStart + offset)
    }

    /// The frame's headers.
    var shape: FrameShape { parts.shape(of: frame.bytes, vlan: ancillary.vlan) }

    /// Tells whether a VLAN tag is in the frame's bytes, beside the one that the kernel took out.
    var isTagged: Bool { parts.isTagged }

    /// The origin of a plain frame; nil if it is not plain.
    var origin: PlainOrigin? { parts.isPlain ? PlainOrigin(frame.bytes, ancillary.vlan) : nil }

    /// The request in the frame, which must be of that kind.
    var request: ProbeRequest {
        let flags = frame.bytes.littleEndian16(at: parts.payloadStart + ProbeMessage.flagsOffset)
        return ProbeRequest(
            number: number, flags: ProbeMessage.Flags(rawValue: flags).intersection(.wishes),
            timeout: frame.bytes.littleEndian32(at: parts.payloadStart + ProbeMessage.timeoutOffset),
            session: session, size: size)
    }

    /// The offset of the responder info in the frame; a probe lacks it, and in a request it is zero.
    var infoStart: Int { parts.payloadStart + ProbeMessage.infoOffset }

    /// The whole probe.
    func read() -> ReceivedProbe {
        // The padding of a stored probe has been left out.
        let payload = parts.payload.clamped(to: 0..<frame.bytes.count)
        return ReceivedProbe(
            message: ProbeMessage(frame.bytes.extracting(payload), of: kind), shape: shape, size: size,
            ancillary: ancillary, userspace: userspace)
    }
}

/// A copy of a received probe.
struct ReceivedProbe {
    let message: ProbeMessage
    let shape: FrameShape
    /// The length of the frame on the wire without the FCS: with the tag that the kernel took out.
    let size: Int
    let ancillary: Ancillary
    let userspace: Timestamp
}

/// The fields of a request that an answer needs.
struct ProbeRequest {
    let number: UInt64
    let flags: ProbeMessage.Flags
    /// In microseconds; 0 if it is not told.
    let timeout: UInt32
    let session: UInt64
    /// The length of its frame on the wire without the FCS: with the tag that the kernel took out.
    let size: Int
}

/// The addresses, type and tag of a plain frame: the reply route of one frame holds for all with the same.
struct PlainOrigin: Equatable {
    /// The bytes of the Ethernet header, in two overlapping parts.
    private let start: UInt64
    private let end: UInt64
    private let vlan: VLANTag?

    fileprivate init(_ frame: Span<UInt8>, _ vlan: VLANTag?) {
        start = frame.value(at: 0, as: UInt64.self)
        end = frame.value(at: 6, as: UInt64.self)
        self.vlan = vlan
    }
}

/// A copy of a probe, for another thread: its headers and its message, without the padding.
struct StoredProbe {
    /// Enough for a VLAN tag, IPv4 with all options, UDP and PTP in front of the longest message: 270 bytes.
    static let maxLength = 272

    let ancillary: Ancillary
    /// The length of the whole frame.
    let length: Int
    fileprivate let userspace: Timestamp
    fileprivate let kind: ProbeMessage.Kind
    fileprivate let parts: ParsedFrame
    private var head = InlineArray<272, UInt8>(repeating: 0)
    private let count: Int

    init(_ probe: FoundProbe) {
        (ancillary, length, userspace) = (probe.ancillary, probe.frame.length, probe.userspace)
        (kind, parts) = (probe.kind, probe.parts)
        count = min(probe.frame.bytes.count, head.count)
        var bytes = head.mutableSpan
        bytes.copy(probe.frame.bytes.extracting(first: count))
    }

    /// The first bytes of the frame: all that is read of a probe.
    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { head.span.extracting(first: count) }
    }
}
