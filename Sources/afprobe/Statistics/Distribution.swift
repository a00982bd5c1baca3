/// The distribution of a figure's values, in nanoseconds.
///
/// Count, minimum, maximum, mean and standard deviation are exact, the last two to the nanosecond. Percentiles come
/// from a histogram that keeps three significant digits: a percentile is the nearest rank's value, rounded up to the
/// end of its bucket (HdrHistogram's "highest equivalent value"), hence by less than 0.1 %, and never above the
/// maximum. Two kinds of value share one bucket each:
/// - negative ones (a clock was set back) rank below all others; a percentile among them is the minimum;
/// - a percentile among those above `histogramLimit` is the maximum.
///
/// The memory is 261 KiB, allocated at the start; recording allocates none. A copy that is changed allocates it again.
struct Distribution {
    /// The maximum value with a bucket of its own: an hour.
    static let histogramLimit: Int64 = 3_600_000_000_000

    private var moments = RunningStatistics()
    private var consecutive = Jitter()
    /// The number of values in each bucket of the scale.
    private var histogram = [UInt64](repeating: 0, count: scale.bucket(of: UInt64(histogramLimit)) + 1)
    /// Values below zero.
    private(set) var negatives: UInt64 = 0

    private static var scale: LogLinearScale { LogLinearScale(stepBits: 10) }

    /// Records a value; the order matters to the jitter only.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func record(_ value: Int64) {
        if moments.count == 0 { consecutive.begin(value) }
        moments.add(value)
        consecutive.add(value)
        // As unsigned, a negative value is a large one.
        let unsigned = UInt64(bitPattern: value)
        guard unsigned <= UInt64(Self.histogramLimit) else { return recordOutside(value) }
        histogram[Self.scale.bucket(of: unsigned)] &+= 1
    }

    /// Records a value that has no bucket of its own.
    private mutating func recordOutside(_ value: Int64) {
        if value < 0 {
            negatives &+= 1
        } else {
            histogram[Self.scale.bucket(of: UInt64(Self.histogramLimit))] &+= 1
        }
    }

    // MARK: Figures, nil if there are no values

    var count: UInt64 { moments.count }
    var minimum: Int64? { count == 0 ? nil : moments.minimum }
    var maximum: Int64? { count == 0 ? nil : moments.maximum }
    /// The latest value.
    var latest: Int64? { count == 0 ? nil : consecutive.previous }
    var mean: Int64? { moments.mean }
    var standardDeviation: Int64? { moments.standardDeviation }

    /// The smoothed change from value to value; nil if there are fewer than two.
    var jitter: Int64? { count < 2 ? nil : consecutive.value }

    /// p95 − p50: the distance of slow values from the usual, without the few slowest. The minimum replaces a negative
    /// median.
    var spread: Int64? { self[.spread] }

    func percentile(_ percentile: Percentile) -> Int64? { percentiles([percentile]).first }

    /// Several percentiles, given in ascending order, in one walk; empty if there are no values.
    func percentiles(_ ascending: [Percentile]) -> [Int64] {
        guard count > 0 else { return [] }
        // The negative values come first.
        var (reached, next) = (negatives, firstPlace)
        return ascending.map { percentile in
            let rank = percentile.rank(of: count)
            while reached < rank {
                reached += histogram[next]
                next += 1
            }
            // The maximum is known, even if it is negative.
            if rank == count { return moments.maximum }
            return rank <= negatives ? moments.minimum : bucket(at: next - 1).value
        }
    }

    subscript(statistic: Statistic) -> Int64? { statistics[statistic] }

    /// All statistics that so many values can carry, the percentiles by one walk; empty if there are no values.
    var statistics: [Statistic: Int64] {
        let ranked = percentiles([.p50, .p90, .p95, .p99, .p999])
        guard ranked.count == 5 else { return [:] }
        var statistics: [Statistic: Int64] = [
            .p50: ranked[0], .p90: ranked[1], .p95: ranked[2], .p99: ranked[3], .p999: ranked[4],
            .min: moments.minimum,
            .max: moments.maximum,
        ]
        let (spread, overflow) = ranked[2].subtractingReportingOverflow(ranked[0])
        statistics[.spread] = overflow ? .max : spread
        for statistic in statistics.keys where statistic.neededCount > count { statistics[statistic] = nil }
        statistics[.mean] = mean
        statistics[.stddev] = standardDeviation
        statistics[.jitter] = jitter
        return statistics
    }
}

extension Distribution {
    /// A range of values that are not told apart.
    struct Bucket: Equatable {
        /// The values that the bucket can hold; for negative values and those above the limit, the values that it
        /// holds.
        let range: ClosedRange<Int64>
        let count: UInt64
        /// The value of a percentile in this bucket.
        let value: Int64
    }

    /// The buckets that hold values, in ascending order.
    var buckets: [Bucket] {
        guard count > 0 else { return [] }
        var buckets: [Bucket] = []
        if negatives > 0 {
            let range = moments.minimum...min(moments.maximum, -1)
            buckets.append(Bucket(range: range, count: negatives, value: moments.minimum))
        }
        guard moments.maximum >= 0 else { return buckets }
        let last = Self.scale.bucket(of: UInt64(min(moments.maximum, Self.histogramLimit)))
        for place in firstPlace...last where histogram[place] > 0 { buckets.append(bucket(at: place)) }
        return buckets
    }

    /// The first index in the histogram that may be in use.
    private var firstPlace: Int {
        Self.scale.bucket(of: UInt64(max(0, min(moments.minimum, Self.histogramLimit))))
    }

    private func bucket(at place: Int) -> Bucket {
        let (lowest, next) = (Int64(Self.scale.lowest(in: place)), Int64(Self.scale.lowest(in: place + 1)))
        let greatest = moments.maximum
        let highest = next > Self.histogramLimit ? max(greatest, lowest) : next - 1
        return Bucket(range: lowest...highest, count: histogram[place], value: min(highest, greatest))
    }
}
