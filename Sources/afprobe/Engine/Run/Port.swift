import AFPacketKit

/// A packet socket and its clocks, as a run uses them: the kernel's, or a test's script.
protocol Port: ~Copyable {
    /// CLOCK_MONOTONIC: for due times and timeouts.
    func monotonicTime() -> MonotonicTime
    /// CLOCK_MONOTONIC at the kernel's last tick: up to 10 ms old, at a third of the cost.
    func coarseTime() -> MonotonicTime
    /// CLOCK_REALTIME: the clock of the software and userspace stamps.
    func realTime() -> Timestamp
    /// Reads both clocks of a pair again.
    func update(_ pair: inout ClockPair)
    /// Sleeps until then, as the thread is scheduled now.
    func sleep(until time: MonotonicTime) throws(SystemError)

    // The other requirements are `TimestampedSocket`'s, and documented there.
    func send(_ frame: Span<UInt8>) throws(SystemError) -> Bool
    func send(
        _ frame: Span<UInt8>, recording flags: TimestampingFlags, key: UInt32?
    ) throws(SystemError) -> Bool
    var takesKeys: Bool { get }
    func send(
        _ batch: borrowing FrameBatch, _ indices: Range<Int>, perCall: Int, taken: inout Int
    ) throws(SystemError)
    func receiveCompletions(into batch: inout MessageBatch, limit: Int) throws(SystemError)
    func receive(into batch: inout MessageBatch, limit: Int) throws(SystemError)
    func receiveWaiting(into batch: inout MessageBatch) throws(SystemError)
    func receiveOne(into batch: inout MessageBatch) throws(SystemError)
    func receiveOne(into batch: inout MessageBatch, polls: Int) throws(SystemError)
    func takePendingError() -> ErrorCode?
    func takeStatistics() throws(SystemError) -> PacketStatistics
    func queueMemory() throws(SystemError) -> (used: Int, limit: Int)
    func stopHardwareStamps()
    func replaceFilter(by filter: SocketFilter) throws(SystemError)

    /// Adds the socket to the poll set: for frames, or for its error queue, which delivers completions and errors.
    func watchFrames(in poll: inout PollSet, as name: PollSet.Members)
    func watchCompletions(in poll: inout PollSet)
}

extension TimestampedSocket: Port {
    func monotonicTime() -> MonotonicTime { .now() }
    func coarseTime() -> MonotonicTime { .atLastTick() }
    func realTime() -> Timestamp { .now() }
    func update(_ pair: inout ClockPair) { pair.update() }
    func sleep(until time: MonotonicTime) throws(SystemError) {
        var poll = PollSet()
        try poll.wait(until: time)
    }
    func watchFrames(in poll: inout PollSet, as name: PollSet.Members) { poll.add(self, as: name) }
    func watchCompletions(in poll: inout PollSet) { poll.addErrorQueue(of: self, as: .completions) }
}

extension Port where Self: ~Copyable {
    func watchFrames(in poll: inout PollSet) { watchFrames(in: &poll, as: .frames) }

    /// The time of a pair's clock when CLOCK_MONOTONIC shows `time`, as both are set now; nil without a pair.
    @inline(__always)
    func reading(of pair: inout ClockPair?, at time: MonotonicTime) -> Timestamp? {
        guard var current = pair else { return nil }
        update(&current)
        pair = current
        return current.reading(at: time)
    }
}

// All members of all poll sets, so that no two have one bit.
extension PollSet.Members {
    /// Frames have arrived.
    static let frames = Self(rawValue: 1 << 0)
    /// Completions or a socket error wait in the error queue; or there is room to send, if that is watched.
    static let completions = Self(rawValue: 1 << 1)
    /// Signals wait.
    static let signals = Self(rawValue: 1 << 2)
    /// The reader of standard output has gone.
    static let reader = Self(rawValue: 1 << 3)
    /// A link has changed.
    static let links = Self(rawValue: 1 << 4)
    /// Probes have arrived that the run does not take.
    static let otherForms = Self(rawValue: 1 << 5)
    /// Another thread wakes this one, or has taken its turn.
    static let wakeup = Self(rawValue: 1 << 6)
    /// A stream has room.
    static let room = Self(rawValue: 1 << 7)
    /// The network has returned datagrams of a guarded port, by IPv4 or by IPv6.
    static let returnedV4 = Self(rawValue: 1 << 8)
    static let returnedV6 = Self(rawValue: 1 << 9)
}
