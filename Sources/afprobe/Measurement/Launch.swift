import AFPacketKit

// Frames that are handed over early and leave at a time that they carry.

extension LaunchFailure {
    /// Why such a frame has no stamps.
    var text: String {
        switch self {
        case .invalid: "the qdisc refused its launch time"
        case .missed: "its launch time was missed"
        }
    }
}

/// The clock that an interface launches frames by, told from its queueing disciplines; nil where none of them launches.
func launchClock(ofQueueingDisciplines kinds: [String]) -> ClockPair.Clock? {
    // The first two take TAI alone, in Linux so far; the last one goes by the monotonic clock alone.
    if kinds.contains("etf") || kinds.contains("taprio") { return .tai }
    return kinds.contains("fq") ? .monotonic : nil
}
