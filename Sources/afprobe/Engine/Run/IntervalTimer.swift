import AFPacketKit

/// The intervals of a run for which figures are told on their own. None, if no length is given.
struct IntervalTimer {
    private let length: Int64
    private var start: MonotonicTime
    /// The end of the interval at hand; never if there are none.
    private(set) var due: MonotonicTime

    /// - Parameter length: nanoseconds above 0; nil for no intervals.
    init(length: Int64?, at now: MonotonicTime) {
        self.length = length ?? .max
        start = now
        due = length.map { now + $0 } ?? .never
    }

    /// Begins the next interval, and returns the nanoseconds since the last one began. Intervals that passed meanwhile
    /// are left out.
    mutating func advance(at now: MonotonicTime) -> Int64 {
        let elapsed = now - start
        start = now
        guard now >= due else { return elapsed }
        let missed = (now - due) / length
        due = due + (missed + 1) * length
        return elapsed
    }
}
