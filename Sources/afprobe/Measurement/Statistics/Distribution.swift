internal import Histogram

/// How the values of a figure are distributed, in nanoseconds.
///
/// Count, least, greatest, mean and standard deviation are exact, the last two to the nanosecond. Percentiles
/// come from a histogram that keeps three significant digits: a percentile is the nearest rank's value, rounded
/// up to the end of its bucket (HdrHistogram's "highest equivalent value"), hence by less than 0.1 %, and never
/// above the greatest. Two kinds of value share one bucket each:
/// - negative ones (a clock was set back) rank below all others; a percentile among them is the least;
/// - a percentile among those above `histogramLimit` is the greatest.
///
/// The memory is 264 KiB, taken at the start; recording takes none. A copy that is changed takes it anew.
struct Distribution {
    /// Up to where values have buckets of their own: an hour.
    static let histogramLimit: Int64 = 3_600_000_000_000

    private var moments = RunningStatistics()
    private var consecutive = Jitter()
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: UInt64(histogramLimit), numberOfSignificantValueDigits: .three)
    /// Values below zero.
    private(set) var negatives: UInt64 = 0

    /// Records a value; the order matters to the jitter alone.
    mutating func record(_ value: Int64) {
        moments.add(value)
        consecutive.add(value)
        if value < 0 {
            negatives += 1
        } else {
            histogram.record(UInt64(min(value, Self.histogramLimit)))
        }
    }

    // MARK: Figures, nil where there are no values

    var count: UInt64 { moments.count }
    var minimum: Int64? { count == 0 ? nil : moments.minimum }
    var maximum: Int64? { count == 0 ? nil : moments.maximum }
    var mean: Int64? { moments.mean }
    var standardDeviation: Int64? { moments.standardDeviation }

    /// The smoothed change from value to value; nil of fewer than two.
    var jitter: Int64? { consecutive.value }

    /// p95 − p50: how far the slow ones are from the usual, whatever the few slowest do. Where the median is
    /// negative, the least value stands for it.
    var spread: Int64? {
        let ends = percentiles([.p50, .p95])
        guard ends.count == 2 else { return nil }
        let (spread, overflow) = ends[1].subtractingReportingOverflow(ends[0])
        return overflow ? .max : spread
    }

    func percentile(_ percentile: Percentile) -> Int64? { percentiles([percentile]).first }

    /// Several percentiles, given in ascending order, in one walk; empty where there are no values.
    func percentiles(_ ascending: [Percentile]) -> [Int64] {
        var values: [Int64] = []
        var reached: UInt64 = 0
        for bucket in buckets {
            reached += bucket.count
            while values.count < ascending.count, ascending[values.count].rank(of: count) <= reached {
                // The greatest is known, also where it is negative.
                let isLast = ascending[values.count].rank(of: count) == count
                values.append(isLast ? moments.maximum : bucket.value)
            }
            if values.count == ascending.count { break }
        }
        return values
    }

    subscript(statistic: Statistic) -> Int64? {
        switch statistic {
        case .min: minimum
        case .mean: mean
        case .p50: percentile(.p50)
        case .p90: percentile(.p90)
        case .p99: percentile(.p99)
        case .p999: percentile(.p999)
        case .max: maximum
        case .stddev: standardDeviation
        case .spread: spread
        case .jitter: jitter
        }
    }
}

extension Distribution {
    /// Values that are not told apart.
    struct Bucket: Equatable {
        /// What the bucket can hold; that of negative values, and that of those above the limit: what it does.
        let range: ClosedRange<Int64>
        let count: UInt64
        /// What a percentile in this bucket is given as.
        let value: Int64
    }

    /// The buckets that hold values, in ascending order.
    var buckets: IteratorSequence<BucketIterator> { IteratorSequence(BucketIterator(of: self)) }

    struct BucketIterator: IteratorProtocol {
        private let distribution: Distribution
        /// Where the next bucket starts; nil before the negative values.
        private var start: UInt64?
        private let end: UInt64

        fileprivate init(of distribution: Distribution) {
            self.distribution = distribution
            end = UInt64(max(-1, min(distribution.moments.maximum, histogramLimit)) + 1)
        }

        // The library's own iterators add up values times counts, and trap where the sum overflows: a peer's
        // stamps could bring that about.
        mutating func next() -> Bucket? {
            guard var value = start else { return first() }
            let histogram = distribution.histogram
            while value < end {
                let next = histogram.nextNonEquivalentForValue(value)
                let count = histogram.countForValue(value)
                if count > 0 {
                    start = next
                    return bucket(from: value, below: next, count: count)
                }
                value = next
            }
            return nil
        }

        private mutating func first() -> Bucket? {
            let least = distribution.moments.minimum
            guard distribution.count > 0 else { return nil }
            start = distribution.histogram.lowestEquivalentForValue(
                UInt64(max(0, min(least, histogramLimit))))
            guard least < 0 else { return next() }
            let greatest = min(distribution.moments.maximum, -1)
            return Bucket(range: least...greatest, count: distribution.negatives, value: least)
        }

        private func bucket(from lowest: UInt64, below next: UInt64, count: UInt64) -> Bucket {
            let greatest = distribution.moments.maximum
            let isOpen = next > UInt64(histogramLimit)
            let highest = isOpen ? max(greatest, Int64(lowest)) : Int64(next - 1)
            return Bucket(range: Int64(lowest)...highest, count: count, value: min(highest, greatest))
        }
    }
}
