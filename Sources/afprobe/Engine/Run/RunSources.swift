import AFPacketKit

/// What a run waits for beside its own sockets, and how it waits: the kernel, or a test's script.
protocol RunSources: ~Copyable {
    /// CLOCK_MONOTONIC.
    func now() -> MonotonicTime

    /// Sleeps until something is ready or the time has come.
    ///
    /// - Parameters:
    ///   - deadline: when to wake up at the latest; a time that has come does not sleep.
    ///   - isWaitingForRoom: whether room to send counts as ready, too.
    /// - Returns: what is ready.
    mutating func wait(
        until deadline: MonotonicTime, room isWaitingForRoom: Bool
    ) throws(SystemError) -> PollSet.Members

    /// Takes the oldest request of the user; nil if there is none.
    mutating func nextRequest() -> RunRequest?
}

/// The sources of a real run, waited for by poll(2).
struct PolledSources: RunSources, ~Copyable {
    private var poll = PollSet()
    private let signals: RunSignals
    private let hasCompletions: Bool

    init(of run: borrowing some Run & ~Copyable, _ signals: RunSignals) {
        hasCompletions = run.watch(in: &poll)
        poll.add(signals.queue, as: .signals)
        poll.addReader(of: .output, as: .reader)
        self.signals = signals
    }

    func now() -> MonotonicTime { .now() }

    mutating func wait(
        until deadline: MonotonicTime, room isWaitingForRoom: Bool
    ) throws(SystemError) -> PollSet.Members {
        if hasCompletions { poll.watchWritability(of: .completions, isWaitingForRoom) }
        return try poll.wait(until: deadline)
    }

    mutating func nextRequest() -> RunRequest? { signals.next() }
}
