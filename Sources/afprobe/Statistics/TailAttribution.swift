/// The attribution of the slowest round trips to the stages that are slow in them.
///
/// The tail above a percentile is compared with the usual: the round trips up to the median. The excess is the tail's
/// mean round trip less the usual one; a stage's share of it is the stage's own excess, computed alike. The rest is
/// unattributed. There is a verdict only if each stage that is ever measured is known in 95 % of the tail.
///
/// The slowest 4,096 round trips are kept whole, so that a tail of no more is exact. Beyond that, and for the usual,
/// round trips are summed up in buckets by their distance from the median of the first 4,096: a bucket is at most 1/128
/// of that distance wide. Groups are cut by rank, so that a bucket may lie on both sides of a cut: its round trips then
/// count in proportion, with the means of all of them. The memory is 32 kB for the round trips and for each stage, and
/// for more than 4,096 round trips 147 kB more for each.
struct TailAttribution {
    let stages: [Figure]
    private(set) var count: UInt64 = 0
    /// The stages that were ever measured, as a set of their indices.
    private var measured: UInt32 = 0
    /// The slowest: the round trip, and the stages behind it. A heap once buckets are in use: no row is slower than
    /// those at twice its index plus 1 and 2.
    private var rows: [Row] = []
    private var values: [Int64] = []
    private var buckets: TailBuckets?

    /// A round trip kept whole: its stages are in `values`, at the index `stages.count` times `place`.
    private struct Row {
        let roundTrip: Int64
        /// The measured stages, as a set of their indices.
        let measured: UInt32
        let place: UInt32
    }

    static var capacity: Int { 4096 }
    /// The share of the tail's round trips in which each stage must be known.
    private static var neededShare: Double { 0.95 }

    /// - Parameter stages: disjoint parts of the round trip, 32 at most.
    init(stages: [Figure]) {
        self.stages = stages
        rows.reserveCapacity(Self.capacity)
        values = Array(repeating: 0, count: Self.capacity * stages.count)
    }

    // MARK: Recording

    /// Records a round trip; one without `rtt` has nothing to attribute. `omitted` is a stage whose parts are recorded
    /// instead.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func record(_ values: borrowing FigureValues, without omitted: Figure? = nil) {
        guard let roundTrip = values[.rtt] else { return }
        count &+= 1
        if buckets == nil {
            guard rows.count == Self.capacity else { return append(roundTrip, values, without: omitted) }
            makeBuckets()
        }
        addToBuckets(roundTrip, values, without: omitted)
        if roundTrip > rows[0].roundTrip { replaceFastest(by: roundTrip, values, without: omitted) }
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func addToBuckets(
        _ roundTrip: Int64, _ values: borrowing FigureValues, without omitted: Figure?
    ) {
        buckets?.add(roundTrip, values, of: stages, without: omitted, noting: &measured)
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func append(
        _ roundTrip: Int64, _ figures: borrowing FigureValues, without omitted: Figure?
    ) {
        let place = rows.count
        let known = store(figures, at: place, without: omitted)
        rows.append(Row(roundTrip: roundTrip, measured: known, place: UInt32(place)))
    }

    /// Stores the stages at a place, and returns the measured ones.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func store(
        _ figures: borrowing FigureValues, at place: Int, without omitted: Figure?
    ) -> UInt32 {
        let known = Self.store(figures, of: stages, without: omitted, in: &values, at: place &* stages.count)
        measured |= known
        return known
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private static func store(
        _ figures: borrowing FigureValues, of stages: [Figure], without omitted: Figure?,
        in values: inout [Int64], at start: Int
    ) -> UInt32 {
        var known: UInt32 = 0
        // The spans, so that the arrays are checked once and not for each stage: "ping: user instructions".
        let stages = stages.span
        var values = values.mutableSpan
        for index in stages.indices where stages[index] != omitted {
            guard let value = figures[stages[index]] else { continue }
            values[start &+ index] = value
            known |= 1 &<< UInt32(truncatingIfNeeded: index)
        }
        return known
    }

    private mutating func makeBuckets() {
        rows.sort { $0.roundTrip < $1.roundTrip }  // a heap, too
        var made = TailBuckets(around: rows[rows.count / 2].roundTrip, stages: stages.count)
        for row in rows { made.add(row.roundTrip, stages(of: row), measured: row.measured) }
        buckets = made
    }

    /// The stages of a row, as far as they were measured.
    private func stages(of row: Row) -> ArraySlice<Int64> {
        let start = Int(row.place) * stages.count
        return values[start..<start + stages.count]
    }

    private mutating func replaceFastest(
        by roundTrip: Int64, _ figures: borrowing FigureValues, without omitted: Figure?
    ) {
        let place = rows[0].place
        let known = store(figures, at: Int(place), without: omitted)
        let row = Row(roundTrip: roundTrip, measured: known, place: place)
        // Sinks to where none below is faster.
        var index = 0
        while true {
            var next = 2 * index + 1
            guard next < rows.count else { break }
            if next + 1 < rows.count, rows[next + 1].roundTrip < rows[next].roundTrip { next += 1 }
            guard rows[next].roundTrip < roundTrip else { break }
            rows[index] = rows[next]
            index = next
        }
        rows[index] = row
    }

    // MARK: The verdict

    /// The tails above some percentiles: none where no round trip is above it, or where the tail is no slower than
    /// usual.
    func tails(above percentiles: [Percentile]) -> [Tail] {
        guard count > 0 else { return [] }
        let sorted = rows.sorted { $0.roundTrip < $1.roundTrip }
        let usual = group(ranks: 0..<Percentile.p50.rank(of: count), sorted)
        return percentiles.compactMap { percentile in
            let cut = percentile.rank(of: count)
            return cut < count ? tail(above: percentile, group(ranks: cut..<count, sorted), usual) : nil
        }
    }

    /// The tail above a percentile; nil if it is no slower than usual.
    private func tail(above percentile: Percentile, _ slow: TailGroup, _ usual: TailGroup) -> Tail? {
        let excess = slow.roundTrip.mean - usual.roundTrip.mean
        guard excess > 0 else { return nil }
        var rest = excess
        var shares: [Tail.Share] = []
        var missing: [Tail.Missing] = []
        for (index, stage) in stages.enumerated() where measured & 1 << UInt32(index) != 0 {
            let (own, reference) = (slow.stages[index], usual.stages[index])
            let isUsual = reference.count + replaced(stage, in: usual) > 0
            let known = isUsual ? own.count + replaced(stage, in: slow) : 0
            if known < Self.neededShare * slow.roundTrip.count {
                let unknown = UInt64((slow.roundTrip.count - known).rounded())
                missing.append(Tail.Missing(figure: stage, count: unknown))
            }
            guard own.count > 0, reference.count > 0 else { continue }
            let part = (own.mean - reference.mean) * own.count / slow.roundTrip.count
            rest -= part
            shares.append(Tail.Share(figure: stage, percent: 100 * part / excess))
        }
        let isKnown = missing.isEmpty
        return Tail(
            percentile: percentile, count: count - percentile.rank(of: count),
            excess: Int64(saturating: excess),
            shares: isKnown ? shares : [], unattributed: isKnown ? 100 * rest / excess : nil,
            missing: missing)
    }

    /// The number of round trips in which a stage is known by others: the link by its parts, where the wire is known,
    /// and these by the link elsewhere.
    private func replaced(_ stage: Figure, in group: TailGroup) -> Double {
        let other: Figure = stage == .link ? .wire : .link
        guard stage == .link || stage == .wire || Figure.stagesOfNICs.contains(stage),
            let index = stages.firstIndex(of: other)
        else { return 0 }
        return group.stages[index].count
    }

    /// The sums of the round trips from one rank to another, from 0; `sorted` are the rows in their order.
    private func group(ranks: Range<UInt64>, _ sorted: [Row]) -> TailGroup {
        // The rows have the highest ranks.
        let first = count - UInt64(rows.count)
        guard ranks.lowerBound >= first else {
            return buckets?.group(ranks: ranks) ?? TailGroup(stages: stages.count)
        }
        var group = TailGroup(stages: stages.count)
        for row in sorted[Int(ranks.lowerBound - first)..<Int(ranks.upperBound - first)] {
            group.add(row.roundTrip, stages(of: row), measured: row.measured)
        }
        return group
    }
}

/// The slowest round trips, and the stages that make them slow.
struct Tail {
    struct Share {
        let figure: Figure
        /// Of the excess; negative if the stage is faster than usual.
        let percent: Double
    }

    struct Missing {
        let figure: Figure
        /// Round trips of the tail in which it is not known.
        let count: UInt64
    }

    let percentile: Percentile
    /// Round trips above the percentile.
    let count: UInt64
    /// Nanoseconds that they take longer than usual, on average.
    let excess: Int64
    /// The shares of the measured stages, in the order a round trip passes them; none without a verdict.
    let shares: [Share]
    /// The rest, in per cent of the excess; nil without a verdict.
    let unattributed: Double?
    /// The stages that are missing so often that there is no verdict.
    let missing: [Missing]
}

// MARK: Sums

/// A sum of values of which some count in part.
private struct WeightedSum {
    var count = 0.0
    var sum = 0.0

    var mean: Double { sum / count }

    mutating func add(_ value: Int64) {
        count += 1
        sum += Double(value)
    }

    mutating func add(_ other: WeightedSum, weight: Double) {
        count += weight * other.count
        sum += weight * other.sum
    }
}

/// The sums of a group of round trips.
private struct TailGroup {
    var roundTrip = WeightedSum()
    var stages: [WeightedSum]

    init(stages: Int) { self.stages = Array(repeating: WeightedSum(), count: stages) }

    mutating func add(_ roundTrip: Int64, _ values: ArraySlice<Int64>, measured: UInt32) {
        self.roundTrip.add(roundTrip)
        for (index, value) in values.enumerated() where measured & 1 << UInt32(index) != 0 {
            stages[index].add(value)
        }
    }
}

/// Sums of round trips and stages, by the round trips' distance from a value on either side of it.
private struct TailBuckets {
    private let center: Int64
    private let width: Int
    /// For each bucket, the sum of the round trips and, behind it, those of the stages.
    private var sums: [WeightedSum]

    private static var scale: LogLinearScale { LogLinearScale(stepBits: 7) }
    /// Buckets on each side: up to 2⁴² ns, more than an hour; what is farther is in the last.
    private static var bucketCount: Int { scale.bucket(of: 1 << 42) }

    init(around center: Int64, stages: Int) {
        self.center = center
        width = 1 + stages
        sums = Array(repeating: WeightedSum(), count: 2 * Self.bucketCount * width)
    }

    /// The index of a round trip's sums.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    private func start(of roundTrip: Int64) -> Int {
        let distance = roundTrip &- center
        let bucket = min(Self.scale.bucket(of: distance.magnitude), Self.bucketCount &- 1)
        return (distance < 0 ? Self.bucketCount &- 1 &- bucket : Self.bucketCount &+ bucket) &* width
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func add(
        _ roundTrip: Int64, _ values: borrowing FigureValues, of stages: [Figure], without omitted: Figure?,
        noting measured: inout UInt32
    ) {
        // The spans, so that the arrays are checked once and not for each stage: "ping: user instructions".
        let stages = stages.span
        var index = start(of: roundTrip)
        var sums = sums.mutableSpan
        sums[index].add(roundTrip)
        for offset in stages.indices {
            index &+= 1
            guard stages[offset] != omitted, let value = values[stages[offset]] else { continue }
            sums[index].add(value)
            measured |= 1 << UInt32(truncatingIfNeeded: offset)
        }
    }

    mutating func add(_ roundTrip: Int64, _ values: ArraySlice<Int64>, measured: UInt32) {
        let start = start(of: roundTrip)
        sums[start].add(roundTrip)
        for (index, value) in values.enumerated() where measured & 1 << UInt32(index) != 0 {
            sums[start + 1 + index].add(value)
        }
    }

    func group(ranks: Range<UInt64>) -> TailGroup {
        var group = TailGroup(stages: width - 1)
        var reached: UInt64 = 0
        for first in stride(from: 0, to: sums.count, by: width) {
            let bucket = sums[first]
            let size = UInt64(bucket.count)
            guard size > 0 else { continue }
            let members = (reached..<reached + size).clamped(to: ranks)
            reached += size
            let weight = Double(members.count) / bucket.count
            guard weight > 0 else { continue }
            group.roundTrip.add(bucket, weight: weight)
            for index in group.stages.indices {
                group.stages[index].add(sums[first + 1 + index], weight: weight)
            }
        }
        return group
    }
}
