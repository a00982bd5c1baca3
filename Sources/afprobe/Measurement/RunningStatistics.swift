/// Figures of a distribution that need no memory of its values.
struct RunningStatistics {
    private(set) var count: UInt64 = 0
    private(set) var minimum: Int64 = .max
    private(set) var maximum: Int64 = .min
    /// The first value; the rest is reckoned from it, so that figures far from zero lose no nanosecond.
    private var origin: Int64 = 0
    private var runningMean = 0.0
    private var squaredDeviations = 0.0

    /// Adds a value, by Welford's method, which stays exact where a sum of squares would not.
    mutating func add(_ value: Int64) {
        if count == 0 { origin = value }
        count += 1
        minimum = min(minimum, value)
        maximum = max(maximum, value)
        let relative = Double(value &- origin)
        let deviation = relative - runningMean
        runningMean += deviation / Double(count)
        squaredDeviations += deviation * (relative - runningMean)
    }

    /// The arithmetic mean; nil of no values.
    var mean: Int64? { count == 0 ? nil : origin &+ Int64(runningMean.rounded()) }

    /// The standard deviation of the values themselves, not of a population they were drawn from: what
    /// ping calls mdev.
    var standardDeviation: Int64? {
        count == 0 ? nil : Int64((squaredDeviations / Double(count)).squareRoot().rounded())
    }
}
