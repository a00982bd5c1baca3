/// Figures of a distribution that need no memory of its values.
struct RunningStatistics {
    private(set) var count: UInt64 = 0
    private(set) var minimum: Int64 = .max
    private(set) var maximum: Int64 = .min
    /// The first value; the rest is reckoned from it, so that figures far from zero lose no nanosecond.
    private var origin: Int64 = 0
    private var runningMean = 0.0
    private var squaredDeviations = 0.0

    /// The same for the first value, which the others are reckoned from.
    mutating func begin(_ value: Int64) {
        origin = value
        add(value)
    }

    /// Adds a value, by Welford's method, which stays exact where a sum of squares would not.
    @inline(__always)
    mutating func add(_ value: Int64) {
        count &+= 1
        minimum = min(minimum, value)
        maximum = max(maximum, value)
        let relative = value.distance(from: origin)
        let deviation = relative - runningMean
        // A signed number is converted by one instruction.
        runningMean += deviation / Double(Int64(truncatingIfNeeded: count))
        squaredDeviations += deviation * (relative - runningMean)
    }

    /// The arithmetic mean; nil of no values.
    var mean: Int64? {
        guard count > 0 else { return nil }
        let (mean, overflow) = origin.addingReportingOverflow(Int64(saturating: runningMean))
        return overflow ? Int64(saturating: Double(origin) + runningMean) : mean
    }

    /// The standard deviation of the values themselves, not of a population they were drawn from: what
    /// ping calls mdev.
    var standardDeviation: Int64? {
        count == 0 ? nil : Int64(saturating: (squaredDeviations / Double(count)).squareRoot())
    }
}

// A peer writes what it likes into its stamps: no difference of them may trap.
extension Int64 {
    /// The nearest integer.
    init(saturating value: Double) {
        let rounded = value.rounded()
        self = Int64(exactly: rounded) ?? (rounded < 0 ? .min : .max)
    }

    /// This less `origin`: exact, and rounded only where it is beyond an integer or 2⁵³.
    @inline(__always)
    func distance(from origin: Int64) -> Double {
        let (difference, overflow) = subtractingReportingOverflow(origin)
        return overflow ? greatDistance(from: origin) : Double(difference)
    }

    // Not inlined, or it is reckoned each time.
    @inline(never)
    private func greatDistance(from origin: Int64) -> Double { Double(self) - Double(origin) }
}
