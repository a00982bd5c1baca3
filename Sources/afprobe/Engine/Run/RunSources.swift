import AFPacketKit

/// The event sources of a run beside its own sockets, and the wait for them: the kernel's, or a test's script.
protocol RunSources: ~Copyable {
    /// CLOCK_MONOTONIC.
    func now() -> MonotonicTime

    /// Tells whether the NIC that stamps may become another one: a change of a link must then be noticed before the
    /// frames after it.
    var linkMayChange: Bool { get }

    /// Sleeps until something is ready or the deadline has passed, and returns what is ready.
    ///
    /// - Parameters:
    ///   - deadline: the latest wake-up time; the call does not sleep if it has passed.
    ///   - isWaitingForRoom: whether room to send counts as ready, too.
    ///   - paused: what does not count as ready.
    mutating func wait(
        until deadline: MonotonicTime, room isWaitingForRoom: Bool, without paused: PollSet.Members
    ) throws(SystemError) -> PollSet.Members

    /// Removes and returns the user's oldest request; nil if none waits.
    mutating func nextRequest() -> RunRequest?
}

/// The sources of a real run, waited for by poll(2).
struct PolledSources: RunSources, ~Copyable {
    private var poll = PollSet()
    private let signals: RunSignals
    private let hasCompletions: Bool
    /// Nil if a sandbox forbids it.
    private let links: LinkWatch?
    let linkMayChange: Bool

    /// - Parameter linkMayChange: whether the run's interface is a bond.
    init(of run: borrowing some Run & ~Copyable, _ signals: RunSignals, linkMayChange: Bool) {
        self.linkMayChange = linkMayChange
        hasCompletions = run.watch(in: &poll)
        poll.add(signals.queue, as: .signals)
        poll.addReader(of: .output, as: .reader)
        self.signals = signals
        links = try? LinkWatch(includesRoutes: run.watchesRoutes)
        switch links {
        case .some(let watch): poll.add(watch, as: .links)
        case .none: break
        }
    }

    func now() -> MonotonicTime { .now() }

    mutating func wait(
        until deadline: MonotonicTime, room isWaitingForRoom: Bool, without paused: PollSet.Members
    ) throws(SystemError) -> PollSet.Members {
        poll.pause(paused)
        if hasCompletions { poll.watchWritability(of: .completions, isWaitingForRoom) }
        let ready = try poll.wait(until: deadline)
        if ready.contains(.links) {
            switch links {
            case .some(let watch): watch.drain()
            case .none: break
            }
        }
        return ready
    }

    mutating func nextRequest() -> RunRequest? { signals.next() }
}
