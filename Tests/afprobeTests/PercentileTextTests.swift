import Histogram
import Testing

@testable import afprobe

@Suite struct PercentileTextTests {
    /// Ten values: steps of 10 % up to the half, of 5 % up to three quarters, of 2.5 % and so on, until one
    /// leads to the last value.
    @Test func writesTheLinesComputedByHand() {
        var figures = Distribution()
        for value: Int64 in 1...10 { figures.record(value * 100) }
        let expected = """
                   Value     Percentile TotalCount 1/(1-Percentile)

                 100.000 0.000000000000          1           1.00
                 100.000 0.100000000000          1           1.11
                 200.000 0.200000000000          2           1.25
                 300.000 0.300000000000          3           1.43
                 400.000 0.400000000000          4           1.67
                 500.000 0.500000000000          5           2.00
                 600.000 0.550000000000          6           2.22
                 600.000 0.600000000000          6           2.50
                 700.000 0.650000000000          7           2.86
                 700.000 0.700000000000          7           3.33
                 800.000 0.750000000000          8           4.00
                 800.000 0.775000000000          8           4.44
                 800.000 0.800000000000          8           5.00
                 900.000 0.825000000000          9           5.71
                 900.000 0.850000000000          9           6.67
                 900.000 0.875000000000          9           8.00
                 900.000 0.887500000000          9           8.89
                 900.000 0.900000000000          9          10.00
                1000.000 0.912500000000         10          11.43
                1000.000 1.000000000000         10
            #[Mean    =      550.000, StdDeviation   =      287.000]
            #[Max     =     1000.000, Total count    =           10]
            #[Buckets =           32, SubBuckets     =         2048]

            """
        #expect(figures.percentileText == expected)
    }

    /// With more values there are shares halfway between two decimals, which the library rounds by accident.
    @Test(arguments: [1, 2, 9, 100, 2000])
    func writesTheLibrarysLines(count: Int) {
        var figures = Distribution()
        var library = Histogram<UInt64>(highestTrackableValue: UInt64(Distribution.histogramLimit))
        var random = Xorshift(seed: UInt64(count))
        for _ in 0..<count {
            let value = UInt64.random(
                in: 0..<(1 << UInt64.random(in: 10...30, using: &random)), using: &random)
            figures.record(Int64(value))
            library.record(value)
        }
        var text = ""
        library.outputPercentileDistribution(to: &text, outputValueUnitScalingRatio: 1)
        /// The library writes the ends of the last bucket, and its own mean.
        func lines(_ text: String) -> [Substring] {
            text.split(separator: "\n").filter { !$0.hasPrefix("#[M") }
        }
        let (ours, theirs) = (lines(figures.percentileText), lines(text))
        #expect(ours.count == theirs.count)
        #expect(ours.first == theirs.first && ours.last == theirs.last)
        for (own, other) in zip(ours, theirs) {
            let isLast = own.contains(" \(count) ") || own.hasSuffix(" \(count)")
            #expect(isLast ? own.dropFirst(12) == other.dropFirst(12) : own == other)
        }
    }

    @Test func ranksNegativeValuesFirst() {
        var figures = Distribution()
        for value: Int64 in [-5, 10, 20, 30] { figures.record(value) }
        let lines = figures.percentileText.split(separator: "\n")
        #expect(lines[1] == "      -5.000 0.000000000000          1           1.00")
        #expect(lines[4] == "      10.000 0.300000000000          2           1.43")
    }

    @Test func hasNoLinesOfNothing() {
        let lines = Distribution().percentileText.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[2] == "#[Max     =        0.000, Total count    =            0]")
    }
}
