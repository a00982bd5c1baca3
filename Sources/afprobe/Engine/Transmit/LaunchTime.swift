import AFPacketKit

/// The clock of an interface's launch times, by its queueing disciplines; nil if none of them honours launch times.
func launchClock(ofQueueingDisciplines kinds: [String]) -> ClockPair.Clock? {
    // In Linux so far, etf and taprio take TAI only, and fq takes the monotonic clock only.
    if kinds.contains("etf") || kinds.contains("taprio") { return .tai }
    return kinds.contains("fq") ? .monotonic : nil
}
