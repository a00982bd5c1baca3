/// The responder's counters, followed through its restarts.
struct ResponderTally {
    private var identifier: UInt64?
    private var requests: UInt64 = 0
    private var earlierRequests: UInt64 = 0
    /// Replies to different requests that have arrived at any time.
    private var replies: UInt64 = 0
    private(set) var restarts: UInt64 = 0
    private(set) var duplicates: UInt64 = 0
    private(set) var suppressed: UInt64 = 0
    /// The session's generation in the responder's table; 0 if the responder does not tell it.
    private var generation: UInt16 = 0
    /// Tells whether the responder has forgotten the session's counters.
    private var isForgotten = false
    private var latest = ResponderLosses()
    private var refusedSoFar: Int64 = 0
    private var droppedSoFar: Int64 = 0

    /// Merges what the first reply to a request tells; returns whether another responder sent the one before.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func merge(_ info: borrowing ResponderInfo, _ losses: ResponderLosses) -> Bool {
        replies &+= 1
        let responder = info.responder
        let isOther = identifier != nil && identifier != responder
        if isOther {
            restarts += 1
            earlierRequests += requests
            requests = 0
        }
        if info.generation != generation || losses != latest {
            mergeLosses(losses, generation: info.generation, isFirst: identifier == nil || isOther)
        }
        identifier = responder
        // Replies may overtake each other.
        requests = max(requests, UInt64(info.requests))
        duplicates = max(duplicates, UInt64(info.duplicates))
        suppressed = max(suppressed, UInt64(info.suppressed))
        return isOther
    }

    private mutating func mergeLosses(_ losses: ResponderLosses, generation new: UInt16, isFirst: Bool) {
        defer { (latest, generation) = (losses, new) }
        if isFirst {
            // Refusals are the session's, and so the run's; drops are of all since the responder began.
            refusedSoFar += Int64(losses.refused)
            return
        }
        if new != generation {
            isForgotten = true
        } else {
            refusedSoFar += Self.rise(from: latest.refused, to: losses.refused)
        }
        droppedSoFar += Self.rise(from: latest.dropped, to: losses.dropped)
    }

    /// The rise of a counter modulo 2¹⁶; negative if a reply has overtaken another.
    private static func rise(from old: UInt16, to new: UInt16) -> Int64 {
        Int64(Int16(bitPattern: new &- old))
    }

    /// Tells whether the responder tells what it lost in its own queues: older versions do not.
    private var tellsLosses: Bool { generation != 0 }

    /// Replies of the session that the responder's send call refused; nil if that is not known.
    var refused: UInt64? { tellsLosses && !isForgotten ? UInt64(clamping: refusedSoFar) : nil }

    /// Frames that the responder's receive queue dropped since its first reply, those of others included; nil if that
    /// is not known.
    var dropped: UInt64? { tellsLosses ? UInt64(clamping: droppedSoFar) : nil }

    /// Requests that reached the responder up to the last reply received, and whose own replies did not arrive; nil
    /// without any reply, or if the responder has forgotten the session's counters. Requests between a responder's last
    /// reply and its restart are not known.
    var unanswered: UInt64? {
        guard identifier != nil, !isForgotten else { return nil }
        let reached = earlierRequests + requests
        return reached > replies ? reached - replies : 0
    }
}
