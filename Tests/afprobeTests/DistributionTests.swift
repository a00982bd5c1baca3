import Histogram
import Testing

@testable import afprobe

private func distribution(of values: some Sequence<Int64>) -> Distribution {
    var distribution = Distribution()
    for value in values { distribution.record(value) }
    return distribution
}

/// Pseudo-random numbers that are the same in every run.
struct Xorshift: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

@Suite struct PercentileTests {
    @Test(arguments: [
        (0, 10, 1), (50, 1, 1), (50, 2, 1), (50, 3, 2), (90, 10, 9), (99, 99, 99), (99, 100, 99),
        (99, 101, 100), (100, 7, 7), (95, 20, 19), (95, 21, 20),
    ])
    func ranksToTheNearest(percent: UInt64, count: UInt64, rank: UInt64) {
        #expect(Percentile(thousandths: percent * 1000).rank(of: count) == rank)
    }

    /// 99.9 % of 1000 is 999.0000000000001 in floating point.
    @Test func ranksExactly() {
        #expect(Percentile.p999.rank(of: 1000) == 999)
        #expect(Percentile.p999.rank(of: 1001) == 1000)
        #expect(Percentile.p999.rank(of: UInt64(1) << 60) == 1_151_768_583_102_240_130)
    }
}

@Suite struct DistributionTests {
    @Test func isExactWhereItSaysSo() {
        let figures = distribution(of: [
            2_000_001, 4_000_001, 4_000_001, 4_000_001, 5_000_001, 5_000_001, 7_000_001, 9_000_001,
        ])
        #expect(figures.count == 8)
        #expect(figures.minimum == 2_000_001)
        #expect(figures.maximum == 9_000_001)
        #expect(figures.mean == 5_000_001)
        #expect(figures.standardDeviation == 2_000_000)
    }

    /// The values below 2048 have a bucket each.
    @Test func takesTheNearestRank() {
        let figures = distribution(of: (1...1000).reversed())
        #expect(figures.percentiles([.p50, .p90, .p95, .p99, .p999]) == [500, 900, 950, 990, 999])
        #expect(figures.percentile(Percentile(thousandths: 0)) == 1)
        #expect(figures.percentile(Percentile(thousandths: 100_000)) == 1000)
        #expect(figures.spread == 450)
    }

    @Test func agreesWithSortedValuesToThreeDigits() {
        var random = Xorshift(seed: 42)
        var values = (0..<20_000).map { _ in
            Int64.random(in: 0..<(1 << Int64.random(in: 1...40, using: &random)), using: &random)
        }
        let figures = distribution(of: values)
        values.sort()
        for thousandths: UInt64 in stride(from: 0, through: 100_000, by: 123) {
            let percentile = Percentile(thousandths: thousandths)
            let exact = values[Int(percentile.rank(of: 20_000)) - 1]
            let value = figures.percentile(percentile) ?? -1
            #expect(value >= exact && Double(value) <= Double(exact) * 1.001)
        }
    }

    @Test func agreesWithTheLibrary() {
        var library = Histogram<UInt64>(highestTrackableValue: 3_600_000_000_000)
        var random = Xorshift(seed: 7)
        var figures = Distribution()
        for _ in 0..<5000 {
            let value = Int64.random(in: 0..<100_000_000, using: &random)
            library.record(UInt64(value))
            figures.record(value)
        }
        for percent in 1...99 {
            #expect(
                figures.percentile(Percentile(thousandths: UInt64(percent) * 1000))
                    == Int64(library.valueAtPercentile(Double(percent))))
        }
    }

    @Test func ranksNegativeValuesBelowAllOthers() {
        let figures = distribution(of: [-7, 10, -1000, 20, 30, 40, 50, 60, 70, 80])
        #expect(figures.negatives == 2)
        #expect(figures.minimum == -1000)
        #expect(figures.mean == -65)
        #expect(figures.percentile(Percentile(thousandths: 20_000)) == -1000)
        #expect(figures.percentile(Percentile(thousandths: 30_000)) == 10)
        #expect(figures.percentile(.p50) == 30)
        #expect(figures.percentile(.p99) == 80)
        #expect(Array(figures.buckets).first == .init(range: -1000 ... -1, count: 2, value: -1000))
    }

    @Test func hasFiguresOfNegativeValuesAlone() {
        let figures = distribution(of: [-30, -20, -10])
        #expect(figures.percentiles([.p50, .p99]) == [-30, -10])
        #expect(Array(figures.buckets) == [.init(range: -30 ... -10, count: 3, value: -30)])
    }

    @Test func countsWhatIsAboveTheRangeAndKeepsTheGreatest() {
        let limit = Distribution.histogramLimit
        let figures = distribution(of: [1, limit * 2, limit * 3])
        #expect(figures.maximum == limit * 3)
        #expect(figures.percentile(.p50) == limit * 3)
        #expect(figures.mean == (limit * 5 + 1) / 3)
        #expect(Array(figures.buckets).map(\.count) == [1, 2])
    }

    /// A peer writes what it likes into its stamps.
    @Test(arguments: [
        [Int64.max, .max, .max], [.min, .min], [.min, .max], [.max, .min, .max, 0], [0, .max, .min],
        [-1, .max],
    ])
    func trapsOnNothing(values: [Int64]) {
        let figures = distribution(of: values)
        #expect(figures.minimum == values.min())
        #expect(figures.maximum == values.max())
        for statistic in Statistic.allCases {
            #expect((figures[statistic] != nil) == (values.count >= statistic.neededCount))
        }
        #expect(figures.percentiles([.p50, .p90, .p99, .p999]).count == 4)
        #expect(figures.percentileText.contains("Total count    = \("\(values.count)".rightAligned(12))]"))
    }

    /// Five million and more values of an hour overflow the sum in the library's iterators.
    @Test func doesNotAddUpWhatOverflows() {
        var figures = Distribution()
        for _ in 0..<5_200_000 { figures.record(Distribution.histogramLimit) }
        #expect(figures.percentile(.p50) == Distribution.histogramLimit)
        #expect(figures.mean == Distribution.histogramLimit)
    }

    @Test func hasNoFiguresOfNothing() {
        let figures = Distribution()
        for statistic in Statistic.allCases { #expect(figures[statistic] == nil) }
        #expect(figures.percentiles([.p50]).isEmpty)
        #expect(Array(figures.buckets).isEmpty)
    }

    @Test func namesItsStatistics() {
        let figures = distribution(of: [10, 20, 30, 40])
        let values = Statistic.allCases.map { figures[$0] }
        #expect(values == [10, 25, 20, nil, nil, nil, nil, 40, 11, nil, 2])
    }

    /// A percentile that no value lies above is the maximum under another name.
    @Test(arguments: [
        (Statistic.p50, 1), (.p90, 10), (.p95, 20), (.spread, 20), (.p99, 100), (.p999, 1000), (.jitter, 2),
    ])
    func aPercentileNeedsAValueAboveIt(statistic: Statistic, count: Int) {
        var figures = Distribution()
        for value in 1..<count { figures.record(Int64(value)) }
        #expect(figures[statistic] == nil)
        figures.record(Int64(count))
        #expect(figures[statistic] != nil)
    }
}

@Suite struct JitterTests {
    /// J += (|D| − J) / 16
    @Test func followsTheRFC() {
        var jitter = Jitter()
        jitter.begin(1000)
        #expect(jitter.value == 0)
        jitter.add(1160)
        #expect(jitter.value == 10)
        jitter.add(1000)
        // 10 + 150 / 16 = 19.375
        #expect(jitter.value == 19)
        jitter.add(1000)
        // 19.375 − 19.375 / 16 = 18.16
        #expect(jitter.value == 18)
    }

    @Test func isThatOfTheDifferenceInTheLongRun() {
        var jitter = Jitter()
        for index in 0..<1000 { jitter.add(index.isMultiple(of: 2) ? 5000 : 7000) }
        #expect(jitter.value == 2000)
    }
}
