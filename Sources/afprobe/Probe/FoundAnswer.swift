import AFPacketKit

/// A reply or a follow-up, for the requester: which request it answers, and where to read what it says.
struct FoundAnswer: Equatable {
    let number: UInt64
    let isFollowUp: Bool
    private let reportStart: UInt32

    fileprivate init(number: UInt64, isFollowUp: Bool, reportStart: Int) {
        self.number = number
        self.isFollowUp = isFollowUp
        self.reportStart = UInt32(truncatingIfNeeded: reportStart)
    }

    /// Reads what the responder says from the frame in which the answer was found.
    @inline(__always)
    func report(in frame: Span<UInt8>) -> ResponderReport {
        frame.value(at: Int(reportStart), as: ResponderReport.self)
    }
}

/// What tells the answers to the requests of one run.
struct AnswerPattern {
    private let session: UInt64
    private let peer: MACAddress
    /// The end of the Ethernet header, from the source on, as it stands in a plain answer; nil where the requests are not
    /// plain.
    private let sourceAndType: UInt64?

    /// - Parameters:
    ///   - session: that of the run.
    ///   - shape: that of the requests.
    init(_ session: UInt64, to shape: FrameShape) {
        self.session = session
        peer = shape.destination
        guard case .ethernet(let type) = shape.carrier, !shape.isPTP, ParsedFrame.isPlain(type) else {
            sourceAndType = nil
            return
        }
        sourceAndType = (shape.destination.value << 16 | UInt64(type.rawValue)).bigEndian
    }

    /// Looks for what most answers are: right ones behind nothing but the header of Ethernet. Nil where there is anything
    /// else, which may be an answer all the same.
    @inline(__always)
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
            reportStart: start + ProbeMessage.reportOffset)
    }

    /// What was found in a frame, if it is an answer.
    func match(_ found: FoundProbe, in frame: Span<UInt8>) -> FoundAnswer? {
        guard found.kind == .reply || found.kind == .followUp, found.session(in: frame) == session,
            frame.macAddress(at: 6) == peer
        else { return nil }
        return FoundAnswer(
            number: found.number(in: frame), isFollowUp: found.kind == .followUp,
            reportStart: found.reportStart)
    }
}
