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

    /// The responder info in the frame in which the answer was found.
    func info(in frame: Span<UInt8>) -> ResponderInfo {
        frame.value(at: Int(infoStart), as: ResponderInfo.self)
    }
}

/// Tells the answers to one run's requests from other frames.
struct AnswerPattern {
    private let session: UInt64
    private let peer: MACAddress
    /// The Ethernet header of a plain answer, from the source on; nil if the requests are not plain.
    private let sourceAndType: UInt64?

    init(_ session: UInt64, to shape: FrameShape) {
        self.session = session
        peer = shape.destination
        guard case .ethernet(let type) = shape.carrier, !shape.isPTP, ParsedFrame.isPlain(type) else {
            sourceAndType = nil
            return
        }
        sourceAndType = (shape.destination.value << 16 | UInt64(type.rawValue)).bigEndian
    }

    /// The answer in a frame; nil if it is none. `faults` counts why a frame is no probe at all.
    func match(_ frame: ReceivedFrame, _ faults: inout FrameFaultCounts) -> FoundAnswer? {
        // A copy of what this host sent.
        guard !frame.isOutgoing else { return nil }
        if let answer = match(plain: frame.bytes) { return answer }
        do throws(FrameFault) { return match(try FoundProbe(frame, at: Timestamp(nanoseconds: 0))) } catch {
            faults.count(error)
            return nil
        }
    }

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

    /// The answer that a probe is; nil if it is none.
    func match(_ probe: FoundProbe) -> FoundAnswer? {
        guard probe.kind == .reply || probe.kind == .followUp, probe.session == session,
            probe.frame.bytes.macAddress(at: 6) == peer
        else { return nil }
        return FoundAnswer(
            number: probe.number, isFollowUp: probe.kind == .followUp, infoStart: probe.infoStart)
    }
}
