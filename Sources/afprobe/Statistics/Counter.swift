/// The counters of a run of ping: the one table from which summaries, keys and limits follow.
enum Counter: Int, CaseIterable {
    /// Requests sent to be measured. Each is received, lost, late or in flight.
    case sent
    /// Requests answered within the timeout.
    case received
    /// Requests not answered.
    case lost
    /// Lost requests that reached the responder, so that the reply was lost; unknown without any reply.
    case lostReached
    /// Further replies to a request already answered.
    case duplicates
    /// Requests answered after the timeout.
    case late
    /// Replies that came after one to a later request.
    case reordered
    /// Frames that the system did not take.
    case failed
    /// Requests whose reply had not come when the run ended.
    case inFlight
    /// Replies whose follow-up did not come in time, so that the turnaround is unknown.
    case missingFollowUps
    /// Replies to requests that were never sent, or too long ago.
    case unmatched
    /// Changes of the responder: it was restarted, or there are two.
    case responderRestarts
    /// Requests sent for warming up, which are in no other count.
    case warmup
    /// Follow-ups after the timeout, and repeated ones.
    case lateFollowUps
    /// Replies that lack a stamp of their round trip, by the clock.
    case missingHardware
    case missingSoftware
    /// Messages in another version of the format.
    case otherVersion
    /// Requests that came to the responder more than once, as it says.
    case responderDuplicates
    /// Replies that the responder's rate limit suppressed, as it says.
    case responderSuppressed

    /// The name in keys and limits.
    var name: String {
        switch self {
        case .sent: "sent"
        case .received: "received"
        case .lost: "lost"
        case .lostReached: "lost_reached"
        case .late: "late"
        case .inFlight: "in_flight"
        case .failed: "failed"
        case .warmup: "warmup"
        case .duplicates: "duplicates"
        case .reordered: "reordered"
        case .missingHardware: "missing_hardware"
        case .missingSoftware: "missing_software"
        case .missingFollowUps: "missing_follow_ups"
        case .lateFollowUps: "late_follow_ups"
        case .unmatched: "unmatched"
        case .otherVersion: "other_version"
        case .responderDuplicates: "responder_duplicates"
        case .responderRestarts: "responder_restarts"
        case .responderSuppressed: "responder_suppressed"
        }
    }

    /// The words in the summary (`+3 duplicates`), which lists the counters in this order; nil for those that are shown
    /// separately, or not at all.
    var label: String? {
        switch self {
        case .duplicates: "duplicates"
        case .late: "late"
        case .reordered: "reordered"
        case .failed: "failed"
        case .inFlight: "in flight"
        case .missingFollowUps: "without follow-up"
        case .unmatched: "unmatched"
        case .responderRestarts: "responder restarts"
        case .warmup: "warm-up"
        default: nil
        }
    }
}

/// A number for each counter.
struct Counts {
    private var numbers = InlineArray<19, UInt64>(repeating: 0)

    subscript(counter: Counter) -> UInt64 {
        get { numbers[counter.rawValue] }
        set { numbers[counter.rawValue] = newValue }
    }
}
