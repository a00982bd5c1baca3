/// Figures of a distribution that need no memory of its values.
struct RunningStatistics {
    private(set) var count: UInt64 = 0
    private(set) var minimum: Int64 = .max
    private(set) var maximum: Int64 = .min
    // Whole numbers, so that only the results are rounded.
    private var sum: Int128 = 0
    private var sumOfSquares: UInt128 = 0
    /// Overflows of the sum of squares: possible from a hundred values on, if clocks are decades apart.
    private var carries: UInt64 = 0

    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func add(_ value: Int64) {
        count &+= 1
        if value < minimum { minimum = value }
        if value > maximum { maximum = value }
        sum &+= Int128(value)
        let overflow: Bool
        (sumOfSquares, overflow) = sumOfSquares.addingReportingOverflow(
            UInt128(truncatingIfNeeded: Int128(value) &* Int128(value)))
        if overflow { carries &+= 1 }
    }

    /// The arithmetic mean; nil if there are no values.
    var mean: Int64? {
        guard count > 0 else { return nil }
        // Adding half of the divisor rounds to the nearest integer, halves away from zero.
        return Int64((sum + Int128(count / 2) * sum.signum()) / Int128(count))
    }

    /// The standard deviation of the values themselves, not of a population they were drawn from: ping's mdev.
    var standardDeviation: Int64? {
        count == 0 ? nil : Int64(saturating: squaredDeviations.squareRoot() / Double(count))
    }

    /// The variance times the square of the count: exact up to the last step, because it is the difference of two
    /// numbers that may be nearly the same.
    private var squaredDeviations: Double {
        var (high, low) = sumOfSquares.multipliedFullWidth(by: UInt128(count))
        high += UInt128(carries) * UInt128(count)
        let square = sum.magnitude.multipliedFullWidth(by: sum.magnitude)
        let borrow: Bool
        (low, borrow) = low.subtractingReportingOverflow(square.low)
        high -= square.high + (borrow ? 1 : 0)
        return Double(high) * 0x1p128 + Double(low)
    }
}

// A peer may write anything into its stamps: no difference of them may trap.
extension Int64 {
    /// The nearest integer.
    init(saturating value: Double) {
        let rounded = value.rounded()
        self = Int64(exactly: rounded) ?? (rounded < 0 ? .min : .max)
    }

    /// This less `origin`: exact, and rounded only if it is beyond an integer or 2⁵³.
    func distance(from origin: Int64) -> Double {
        let (difference, overflow) = subtractingReportingOverflow(origin)
        return overflow ? greatDistance(from: origin) : Double(difference)
    }

    private func greatDistance(from origin: Int64) -> Double { Double(self) - Double(origin) }
}
