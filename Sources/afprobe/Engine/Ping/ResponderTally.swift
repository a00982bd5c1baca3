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

    /// Merges the counters in the first reply to a request; returns whether another responder sent the one before.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func merge(_ info: borrowing ResponderInfo) -> Bool {
        replies &+= 1
        let responder = info.responder
        let isOther = identifier != nil && identifier != responder
        if isOther {
            restarts += 1
            earlierRequests += requests
            requests = 0
        }
        identifier = responder
        // Replies may overtake each other.
        requests = max(requests, UInt64(info.requests))
        duplicates = max(duplicates, UInt64(info.duplicates))
        suppressed = max(suppressed, UInt64(info.suppressed))
        return isOther
    }

    /// Requests that reached the responder up to the last reply received, and whose own replies did not arrive; nil
    /// without any reply. Requests between a responder's last reply and its restart are not known.
    var unanswered: UInt64? {
        guard identifier != nil else { return nil }
        let reached = earlierRequests + requests
        return reached > replies ? reached - replies : 0
    }
}
