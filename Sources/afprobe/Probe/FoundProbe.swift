import AFPacketKit

/// A probe that was received.
struct ReceivedProbe {
    let message: ProbeMessage
    let shape: FrameShape
    /// The length of the frame on the wire without the FCS: with the tag that the kernel took out.
    let size: Int
    let ancillary: Ancillary
    /// When the frame was in the program's memory.
    let userspace: Timestamp
}

/// What is known of a received frame once it has been checked that it is a probe: all that a run needs which only
/// counts. The rest is read where somebody asks for it.
struct FoundProbe {
    let kind: ProbeMessage.Kind
    private let parts: ParsedFrame

    /// Looks at a frame for what most frames are: a right probe behind nothing but the header of Ethernet. Nil where it is
    /// anything else.
    @inline(__always)
    init?(plain frame: Span<UInt8>) {
        guard let kind = ProbeMessage.kind(ofPlain: frame) else { return nil }
        parts = ParsedFrame(plain: frame)
        self.kind = kind
    }

    /// Looks at a frame of any kind, and tells why it is no probe.
    ///
    /// - Parameters:
    ///   - ancillary: what the kernel says about it.
    ///   - isTruncated: whether bytes were cut off.
    init(in frame: Span<UInt8>, _ ancillary: Ancillary, isTruncated: Bool) throws(FrameFault) {
        parts = try ParsedFrame(frame, checksUDP: !ancillary.isChecksumPending && !isTruncated)
        kind = try ProbeMessage.check(frame.extracting(parts.payload))
    }

    /// Reads the probe.
    ///
    /// - Parameters:
    ///   - frame: the one in which it was found.
    ///   - ancillary: what the kernel says about it.
    ///   - length: how long the frame was without the tag that the kernel took out.
    func read(
        from frame: Span<UInt8>, _ ancillary: Ancillary, length: Int, userspace: Timestamp
    ) -> ReceivedProbe {
        ReceivedProbe(
            message: ProbeMessage(frame.extracting(parts.payload), of: kind),
            shape: parts.shape(of: frame, vlan: ancillary.vlan),
            size: length + (ancillary.vlan == nil ? 0 : 4), ancillary: ancillary, userspace: userspace)
    }
}

/// What a request says to those who answer it.
struct ProbeRequest {
    let number: UInt64
    let flags: ProbeMessage.Flags
    let session: UInt64
    /// The length of its frame on the wire without the FCS: with the tag that the kernel took out.
    let size: Int
}

/// All that a plain frame says of where it comes from and goes to: what was found out of one holds for the next with the
/// same.
struct PlainOrigin: Equatable {
    /// The header of Ethernet as it stands there, in two overlapping parts.
    private let start: UInt64
    private let end: UInt64
    private let vlan: VLANTag?

    fileprivate init(_ frame: Span<UInt8>, _ vlan: VLANTag?) {
        start = frame.value(at: 0, as: UInt64.self)
        end = frame.value(at: 6, as: UInt64.self)
        self.vlan = vlan
    }
}

extension FoundProbe {
    /// Reads the request that was found in a frame. A probe of any other kind may lack what is read.
    @inline(__always)
    func request(in frame: Span<UInt8>, vlan: VLANTag?, length: Int) -> ProbeRequest {
        let start = parts.payloadStart
        return ProbeRequest(
            number: number(in: frame),
            flags: ProbeMessage.Flags(rawValue: frame.littleEndian16(at: start + ProbeMessage.flagsOffset)),
            session: frame.littleEndian64(at: start + ProbeMessage.sessionOffset),
            size: length + (vlan == nil ? 0 : 4))
    }

    /// The session of the exchange that was found in a frame. A probe may lack one.
    @inline(__always)
    func session(in frame: Span<UInt8>) -> UInt64 {
        frame.littleEndian64(at: parts.payloadStart + ProbeMessage.sessionOffset)
    }

    /// The number of the probe that was found in a frame.
    @inline(__always)
    func number(in frame: Span<UInt8>) -> UInt64 {
        frame.littleEndian64(at: parts.payloadStart + ProbeMessage.numberOffset)
    }

    /// Where in its frame the responder's report stands; a probe lacks it, and in a request it is zero.
    var reportStart: Int { parts.payloadStart + ProbeMessage.reportOffset }

    /// Where the frame comes from, if it is a plain one.
    @inline(__always)
    func origin(in frame: Span<UInt8>, vlan: VLANTag?) -> PlainOrigin? {
        parts.isPlain ? PlainOrigin(frame, vlan) : nil
    }

    /// What surrounds the payload of the frame.
    func shape(of frame: Span<UInt8>, vlan: VLANTag?) -> FrameShape { parts.shape(of: frame, vlan: vlan) }
}
