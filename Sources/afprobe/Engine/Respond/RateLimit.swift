import AFPacketKit

/// Limits the rate of events, with bursts of up to a tenth of a second's worth.
struct RateLimit {
    private let interval: Int64
    private let tolerance: Int64
    /// The due time of the next event if all came evenly: the generic cell rate algorithm, ITU-T I.371.
    private var due = MonotonicTime(nanoseconds: 0)

    init(perSecond rate: UInt64) {
        interval = Int64(1_000_000_000 / rate)
        tolerance = 100_000_000
    }

    /// Returns whether `count` events may happen now; if so they are counted.
    mutating func allows(_ count: Int64 = 1, at now: MonotonicTime) -> Bool {
        if now > due { due = now }
        guard due - now <= tolerance else { return false }
        due = due + interval * count
        return true
    }
}
