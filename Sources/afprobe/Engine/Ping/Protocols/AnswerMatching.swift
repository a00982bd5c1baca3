import AFPacketKit

/// An answer to a request, read from the frame in which it was found.
protocol PingAnswer {
    /// The number of the request.
    var number: UInt64 { get }
    /// Tells whether it completes an earlier reply.
    var isFollowUp: Bool { get }
    /// Tells whether it is a reply that no follow-up completes.
    var isWhole: Bool { get }
    /// The follow-up of another answer in the same message; nil if there is none.
    var further: Self? { get }
    func info(in frame: Span<UInt8>) -> ResponderInfo
    func losses(in frame: Span<UInt8>) -> ResponderLosses
    func flags(in frame: Span<UInt8>) -> ProbeMessage.Flags
}

/// Tells the answers to one run's requests from other frames.
protocol AnswerMatching {
    associatedtype Answer: PingAnswer

    /// The answer in a frame; nil if it is none. `faults` counts why a frame is none though it seems to be.
    mutating func match(_ frame: ReceivedFrame, _ faults: inout AnswerFaults) -> Answer?
    /// The number of a request of this run, by the payload of its datagram, of which the end may be missing; nil if it is
    /// none.
    func number(ofReturned payload: Span<UInt8>) -> UInt64?
    /// Tells whether the responder refused, so that the run ends.
    var isEnded: Bool { get }
    /// The responder's words about itself, by keys; they are shown, and not used.
    var facts: ResponderFacts { get }
}

extension FoundAnswer: PingAnswer {
    var isWhole: Bool { false }
    var further: FoundAnswer? { nil }
}

extension AnswerPattern: AnswerMatching {
    var isEnded: Bool { false }
    var facts: ResponderFacts { [:] }
}
