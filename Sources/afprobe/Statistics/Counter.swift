/// The counts of a run of ping. This is the one table of them: summaries, keys and limits follow from it.
enum Counter: Int, CaseIterable {
    /// Requests sent to be measured. Each is received, lost, late or in flight.
    case sent
    /// Requests answered within the time-out.
    case received
    /// Requests not answered.
    case lost
    /// Lost requests that did reach the responder, so that it was the reply that was lost; unknown without any reply.
    case lostReached
    /// Further replies to a request already answered.
    case duplicates
    /// Requests answered after the time-out.
    case late
    /// Replies that came after one to a later request.
    case reordered
    /// Frames that the system did not take.
    case failed
    /// Requests whose reply was not waited for, the run having ended.
    case inFlight
    /// Replies whose follow-up did not come in time, so that nothing is known of the turnaround.
    case missingFollowUps
    /// Replies to requests that were never sent, or too long ago.
    case unmatched
    /// How often another responder answered than the time before: it was restarted, or there are two.
    case responderRestarts
    /// Requests sent for warming up, which are in no other count.
    case warmup
    /// Follow-ups after the time-out, and repeated ones.
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

    /// The words in the summary for people (`+3 duplicates`), where the counters stand in the order of this table; nil for
    /// those that have a place of their own, or are not shown.
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
