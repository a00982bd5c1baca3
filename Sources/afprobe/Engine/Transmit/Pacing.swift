import AFPacketKit

/// Due times that do not drift: batch n at start + n × frames in a batch × interval.
///
/// A batch is a burst: its frames are due together, and the rate is the same as without batches. RFC 2544, section 21
struct Pacing {
    /// Nanoseconds between batches; 0 is flat out, whatever the times.
    private let pause: Int64
    private let batch: UInt64
    private let count: UInt64
    /// The due time of the current or next batch.
    private(set) var nextDue: MonotonicTime
    private(set) var sentCount: UInt64 = 0
    /// Frames that are left to be sent of that batch.
    private(set) var readyCount: UInt64
    /// Due times of the frames, in nanoseconds after the first; empty if the interval is constant.
    private let times: [Int64]
    private var start: MonotonicTime

    /// Due times of `count` frames (nil: without end).
    ///
    /// - Parameters:
    ///   - interval: nanoseconds a frame; 0 is flat out.
    ///   - batch: frames that are due together, from 1.
    ///   - start: the due time of the first frame.
    init(
        interval: Int64, batch: UInt64 = 1, count: UInt64?, times: [Int64] = [], at start: MonotonicTime
    ) {
        self.times = times
        let (product, overflow) = interval.multipliedReportingOverflow(by: Int64(batch))
        pause = overflow ? .max : product
        self.batch = batch
        self.count = count ?? .max
        self.start = start
        nextDue = start
        readyCount = min(batch, self.count)
    }

    /// Makes the first frame due now.
    mutating func begin(at now: MonotonicTime) {
        start = now
        nextDue = start
    }

    var isFinished: Bool { readyCount == 0 }

    /// Advances to the next frame, or over several of one batch. Whole pauses that were missed, because the window was
    /// full or the machine was stopped, are left out and not made up for in a burst.
    mutating func advance(at now: MonotonicTime, by frames: UInt64 = 1) {
        sentCount &+= frames
        readyCount &-= frames
        guard readyCount == 0 else { return }
        readyCount = min(batch, count &- sentCount)
        if pause > 0 { advanceDue(at: now) }
    }

    private mutating func advanceDue(at now: MonotonicTime) {
        if sentCount < UInt64(times.count) {
            nextDue = start + times[Int(sentCount)]
            return
        }
        nextDue = nextDue + pause
        let behind = now - nextDue
        if behind >= pause { nextDue = nextDue + behind / pause * pause }
    }
}
