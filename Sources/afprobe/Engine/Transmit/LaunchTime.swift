import AFPacketKit

/// The clock that an interface launches frames by, told from its queueing disciplines; nil if none of them launches any.
func launchClock(ofQueueingDisciplines kinds: [String]) -> ClockPair.Clock? {
    // The first two take TAI alone, in Linux so far; the last one goes by the monotonic clock alone.
    if kinds.contains("etf") || kinds.contains("taprio") { return .tai }
    return kinds.contains("fq") ? .monotonic : nil
}
