import AFPacketKit

/// The events of a run that listens.
protocol ListenEvents: RunEvents {
    /// A probe was received.
    ///
    /// - Parameters:
    ///   - clock: the name of the clock of the hardware stamps.
    ///   - missing: why it has no hardware stamp; nil if it has one, or if nobody asks.
    func received(_ probe: borrowing ReceivedProbe, clock: String?, missing: MissingReason?)
    /// The running totals of the kernel's counters.
    func counted(_ statistics: PacketStatistics)
    /// The user asked how it goes.
    func listenStatus(probes: UInt64)
}

/// What a run that listens has found out.
struct ListenResult {
    var tally = ReceiveTally(upTo: nil)
    var faults = FrameFaultCounts()
    var statistics = PacketStatistics()
    var replies = ReplyCounts()
    var missingHardware: [MissingCount] = []
}
