/// The counters of a run of ping: the one table from which summaries, keys and limits follow.
enum Counter: Int, CaseIterable {
    /// Requests sent to be measured. Each is received, late, lost, unknown or in flight.
    case sent
    /// Requests answered within the timeout.
    case received
    /// Requests not answered.
    case lost
    /// Lost requests that reached the responder, so that the reply was lost; not known without any reply.
    case lostReached
    /// Requests not answered within the timeout, so many that whether they were answered later is not known.
    case unknown
    /// Further replies to a request already answered.
    case duplicates
    /// Requests answered after the timeout.
    case late
    /// Replies that came after one to a later request, late ones included. RFC 4737, section 3
    case reordered
    /// Frames that the system did not take.
    case failed
    /// Requests whose timeout was not over when the run ended.
    case inFlight
    /// Replies whose follow-up did not come in time, so that the turnaround is unknown.
    case missingFollowUps
    /// Follow-ups that lack stamps, because these did not come in time.
    case incompleteFollowUps
    /// Replies whose turnaround is negative or longer than the round trip, so that the responder's stamps are wrong.
    case implausible
    /// Exchanges during which a clock was set, and which are in no figure.
    case clockStepped
    /// Steps of this host's CLOCK_REALTIME.
    case clockSteps
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
    /// Answers in another VLAN than the requests, and over another protocol.
    case otherVLAN
    case otherProtocol
    /// Frames with a wrong checksum or length.
    case corrupt
    /// Frames that this host's receive queue dropped, those of other runs included.
    case drops
    /// Requests that came to the responder more than once, as it says.
    case responderDuplicates
    /// Replies that the responder's rate limit suppressed, as it says.
    case responderSuppressed
    /// Replies that the responder's send call refused, as it says.
    case responderRefused
    /// Frames that the responder's receive queue dropped, as it says, those of others included.
    case responderDrops

    /// The name in keys and limits.
    var name: String {
        switch self {
        case .sent: "sent"
        case .received: "received"
        case .lost: "lost"
        case .lostReached: "lost_reached"
        case .late: "late"
        case .unknown: "unknown"
        case .inFlight: "in_flight"
        case .failed: "failed"
        case .warmup: "warmup"
        case .duplicates: "duplicates"
        case .reordered: "reordered"
        case .missingHardware: "missing_hardware"
        case .missingSoftware: "missing_software"
        case .missingFollowUps: "missing_follow_ups"
        case .incompleteFollowUps: "incomplete_follow_ups"
        case .lateFollowUps: "late_follow_ups"
        case .implausible: "implausible"
        case .clockStepped: "clock_stepped"
        case .clockSteps: "clock_steps"
        case .unmatched: "unmatched"
        case .otherVersion: "other_version"
        case .otherVLAN: "other_vlan"
        case .otherProtocol: "other_protocol"
        case .corrupt: "corrupt"
        case .drops: "drops"
        case .responderDuplicates: "responder_duplicates"
        case .responderRestarts: "responder_restarts"
        case .responderSuppressed: "responder_suppressed"
        case .responderRefused: "responder_refused"
        case .responderDrops: "responder_drops"
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
        case .unknown: "unknown"
        case .inFlight: "in flight"
        case .missingFollowUps: "without follow-up"
        case .incompleteFollowUps: "with incomplete follow-up"
        case .implausible: "with implausible turnaround"
        case .clockStepped: "during a clock step"
        case .unmatched: "unmatched"
        case .corrupt: "corrupt"
        case .otherVersion: "of another version"
        case .otherVLAN: "in another VLAN"
        case .otherProtocol: "over another protocol"
        case .responderRestarts: "responder restarts"
        case .warmup: "warm-up"
        default: nil
        }
    }
}

extension Counter {
    /// Tells whether only afprobe's own responder tells it.
    var isToldByResponder: Bool {
        switch self {
        case .lostReached, .responderDuplicates, .responderRestarts, .responderSuppressed, .responderRefused,
            .responderDrops:
            true
        default: false
        }
    }
}

/// A number for each counter.
struct Counts {
    private var numbers = InlineArray<30, UInt64>(repeating: 0)

    subscript(counter: Counter) -> UInt64 {
        get { numbers[counter.rawValue] }
        set { numbers[counter.rawValue] = newValue }
    }
}
