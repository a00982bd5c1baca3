import AFPacketKit

/// The wait of a run's end for a reader that does not read: as long as it takes, unless the user asks to stop.
struct OutputWait: ~Copyable {
    private let signals: RunSignals
    private var isOver = false
    /// What the last wait found.
    private var ready: PollSet.Members = []
    private var seen: UInt64?
    private var since = MonotonicTime.now()
    private let begin = MonotonicTime.now()

    /// Once asked to stop, for so long without progress.
    private static let drainTimeout: Int64 = 300_000_000
    private static let turn: Int64 = 10_000_000

    init(_ signals: RunSignals) { self.signals = signals }

    /// Waits a little, or until the end.
    ///
    /// - Parameter progress: what changes as long as the writer gets on.
    /// - Returns: whether there is a point in waiting on.
    mutating func wait(watching progress: UInt64) -> Bool {
        var poll = PollSet()
        return wait(progress, &poll)
    }

    mutating func wait(watching progress: UInt64, for end: borrowing Wakeup) -> Bool {
        var poll = PollSet()
        poll.add(end, as: .turn)
        return wait(progress, &poll) && !ready.contains(.turn)
    }

    /// Waits until a stream has room for a line.
    ///
    /// - Returns: false where there was no point in waiting on.
    mutating func waitForRoom(in stream: StandardStream) -> Bool {
        while true {
            var poll = PollSet()
            poll.addRoom(in: stream, as: .room)
            let goesOn = wait(0, &poll)
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
        // Who asks twice does not want to wait for all the lines. But one Ctrl-C may come from two sides.
        isOver =
            signals.stops > 0 && now - since > Self.drainTimeout
            || signals.stops > 1 && now - begin > Self.drainTimeout
        return !isOver
    }
}

extension PollSet.Members {
    /// The writer has ended.
    static let turn = Self(rawValue: 1 << 5)
    /// A stream has room for a line.
    static let room = Self(rawValue: 1 << 6)
}
