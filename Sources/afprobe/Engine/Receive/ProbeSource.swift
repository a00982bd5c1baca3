import AFPacketKit

/// A source of a run's probes, in portions.
protocol ProbeSource: ~Copyable {
    /// Adds the source to the poll set.
    func watchFrames(in poll: inout PollSet)

    /// Receives some of the waiting frames, replacing those received before, and returns their number. Throws
    /// `networkDown` once when the interface goes down.
    mutating func receive() throws(SystemError) -> Int

    /// Tells whether the receive call itself can wait for a frame.
    var canWait: Bool { get }

    /// Receives one frame, waiting a little if there is none. Only if `canWait`.
    mutating func receiveWaiting() throws(SystemError) -> Int

    /// Receives one frame if there is one, polling for it up to `polls` times; a source that cannot choose receives
    /// all.
    mutating func receiveSpinning(polls: Int) throws(SystemError) -> Int

    /// Tells whether frames may be left that the last portion had no room for.
    var mayHaveMore: Bool { get }

    /// The probe in the frame at `index` of those received last; nil if it is none. `faults` counts the reasons.
    @_lifetime(borrow self)
    func probe(at index: Int, _ faults: inout FrameFaultCounts) -> FoundProbe?

    /// Counts the frames from `index` up to `end`, until the tally is complete or one is not a plain probe, and returns
    /// the index of the first not counted. A quiet run that answers nothing does no more with most frames.
    func countPlain(from index: Int, upTo end: Int, _ tally: inout ReceiveTally) -> Int

    /// Receives the frames of another filter, of up to another length, from now on: the interface has changed.
    mutating func follow(_ filter: SocketFilter, on interface: NetworkInterface) throws(SystemError)

    /// The running totals of the kernel's counters.
    mutating func readStatistics() throws(SystemError) -> PacketStatistics

    /// Faults that other threads have counted.
    var threadFaults: FrameFaultCounts { get }
}

extension ProbeSource where Self: ~Copyable {
    var threadFaults: FrameFaultCounts { FrameFaultCounts() }
    var canWait: Bool { false }
    mutating func receiveWaiting() throws(SystemError) -> Int { try receive() }
    mutating func receiveSpinning(polls _: Int) throws(SystemError) -> Int { try receive() }
    func countPlain(from index: Int, upTo _: Int, _: inout ReceiveTally) -> Int { index }
}

/// A source whose frames are in memory of its own.
protocol FrameSource: ProbeSource, SendableMetatype, ~Copyable {
    /// The frame at `index` of those received last.
    @_lifetime(borrow self)
    func frame(at index: Int) -> ReceivedFrame

    /// The userspace stamp of the frames received last: CLOCK_REALTIME when they were in the program's memory.
    var userspace: Timestamp { get }
}

extension FrameSource where Self: ~Copyable {
    // A probe that is only counted is not made a value first: "receive through the ring: CPU per frame".
    func countPlain(from index: Int, upTo end: Int, _ tally: inout ReceiveTally) -> Int {
        var index = index
        while index < end, !tally.isComplete {
            let frame = frame(at: index)
            guard ProbeMessage.kind(ofPlain: frame.bytes) != nil else { break }
            tally.count(frame.ancillary)
            index += 1
        }
        return index
    }

    @_lifetime(borrow self)
    func probe(at index: Int, _ faults: inout FrameFaultCounts) -> FoundProbe? {
        let frame = frame(at: index)
        if let probe = FoundProbe(plain: frame, at: userspace) { return probe }
        do throws(FrameFault) { return try FoundProbe(frame, at: userspace) } catch {
            faults.count(error)
            return nil
        }
    }
}
