import AFPacketKit

/// A reply or a follow-up, for the requester: which request it answers, and where to read what it says.
struct FoundAnswer: Equatable {
    let number: UInt64
    let isFollowUp: Bool
    fileprivate let reportStart: Int

    /// Reads what the responder says from the frame in which the answer was found.
    @inline(__always)
    func report(in frame: Span<UInt8>) -> ResponderReport {
        frame.value(at: reportStart, as: ResponderReport.self)
    }
}

/// What tells the answers to the requests of one run.
struct AnswerPattern {
    private let session: UInt64
    private let peer: MACAddress
    /// The end of the Ethernet header, from the source on, as it stands in a plain answer; nil where the requests are not
    /// plain.
    private let origin: UInt64?

    /// - Parameters:
    ///   - session: that of the run.
    ///   - shape: that of the requests.
    init(_ session: UInt64, to shape: FrameShape) {
        self.session = session
        peer = shape.destination
        guard case .ethernet(let type) = shape.carrier, !shape.isPTP, ParsedFrame.isPlain(type) else {
            origin = nil
            return
        }
        origin = (shape.destination.value << 16 | UInt64(type.rawValue)).bigEndian
    }

    /// Looks for what most answers are: right ones behind nothing but the header of Ethernet. Nil where there is anything
    /// else, which may be an answer all the same.
    @inline(__always)
    func match(plain frame: Span<UInt8>) -> FoundAnswer? {
        let start = ParsedFrame.ethernetHeader
        guard frame.count >= start + ProbeMessage.exchangeLength,
            frame.value(at: start - 8, as: UInt64.self) == origin
        else { return nil }
        let message = frame.extracting(start..<frame.count)
        guard message.littleEndian64(at: ProbeMessage.sessionOffset) == session,
            let isFollowUp = ProbeMessage.isFollowUp(answer: message)
        else { return nil }
        return FoundAnswer(
            number: message.littleEndian64(at: ProbeMessage.numberOffset), isFollowUp: isFollowUp,
            reportStart: start + ProbeMessage.reportOffset)
    }

    /// Whether what was found in a frame is an answer.
    func match(_ found: FoundProbe, in frame: Span<UInt8>) -> FoundAnswer? {
        guard found.kind == .reply || found.kind == .followUp, found.session(in: frame) == session,
            frame.macAddress(at: 6) == peer
        else { return nil }
        return FoundAnswer(
            number: found.number(in: frame), isFollowUp: found.kind == .followUp,
            reportStart: found.reportStart)
    }
}
