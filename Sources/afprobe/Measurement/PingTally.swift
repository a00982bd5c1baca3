/// What a run of `ping` counts. Each request sent is received, lost, late or in flight; warm-up requests
/// are in none of these.
struct PingTally {
    private(set) var sent: UInt64 = 0
    /// Requests answered within the time-out.
    private(set) var received: UInt64 = 0
    /// Requests not answered.
    var lost: UInt64 = 0
    /// Requests answered after the time-out.
    var late: UInt64 = 0
    /// Further replies to a request already answered.
    var duplicates: UInt64 = 0
    /// Replies that came after one to a later request.
    private(set) var reordered: UInt64 = 0
    /// Requests whose reply was not waited for, the run having ended.
    private(set) var inFlight: UInt64 = 0
    /// Frames that the system did not take.
    var failed: UInt64 = 0
    /// Replies that lack a stamp of their round trip, by the clock.
    var missingHardware: UInt64 = 0
    var missingSoftware: UInt64 = 0
    /// Replies whose follow-up did not come in time, so that nothing is known of the turnaround.
    var missingFollowUps: UInt64 = 0
    /// Follow-ups after the time-out, and repeated ones.
    var lateFollowUps: UInt64 = 0
    /// Replies to requests that were never sent, or too long ago.
    var unmatched: UInt64 = 0
    /// Messages in another version of the format.
    var otherVersion: UInt64 = 0
    var warmup: UInt64 = 0
    /// What the responder counted, and says in its replies.
    var responder = ResponderTally()
    private var highest: UInt64 = 0

    mutating func count(arrivalOf number: UInt64) {
        received &+= 1
        if number < highest { reordered += 1 } else { highest = number }
    }

    /// Takes note of how many requests were sent: what has not become of them by the end has not been waited for.
    mutating func complete(sent: UInt64) {
        self.sent = sent
        inFlight = sent - min(sent, received + lost + late)
    }

    /// How many of the lost requests did reach the responder, so that it was the reply that was lost; nil where no reply
    /// came that could tell.
    var lostReplies: UInt64? { responder.unanswered.map { min($0, lost) } }
}

/// The responder's counters, followed through its restarts.
struct ResponderTally {
    private var identifier: UInt64?
    private var requests: UInt64 = 0
    private var earlierRequests: UInt64 = 0
    /// Replies to different requests that came here, whenever.
    private var replies: UInt64 = 0
    /// How often another responder answered than the time before: it was restarted, or there are two.
    private(set) var restarts: UInt64 = 0
    /// Requests that came to it more than once.
    private(set) var duplicates: UInt64 = 0
    /// Replies that its rate limit suppressed.
    private(set) var suppressed: UInt64 = 0

    /// Takes what the first reply to a request says.
    ///
    /// - Returns: whether it comes from another responder than the one before.
    @inline(__always)
    mutating func take(_ report: borrowing ResponderReport) -> Bool {
        replies &+= 1
        let responder = report.responder
        let isOther = identifier != nil && identifier != responder
        if isOther {
            restarts += 1
            earlierRequests += requests
            requests = 0
        }
        identifier = responder
        // Replies may overtake each other.
        requests = max(requests, UInt64(report.requests))
        if report.duplicates > duplicates { duplicates = UInt64(report.duplicates) }
        if report.suppressed > suppressed { suppressed = UInt64(report.suppressed) }
        return isOther
    }

    /// Requests that reached it up to the last reply that came here, and whose own replies did not; nil where none came.
    /// Of a responder that was restarted, what reached it after its last reply is not known.
    var unanswered: UInt64? {
        guard identifier != nil else { return nil }
        let reached = earlierRequests + requests
        return reached > replies ? reached - replies : 0
    }
}
