/// The rows of a drawn histogram, chosen to show both the shape of the bulk and the length of the tail.
///
/// Rows begin at preferred numbers, or are equally wide from the min value up to a bend where the tail begins, and
/// continue with preferred numbers. Of the layouts that fit, the most even spread of values wins, because it separates
/// most of them; of equals, the shortest.
struct HistogramLayout {
    /// The min value of each row, ascending.
    let edges: [Int64]
    /// The number of values in each row.
    let counts: [UInt64]

    /// - Parameter buckets: ascending, without negative values; at least one.
    init(_ buckets: [Distribution.Bucket], rows limit: Int) {
        var best = HistogramLayout(buckets, from: [buckets[0].range.lowerBound])
        let bends = Self.bends(of: buckets)
        // The coarsest series is for values that span many powers of ten, where the others show little.
        for series in Self.series where series.count > 1 || best.effectiveRows < 4 {
            for layout in Self.layouts(of: buckets, bends, series, limit) where layout.isBetter(than: best) {
                best = layout
            }
        }
        self = best
    }

    private init(_ buckets: [Distribution.Bucket], from edges: [Int64]) {
        self.edges = edges
        counts = Self.counts(of: buckets, from: edges)
    }

    private func isBetter(than other: HistogramLayout) -> Bool {
        (-effectiveRows, edges.count) < (-other.effectiveRows, other.edges.count)
    }

    /// The number of equally filled rows that would separate as many values: the inverse of Simpson's index.
    private var effectiveRows: Double {
        let (sum, squares) = counts.reduce((0.0, 0.0)) { ($0.0 + Double($1), $0.1 + Double($1) * Double($1)) }
        return sum * sum / squares
    }

    /// The layouts that fit, by a series of preferred numbers.
    private static func layouts(
        of buckets: [Distribution.Bucket], _ bends: [Int64], _ series: [Int64], _ limit: Int
    ) -> [HistogramLayout] {
        let least = buckets[0].range.lowerBound
        let greatest = min(buckets[buckets.count - 1].value, Distribution.histogramLimit)
        let numbers = preferredNumbers(series, upTo: greatest)
        let start = (numbers.firstIndex { $0 > least } ?? numbers.count) - 1
        var layouts = [HistogramLayout]()
        if numbers.count - start <= limit { layouts.append(.init(buckets, from: Array(numbers[start...]))) }
        for bend in bends {
            for step in steps where (bend - least) / step < limit {
                // One row beyond the bend ends the equal rows and begins the first wider one.
                var equal = Array(stride(from: least - least % step, through: bend + step, by: Int(step)))
                if equal[equal.count - 1] > greatest { equal.removeLast() }
                let wider = numbers.drop { $0 < equal[equal.count - 1] + step }
                guard equal.count + wider.count <= limit else { continue }
                let layout = HistogramLayout(buckets, from: equal + wider)
                if !layout.showsFalseHump(from: equal.count - 1, upTo: greatest) { layouts.append(layout) }
            }
        }
        return layouts
    }

    /// Returns whether a row from `first` on looks like a hump only because it is wider than the previous one.
    private func showsFalseHump(from first: Int, upTo greatest: Int64) -> Bool {
        let ends = edges.dropFirst() + [greatest + 1]
        let densities = zip(counts, zip(edges, ends)).map { Double($0) / Double($1.1 - $1.0) }
        let visible = (counts.max() ?? 0) / 8
        return (max(1, first)..<max(1, edges.count)).contains { row in
            counts[row] > max(visible, counts[row - 1]) && densities[row] < densities[row - 1]
        }
    }

    /// The candidates for the start of the tail.
    private static func bends(of buckets: [Distribution.Bucket]) -> [Int64] {
        let total = buckets.reduce(0) { $0 + $1.count }
        return [Percentile.p50, .p90, .p95, .p99, .p999, .p100].map { percentile in
            var reached: UInt64 = 0
            let bucket = buckets.first { bucket in
                reached += bucket.count
                return reached >= percentile.rank(of: total)
            }
            return bucket?.range.lowerBound ?? 0
        }
    }

    /// The number of values in each row; a bucket counts in the row of its lower bound.
    private static func counts(of buckets: [Distribution.Bucket], from edges: [Int64]) -> [UInt64] {
        var counts = [UInt64](repeating: 0, count: edges.count)
        var row = 0
        for bucket in buckets {
            while row + 1 < edges.count, bucket.range.lowerBound >= edges[row + 1] { row += 1 }
            counts[row] += bucket.count
        }
        return counts
    }

    // MARK: Round numbers

    /// Hundredths of a power of ten: R10 and R5 of ISO 3, and coarser ones.
    private static let series: [[Int64]] = [
        [100, 125, 160, 200, 250, 315, 400, 500, 630, 800], [100, 160, 250, 400, 630], [100, 200, 500], [100],
    ]

    /// 0 and the whole numbers of a series, ascending.
    private static func preferredNumbers(_ series: [Int64], upTo greatest: Int64) -> [Int64] {
        var numbers: [Int64] = [0]
        var decade: Int64 = 1
        while true {
            for number in series {
                let value = number * decade / 100
                if value > greatest { return numbers }
                if value > numbers[numbers.count - 1] { numbers.append(value) }
            }
            decade *= 10
        }
    }

    /// 1, 2 and 5 times the powers of ten.
    private static let steps = preferredNumbers([100, 200, 500], upTo: Distribution.histogramLimit)
        .dropFirst()
}
