import AFPacketKit

/// The wait for a slow reader at the end of a run: without limit, unless the user asks to stop.
struct OutputWait: ~Copyable {
    private let signals: RunSignals
    private var isOver = false
    /// The members that the last wait found ready.
    private var ready: PollSet.Members = []
    private var seen: UInt64?
    private var since = MonotonicTime.now()
    private let begin = MonotonicTime.now()

    /// The max time without progress after a request to stop.
    private static let drainTimeout: Int64 = 300_000_000
    /// The max time after that request for all waits of a run together, however slowly a reader reads.
    private static let stopTimeout: Int64 = 800_000_000
    private static let turn: Int64 = 10_000_000

    init(_ signals: RunSignals) { self.signals = signals }

    /// Waits for one turn, or until the wait is given up.
    ///
    /// - Parameter progress: a number that changes while the writer makes progress.
    /// - Returns: whether to continue waiting.
    mutating func wait(watching progress: UInt64) -> Bool {
        var poll = PollSet()
        return wait(progress, &poll)
    }

    mutating func wait(watching progress: UInt64, for end: borrowing Wakeup) -> Bool {
        var poll = PollSet()
        poll.add(end, as: .wakeup)
        return wait(progress, &poll) && !ready.contains(.wakeup)
    }

    /// Waits until a stream has room for a line.
    ///
    /// - Returns: false if the wait was given up.
    mutating func waitForRoom(in stream: StandardStream) -> Bool {
        waitForRoom { $0.addRoom(in: stream, as: .room) }
    }

    /// Waits until a file has room.
    ///
    /// - Parameter progress: a number that changes while bytes are written.
    /// - Returns: false if the wait was given up.
    mutating func waitForRoom(in file: borrowing OutputFile, watching progress: UInt64) -> Bool {
        waitForRoom(watching: progress) { $0.addRoom(in: file, as: .room) }
    }

    private mutating func waitForRoom(
        watching progress: UInt64 = 0, _ add: (inout PollSet) -> Void
    ) -> Bool {
        while true {
            var poll = PollSet()
            add(&poll)
            let goesOn = wait(progress, &poll)
            if ready.contains(.room) || !goesOn { return ready.contains(.room) }
        }
    }

    private mutating func wait(_ progress: UInt64, _ poll: inout PollSet) -> Bool {
        if isOver { return false }
        let now = MonotonicTime.now()
        if progress != seen {
            seen = progress
            since = now
        }
        poll.add(signals.queue, as: .signals)
        ready = (try? poll.wait(until: now + Self.turn)) ?? []
        while signals.next() != nil {}
        // A second request ends the wait for the lines. But one Ctrl-C may arrive twice.
        if let stoppedAt = signals.stoppedAt {
            isOver =
                now - since > Self.drainTimeout || now - stoppedAt > Self.stopTimeout
                || signals.stops > 1 && now - begin > Self.drainTimeout
        }
        return !isOver
    }
}
