import Testing

@testable import afprobe

private func distribution(of counts: KeyValuePairs<Int64, Int>) -> Distribution {
    var distribution = Distribution()
    for (value, count) in counts {
        for _ in 0..<count { distribution.record(value) }
    }
    return distribution
}

@Suite struct HistogramDrawingTests {
    private let usual: KeyValuePairs<Int64, Int> = [
        40_500: 30, 41_500: 240, 42_500: 400, 43_500: 250, 44_500: 50, 60_000: 15, 130_000: 10, 900_000: 4,
        2_300_000: 1,
    ]

    @Test func drawsTheUsualAndTheTail() {
        let text = HistogramDrawing(style: TextStyle(), distribution: distribution(of: usual)).text
        #expect(text == usualText)
    }

    @Test func drawsInASCII() {
        let text = HistogramDrawing(style: TextStyle(isUnicode: false), distribution: distribution(of: usual))
            .text
        #expect(text.utf8.allSatisfy { $0 < 0x80 })
        let bars = text.split(separator: "\n").dropFirst().map {
            $0.filter { "#.".contains($0) }.prefix { $0 == "#" }
        }
        #expect(bars.map(\.count).max() == 48)
    }

    @Test func drawsOneValue() {
        let text = HistogramDrawing(style: TextStyle(), distribution: distribution(of: [51_200: 3])).text
        #expect(
            text == """
                  from                                                   count    share   cumul.
                51.2µs ▕███████████████████████████████████████████████      3 100.000% 100.000%

                """)
    }

    @Test func drawsNothingOfNothing() {
        #expect(HistogramDrawing(style: TextStyle(), distribution: Distribution()).text.isEmpty)
    }

    @Test func countsNegativeValuesInARowOfTheirOwn() {
        let text = HistogramDrawing(style: TextStyle(), distribution: distribution(of: [-5: 1, -900: 2])).text
        #expect(
            text == """
                from                                                     count    share   cumul.
                < 0s ▕█████████████████████████████████████████████████      3 100.000% 100.000%

                """)
    }

    /// Some are never shown as none, nor as all.
    @Test func showsTheFewest() {
        let text = HistogramDrawing(style: TextStyle(), distribution: distribution(of: [0: 300_000, 9: 1]))
            .text
        let lines = text.split(separator: "\n")
        #expect(lines[1].hasSuffix("300000  99.999%  99.999%"))
        #expect(
            lines[lines.count - 1].contains("▏") && lines[lines.count - 1].hasSuffix(" 1   0.001% 100.000%"))
    }

    /// Whatever the values: every one is in a row, and all fits.
    @Test func fitsWhateverTheValues() throws {
        var random = Xorshift(seed: 11)
        for _ in 0..<60 {
            var values = Distribution()
            let (low, high) = (Int.random(in: 0...62, using: &random), Int.random(in: 0...62, using: &random))
            for _ in 0..<Int.random(in: 1...300, using: &random) {
                let shift = Int.random(in: min(low, high)...max(low, high), using: &random)
                values.record(Int64.random(in: -1...(1 << Int64(shift)), using: &random))
            }
            let text = HistogramDrawing(style: TextStyle(), distribution: values).text
            let lines = text.split(separator: "\n")
            #expect((2...21).contains(lines.count))
            for line in lines { #expect(line.count <= 80) }
            let counts = lines.dropFirst().compactMap { line -> UInt64? in
                let words = line.split(separator: " ")
                return words.count < 4 ? nil : UInt64(words[words.count - 3])
            }
            #expect(counts.reduce(0, +) == values.count)
            #expect(lines[lines.count - 1].hasSuffix(" 100.000%"))
        }
    }
}

@Suite struct HistogramLayoutTests {
    private func layout(_ counts: KeyValuePairs<Int64, Int>) -> HistogramLayout {
        HistogramLayout(Array(distribution(of: counts).buckets), rows: 20)
    }

    @Test func beginsRowsAtRoundNumbers() {
        let layout = layout([48_123: 10, 50_321: 80, 52_000: 9, 777_777: 1])
        #expect(layout.edges == [48_000, 50_000, 52_000, 100_000])
        #expect(layout.counts == [10, 80, 9, 1])
    }

    @Test func spansPowersOfTenWhereNothingElseFits() {
        let layout = layout([5: 1, 1_000: 1, 1_000_000: 1, 3_000_000_000_000: 1])
        let decades = (4...12).map { exponent in (0..<exponent).reduce(Int64(1)) { power, _ in power * 10 } }
        #expect(layout.edges == [0, 1_000, 2_000] + decades)
    }

    @Test func takesTheGreatestValues() {
        #expect(layout([0: 1]).edges == [0])
        #expect(layout([Int64.max: 1]).edges.count == 1)
        #expect(layout([0: 1, Int64.max: 1]).counts.reduce(0, +) == 2)
    }
}

private let usualText = """
     from                                                    count    share   cumul.
     40µs ▕███▋                                                 30   3.000%   3.000%
     41µs ▕████████████████████████████▊                       240  24.000%  27.000%
     42µs ▕████████████████████████████████████████████████    400  40.000%  67.000%
     43µs ▕██████████████████████████████                      250  25.000%  92.000%
     44µs ▕██████                                               50   5.000%  97.000%
     50µs ▕█▊                                                   15   1.500%  98.500%
    100µs ▕█▎                                                   10   1.000%  99.500%
    200µs ▕                                                                  99.500%
    500µs ▕▌                                                     4   0.400%  99.900%
      1ms ▕                                                                  99.900%
      2ms ▕▏                                                     1   0.100% 100.000%

    """
