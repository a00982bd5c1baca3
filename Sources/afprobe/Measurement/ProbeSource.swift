import AFPacketKit

/// Where the probes of a run come from, in portions.
protocol ProbeSource: ~Copyable {
    /// Adds a descriptor that becomes ready when there is something to receive.
    func add(to poll: inout PollSet, as name: PollSet.Members)

    /// Receives some of the frames that wait, in place of those that were received before, and returns how many these
    /// are.
    ///
    /// - Parameter limit: how many to take at most, where the source can choose.
    /// - Throws: `SystemError`: once with `networkDown` when the interface goes down.
    mutating func receive(limit: Int) throws(SystemError) -> Int

    /// Whether it can wait for a frame in the receive call itself.
    var canWait: Bool { get }

    /// The same, and where no frame waits it waits a little for one, and takes no more. Only where `canWait`.
    mutating func receiveWaiting() throws(SystemError) -> Int

    /// Receives one frame if there is one, where the source can choose; looks for it as often as `looks` says at most.
    mutating func receiveSpinning(looks: Int) throws(SystemError) -> Int

    /// When the frames that were received last were in the program's memory.
    var userspace: Timestamp { get }

    /// Hands the frame at `index` over to be captured.
    func capture(at index: Int, to console: inout Console)

    /// Whether frames may be left that the last portion had no room for.
    var mayHaveMore: Bool { get }

    /// Counts the frames from `index` up to `end` of those received last, as far as these are plain probes, and until the
    /// tally is complete: for runs that only count.
    ///
    /// It changes nothing, but of what a method does not change the compiler passes a copy.
    /// - Returns: the index of the first frame that was not counted.
    mutating func countPlain(from index: Int, upTo end: Int, into tally: inout ReceiveTally) -> Int

    /// Looks at the frame at `index` of those received last; nil, and counted, where it is no probe.
    mutating func find(at index: Int) -> FoundProbe?

    /// What the kernel says about the frame at `index`.
    func ancillary(at index: Int) -> Ancillary

    /// Has the request that was found at `index` answered.
    mutating func answer(
        _ found: FoundProbe, at index: Int, by responder: inout Responder, _ console: inout Console)

    /// Reads the probe that was found at `index`.
    func probe(at index: Int, _ found: FoundProbe) -> ReceivedProbe

    var faults: FrameFaultCounts { get }
    var statistics: PacketStatistics { get }

    /// Brings the running totals of the kernel's counters up to date.
    mutating func updateStatistics() throws(SystemError)
}

extension ProbeSource where Self: ~Copyable {
    mutating func countPlain(from index: Int, upTo _: Int, into _: inout ReceiveTally) -> Int { index }

    var canWait: Bool { false }

    mutating func receiveWaiting() throws(SystemError) -> Int { try receive(limit: .max) }

    mutating func receiveSpinning(looks _: Int) throws(SystemError) -> Int { try receive(limit: 1) }

    /// The probe in the frame at `index` of those received last; nil, and counted, where there is none.
    mutating func probe(at index: Int) -> ReceivedProbe? {
        guard let found = find(at: index) else { return nil }
        return probe(at: index, found)
    }
}
