import AFPacketKit

@testable import afprobe

/// Keeps all that a run tells, in its order.
final class RecordedEvents: SendEvents, ListenEvents, PingEvents, VerifyEvents {
    var takesFrames = true
    var takesDetails = true
    var takesCaptures = false
    private(set) var isClosed = false
    var progressDue = MonotonicTime.never
    /// Called with each line of the log, for what a script does then.
    var whenTold: (String) -> Void = { _ in }

    /// A line for each event, such as `answered 3`.
    private(set) var log: [String] = []
    private(set) var answered: [PingReply] = []
    private(set) var late: [PingReply] = []
    private(set) var duplicates: [PingReply] = []
    private(set) var completed: [SentFrame] = []
    private(set) var received: [ReceivedProbe] = []
    private(set) var missing: [MissingReason?] = []
    private(set) var statistics: [PacketStatistics] = []
    private(set) var captures: [(bytes: [UInt8], tag: VLANTag?, length: Int, time: Timestamp)] = []
    private(set) var otherForms: [OtherForm] = []
    /// When probes of other forms were watched for again, and no longer.
    var watched: [(at: Int64, Bool)] = []
    /// The failed sends of each interval.
    private(set) var failedInIntervals: [UInt64] = []
    private(set) var roundTripsInIntervals: [UInt64] = []
    private(set) var flushes = 0

    private func tell(_ line: String) {
        log.append(line)
        whenTold(line)
    }

    // MARK: All runs

    func captured(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) {
        captures.append((frame.array, tag, length, time))
    }

    func diagnosed(_ diagnostic: Diagnostic) {
        switch diagnostic {
        case .linkDown: tell("link down")
        case .linkUp: tell("link up")
        case .framesDropped(let error): tell("frames dropped: \(error.code.rawValue)")
        case .otherForm(let form, _):
            otherForms.append(form)
            tell("other form: \(form)")
        case .otherResponder(let peer): tell("other responder at \(peer)")
        case .implausibleTurnaround(let peer): tell("implausible turnaround at \(peer)")
        case .timestampingLost(_, let old, let new):
            tell("timestamping lost: \(old.receiveFilter.rawValue) to \(new.receiveFilter.rawValue)")
        default: tell("\(diagnostic)")
        }
    }

    func flush() { flushes += 1 }
    func flush(at now: MonotonicTime) { flushes += 1 }

    func close() {
        isClosed = true
        tell("closed")
    }

    // MARK: Runs of one kind

    func completed(_ frame: borrowing SentFrame) {
        completed.append(copy frame)
        tell("completed \(frame.number)")
    }

    func sendStatus(sent: UInt64, stampedSoftware: UInt64) { tell("status \(sent) \(stampedSoftware)") }

    func received(_ probe: borrowing ReceivedProbe, clock: String?, missing: MissingReason?) {
        received.append(copy probe)
        self.missing.append(missing)
        tell("received \(probe.message.number)")
    }

    func counted(_ statistics: PacketStatistics) {
        self.statistics.append(statistics)
        tell("counted \(statistics.packets) \(statistics.drops)")
    }

    func listenStatus(probes: UInt64) { tell("status \(probes)") }

    func answered(_ reply: borrowing PingReply) {
        answered.append(copy reply)
        tell("answered \(reply.number)")
    }

    func late(_ reply: borrowing PingReply) {
        late.append(copy reply)
        tell("late \(reply.number)")
    }

    func duplicate(_ reply: borrowing PingReply) {
        duplicates.append(copy reply)
        tell("duplicate \(reply.number)")
    }

    func lost(_ number: UInt64, peer: Peer, sent: Timestamp?) { tell("lost \(number)") }

    func pingStatus(_ result: borrowing PingResult) {
        tell("status \(result.counts[.sent]) \(result.counts[.received])")
    }

    func progressed(_ result: borrowing PingResult, at now: MonotonicTime) {
        tell("progressed \(result.counts[.received])")
        progressDue = .never
    }

    func intervalEnded(_ interval: borrowing PingInterval) {
        failedInIntervals.append(interval.counts[.failed])
        roundTripsInIntervals.append(interval[.rtt]?.count ?? 0)
        tell("interval \(interval.counts[.sent]) \(interval.counts[.received]) \(interval.counts[.lost])")
    }
    func intervalEnded(_ interval: SendInterval) {
        tell("interval \(interval.sent) \(interval.stampedSoftware)")
    }

    func verified(_ claims: [StampClaim]) { for _ in claims { tell("claim") } }
    func verified(_ rate: StampRate) { tell("rate") }
    func verified(_ arrivals: Arrivals, of shape: TrialShape, by peer: MACAddress) { tell("arrivals") }
}
