import AFPacketKit

protocol ListenEvents: RunEvents {
    /// A probe was received; `missing` is why it has no hardware stamp, nil if it has one or nobody asks.
    func received(_ probe: borrowing ReceivedProbe, clock: String?, missing: MissingReason?)
    /// The running totals of the kernel's counters.
    func counted(_ statistics: PacketStatistics)
    /// The user asked for the status.
    func listenStatus(probes: UInt64)
}

/// The result of a run of `listen`.
struct ListenResult {
    var tally = ReceiveTally(upTo: nil)
    var faults = FrameFaultCounts()
    var statistics = PacketStatistics()
    var replies = ReplyCounts()
    /// Probes that the run does not take because of their form; nil if nothing watched for them.
    var otherForms: UInt64?
    var missingHardware: [MissingCount] = []
}
