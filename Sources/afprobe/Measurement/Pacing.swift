import AFPacketKit

/// When the next frame is due, on a schedule that does not drift: frame n at start + n × interval.
struct Pacing {
    /// Nanoseconds between two frames; 0 is as fast as it goes.
    let interval: Int64
    private let remaining: UInt64?
    private(set) var nextDue: MonotonicTime
    private(set) var sentCount: UInt64 = 0

    /// A schedule of `count` frames (nil: without end), which begins now.
    init(interval: Int64, count: UInt64?) {
        self.interval = interval
        remaining = count
        nextDue = .now()
    }

    /// Has the first frame due now.
    mutating func begin() { nextDue = .now() }

    /// Whether all frames have been sent.
    var isFinished: Bool { remaining.map { sentCount >= $0 } ?? false }

    /// Goes on to the next frame. Where whole intervals were missed, because the window was full or the
    /// machine was stopped, they are left out and not made up for in a burst.
    mutating func advance(at now: MonotonicTime) {
        sentCount += 1
        guard interval > 0 else { return }
        nextDue = nextDue + interval
        let behind = now - nextDue
        if behind >= interval { nextDue = nextDue + behind / interval * interval }
    }
}
