// HdrHistogram's percentile distribution (.hgrm), which its plotter and others read: a line for each step
// towards 100 %, five steps to each halving of the distance that is left, and figures in comments:
//
//        Value     Percentile TotalCount 1/(1-Percentile)
//
//       45.000 0.000000000000          1           1.00
//       ...
//     2047.000 1.000000000000       1000
//     #[Mean    =      612.000, StdDeviation   =       18.000]
//
// All values are in nanoseconds, scaled by 1. The library's own output supports no negative values, and traps if its
// sum of all values overflows.

extension Distribution {
    var percentileText: String {
        var text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
        var step = PercentileStep()
        var reached: UInt64 = 0
        for bucket in buckets {
            reached += bucket.count
            while step.rank(of: count) <= reached {
                text += percentileLine(bucket.value, step.share, reached)
                text += " \(step.inverse.rightAligned(14))\n"
                step.advance()
                // The first step in the last bucket stands for all of them; 100 % follows.
                if reached == count { break }
            }
        }
        if let maximum { text += percentileLine(maximum, "1.000000000000", count) + "\n" }
        return text + percentileFooter
    }

    private func percentileLine(_ value: Int64, _ share: String, _ reached: UInt64) -> String {
        "\("\(value).000".rightAligned(12)) \(share) \("\(reached)".rightAligned(10))"
    }

    private var percentileFooter: String {
        func number(_ text: String) -> String { text.rightAligned(12) }
        func figure(_ value: Int64?) -> String { number("\(value ?? 0).000") }
        return """
            #[Mean    = \(figure(mean)), StdDeviation   = \(figure(standardDeviation))]
            #[Max     = \(figure(maximum)), Total count    = \(number("\(count)"))]
            #[Buckets = \(number("32")), SubBuckets     = \(number("2048"))]

            """
    }
}

/// A step towards 100 %; the remaining distance is tenths / (10 · 2^halvings).
private struct PercentileStep {
    private var halvings: UInt64 = 0
    private var tenths: UInt64 = 10

    mutating func advance() {
        tenths -= 1
        if tenths == 5 { (halvings, tenths) = (halvings + 1, 10) }
    }

    /// The nearest rank of `count` values, from 1.
    func rank(of count: UInt64) -> UInt64 {
        max(1, count - count * tenths / (10 << halvings))
    }

    /// The percentile as a fraction of 1, with twelve decimals.
    var share: String {
        let whole: UInt64 = 1_000_000_000_000
        let (left, rest) = (whole / 10 * tenths).quotientAndRemainder(dividingBy: 1 << halvings)
        return fixedPoint(whole - left - (rest > 1 << halvings / 2 ? 1 : 0), decimals: 12)
    }

    /// One over the remaining distance, with two decimals.
    var inverse: String {
        fixedPoint((1000 << halvings + tenths / 2) / tenths, decimals: 2)
    }
}
