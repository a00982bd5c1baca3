/// The responder's counters, followed through its restarts.
struct ResponderTally {
    private var identifier: UInt64?
    /// The responder before that.
    private var previous: UInt64?
    private var requests: UInt64 = 0
    private var earlierRequests: UInt64 = 0
    /// Replies to different requests that have arrived at any time.
    private var replies: UInt64 = 0
    private(set) var restarts: UInt64 = 0
    private(set) var duplicates: UInt64 = 0
    private(set) var suppressed: UInt64 = 0
    /// The session's generation in the responder's table; 0 if the responder does not tell it.
    private var generation: UInt16 = 0
    /// Tells whether the counters are of no use: the responder has forgotten the session's, or two hosts answer in
    /// turn.
    private var isForgotten = false
    /// Warm-up requests without a reply, which may have reached the responder.
    private var unansweredWarmup: UInt64 = 0
    private var latest = ResponderLosses()
    private var refusedSoFar: UInt64 = 0
    private var droppedSoFar: UInt64 = 0

    /// Merges what the first reply to a request tells; returns whether another responder sent the one before.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func merge(_ info: borrowing ResponderInfo, _ losses: ResponderLosses) -> Bool {
        replies &+= 1
        let responder = info.responder
        let isOther = identifier != nil && identifier != responder
        if isOther {
            restarts += 1
            if responder == previous { isForgotten = true }
            previous = identifier
            earlierRequests += requests
            requests = 0
        }
        let isFirst = identifier == nil || isOther
        let told = info.generation
        if isFirst || told != generation || losses != latest {
            // One that was overtaken tells nothing new.
            let isNewest = UInt64(info.requests) >= requests
            mergeLosses(losses, generation: told, isFirst: isFirst, isNewest: isNewest)
        }
        identifier = responder
        // Replies may overtake each other.
        requests = max(requests, UInt64(info.requests))
        duplicates = max(duplicates, UInt64(info.duplicates))
        suppressed = max(suppressed, UInt64(info.suppressed))
        return isOther
    }

    /// Counts a warm-up request that was not answered, or one less.
    mutating func countUnansweredWarmup(_ change: Int64) {
        unansweredWarmup = UInt64(clamping: Int64(unansweredWarmup) + change)
    }

    private mutating func mergeLosses(
        _ losses: ResponderLosses, generation new: UInt16, isFirst: Bool, isNewest: Bool
    ) {
        if isFirst {
            // Refusals are the session's, and so the run's; drops are of all since the responder began.
            refusedSoFar += UInt64(losses.refused)
        } else if new != generation {
            isForgotten = true
        } else if isNewest {
            // Modulo 2¹⁶.
            refusedSoFar += UInt64(losses.refused &- latest.refused)
            droppedSoFar += UInt64(losses.dropped &- latest.dropped)
        } else {
            return
        }
        (latest, generation) = (losses, new)
    }

    /// Tells whether the responder tells what it lost in its own queues: older versions do not.
    private var tellsLosses: Bool { generation != 0 }

    /// Replies of the session that the responder's send call refused; nil if that is not known.
    var refused: UInt64? { tellsLosses && !isForgotten ? refusedSoFar : nil }

    /// Frames that the responder's receive queue dropped since its first reply, those of others included; nil if that
    /// is not known.
    var dropped: UInt64? { tellsLosses ? droppedSoFar : nil }

    /// Requests that reached the responder up to the last reply received, and whose own replies did not arrive; nil
    /// without any reply, or if the responder has forgotten the session's counters. Requests between a responder's last
    /// reply and its restart are not known.
    var unanswered: UInt64? {
        guard identifier != nil, !isForgotten else { return nil }
        let (reached, others) = (earlierRequests + requests, replies + unansweredWarmup)
        return reached > others ? reached - others : 0
    }
}
