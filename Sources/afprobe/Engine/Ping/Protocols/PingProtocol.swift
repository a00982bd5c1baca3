import AFPacketKit

/// A protocol whose requests other hosts' programs answer: what a request looks like, and what an answer tells.
///
/// A class, because a request may depend on the answers before it.
protocol PingProtocol: RequestForm {
    /// The answer in a received message, without the headers in front of it; nil if it is none of this run's.
    func match(_ message: Span<UInt8>) -> ForeignAnswer?
    /// The number of a request, by the payload of its datagram that a port guard got back; nil if it is none of this
    /// run's.
    func number(ofReturned payload: Span<UInt8>) -> UInt64?
    /// The code by which the responder refused, so that no more may be sent; nil if it did not.
    var kiss: String? { get }
    /// The responder's words about itself, by keys.
    var facts: ResponderFacts { get }
    /// The reason why PTP messages are no replies; nil if there were none.
    var mismatch: PTPMismatch? { get }
}

extension PingProtocol {
    func number(ofReturned payload: Span<UInt8>) -> UInt64? { nil }
    var kiss: String? { nil }
    var facts: ResponderFacts { [:] }
    var mismatch: PTPMismatch? { nil }
}

/// The follow-up of an answer that comes with a later one.
struct CompletedAnswer {
    let number: UInt64
    let info: ResponderInfo
}

/// An answer of another host's program.
struct ForeignAnswer: PingAnswer {
    enum Part {
        /// A reply that no follow-up completes.
        case whole
        /// A reply before its follow-up.
        case first
        case followUp
    }

    let number: UInt64
    var part = Part.whole
    /// The responder's stamps, if it tells any.
    var info = ResponderInfo()
    /// The answer to an earlier request that this message completes, too.
    var completed: CompletedAnswer?

    var isFollowUp: Bool { part == .followUp }
    var isWhole: Bool { part == .whole }
    var further: ForeignAnswer? {
        completed.map { ForeignAnswer(number: $0.number, part: .followUp, info: $0.info) }
    }
    func info(in frame: Span<UInt8>) -> ResponderInfo { info }
    func losses(in frame: Span<UInt8>) -> ResponderLosses { ResponderLosses() }
    func flags(in frame: Span<UInt8>) -> ProbeMessage.Flags { [] }
}

extension ResponderInfo {
    /// The times that a responder of another program tells, on whatever clock.
    init(arrival: Int64?, departure: Int64?) {
        self.init()
        self[.receivedSoftware] = arrival
        self[.sentSoftware] = departure
    }
}

/// The answers to the requests of a protocol.
struct ForeignAnswers: AnswerMatching {
    /// The headers in front of the messages.
    enum Framing {
        /// None: the socket takes them off.
        case none
        case ethernet
        /// The headers of UDP over IP over Ethernet.
        case datagram
    }

    let form: any PingProtocol
    var framing = Framing.none
    /// The identifier of the requests' VLAN; 0 if they have none.
    var vlan: UInt16 = 0

    func number(ofReturned payload: Span<UInt8>) -> UInt64? { form.number(ofReturned: payload) }

    var isEnded: Bool { form.kiss != nil }
    var facts: ResponderFacts { form.facts }

    func match(_ frame: ReceivedFrame, _ faults: inout AnswerFaults) -> ForeignAnswer? {
        guard (frame.ancillary.vlan?.identifier ?? 0) == vlan else { return nil }
        let start = ParsedFrame.ethernetHeader
        switch framing {
        case .none: return form.match(frame.bytes)
        case .ethernet:
            return frame.bytes.count < start
                ? nil : form.match(frame.bytes.extracting(start..<frame.bytes.count))
        case .datagram:
            let isJudged = !frame.ancillary.isChecksumPending && !frame.isTruncated
            do throws(FrameFault) {
                let parsed = try ParsedFrame(frame.bytes, checksUDP: isJudged)
                return form.match(frame.bytes.extracting(parsed.payload))
            } catch {
                faults.frames.count(error)
                return nil
            }
        }
    }
}

/// The numbers of requests, of which only the low 16 bits are in the messages.
struct ShortNumbers {
    /// The highest number that was sent.
    private var latest: UInt64 = 0
    /// Is added to each number.
    private let offset: UInt16

    init(offset: UInt16 = 0) { self.offset = offset }

    /// Notes a request that is sent, and returns its number in the message.
    mutating func send(_ number: UInt64) -> UInt16 {
        latest = max(latest, number)
        return UInt16(truncatingIfNeeded: number) &+ offset
    }

    /// The latest request with these 16 bits; nil if none was sent.
    func whole(_ short: UInt16) -> UInt64? {
        let age = UInt64(UInt16(truncatingIfNeeded: latest) &+ offset &- short)
        return age < latest ? latest - age : nil
    }
}
