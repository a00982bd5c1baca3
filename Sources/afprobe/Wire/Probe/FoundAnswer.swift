import AFPacketKit

/// A reply or a follow-up: the number of its request, and the offset of the responder info in the frame.
struct FoundAnswer: Equatable {
    let number: UInt64
    let isFollowUp: Bool
    private let infoStart: UInt32

    fileprivate init(number: UInt64, isFollowUp: Bool, infoStart: Int) {
        self.number = number
        self.isFollowUp = isFollowUp
        self.infoStart = UInt32(truncatingIfNeeded: infoStart)
    }

    private var start: Int { Int(infoStart) - ProbeMessage.infoOffset }

    // These read the frame in which the answer was found.

    func info(in frame: Span<UInt8>) -> ResponderInfo {
        frame.value(at: Int(infoStart), as: ResponderInfo.self)
    }

    func losses(in frame: Span<UInt8>) -> ResponderLosses {
        frame.value(at: start + ProbeMessage.lossesOffset, as: ResponderLosses.self)
    }

    func flags(in frame: Span<UInt8>) -> ProbeMessage.Flags {
        ProbeMessage.Flags(rawValue: frame.littleEndian16(at: start + ProbeMessage.flagsOffset))
    }
}

/// Counts of frames that seem to answer a run's requests, and do not.
struct AnswerFaults {
    /// Frames that are no probe at all.
    var frames = FrameFaultCounts()
    /// Answers in another VLAN than the requests.
    fileprivate(set) var otherVLAN: UInt64 = 0
    /// Answers over another protocol than the requests.
    fileprivate(set) var otherProtocol: UInt64 = 0
}

/// Tells the answers to one run's requests from other frames.
struct AnswerPattern {
    private let session: UInt64
    private let peer: MACAddress
    /// The identifier of the requests' VLAN; 0 if they have none.
    private let vlan: UInt16
    private let carrier: FrameShape.Carrier
    private let ptp: PTPHeader.Form
    /// The Ethernet header of a plain answer, from the source on; nil if the requests are not plain.
    private let sourceAndType: UInt64?

    init(_ session: UInt64, to shape: FrameShape) {
        self.session = session
        peer = shape.destination
        vlan = shape.vlan?.identifier ?? 0
        (carrier, ptp) = (shape.carrier, shape.ptp)
        guard case .ethernet(let type) = shape.carrier, shape.ptp == .none, ParsedFrame.isPlain(type) else {
            sourceAndType = nil
            return
        }
        sourceAndType = (shape.destination.value << 16 | UInt64(type.rawValue)).bigEndian
    }

    /// The answer in a frame; nil if it is none. `faults` counts why a frame is none though it seems to be.
    func match(_ frame: ReceivedFrame, _ faults: inout AnswerFaults) -> FoundAnswer? {
        // A copy of what this host sent.
        if let answer = match(plain: frame.bytes), isOfVLAN(frame.ancillary.vlan) { return answer }
        do throws(FrameFault) {
            return match(try FoundProbe(frame, at: Timestamp(nanoseconds: 0)), &faults)
        } catch {
            faults.frames.count(error)
            return nil
        }
    }

    /// Returns whether a frame with this tag is of the requests' VLAN. A tag for VLAN 0 has a priority only.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    private func isOfVLAN(_ tag: VLANTag?) -> Bool { (tag?.identifier ?? 0) == vlan }

    /// Finds the most frequent kind: a valid answer right behind the Ethernet header. Nil for anything else, which may
    /// still be an answer.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    func match(plain frame: Span<UInt8>) -> FoundAnswer? {
        let start = ParsedFrame.ethernetHeader
        guard frame.count >= start + ProbeMessage.exchangeLength,
            frame.value(at: start - 8, as: UInt64.self) == sourceAndType
        else { return nil }
        let message = frame.extracting(start..<frame.count)
        guard message.littleEndian64(at: ProbeMessage.sessionOffset) == session,
            let kind = ProbeMessage.answerKind(of: message)
        else { return nil }
        return FoundAnswer(
            number: message.littleEndian64(at: ProbeMessage.numberOffset), isFollowUp: kind == .followUp,
            infoStart: start + ProbeMessage.infoOffset)
    }

    /// The number of a request that the network returned, by the payload of its datagram; nil if it is none of this
    /// run's.
    func number(ofReturned payload: Span<UInt8>) -> UInt64? {
        let start = ptp.length
        guard payload.count >= start + ProbeMessage.sessionOffset + 8,
            payload.littleEndian64(at: start + ProbeMessage.sessionOffset) == session
        else { return nil }
        return payload.littleEndian64(at: start + ProbeMessage.numberOffset)
    }

    /// The answer that a probe is; nil if it is none.
    func match(_ probe: FoundProbe, _ faults: inout AnswerFaults) -> FoundAnswer? {
        guard probe.kind == .reply || probe.kind == .followUp, probe.session == session,
            probe.frame.bytes.macAddress(at: 6) == peer
        else { return nil }
        let shape = probe.shape
        guard shape.ptp == ptp, shape.carrier.isOfKind(carrier) else {
            faults.otherProtocol += 1
            return nil
        }
        guard isOfVLAN(shape.vlan) else {
            faults.otherVLAN += 1
            return nil
        }
        return FoundAnswer(
            number: probe.number, isFollowUp: probe.kind == .followUp, infoStart: probe.infoStart)
    }
}

extension FrameShape.Carrier {
    /// Returns whether both are the same protocol, whatever their addresses and ports.
    fileprivate func isOfKind(_ other: FrameShape.Carrier) -> Bool {
        switch (self, other) {
        case (.ethernet(let type), .ethernet(let otherType)): type == otherType
        case (.udp4, .udp4), (.udp6, .udp6): true
        default: false
        }
    }
}
