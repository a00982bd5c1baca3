/// The attribution of the slowest round trips to the stages that are slow in them.
///
/// The tail above a percentile is compared with the usual: the round trips up to the median. The excess is the tail's
/// mean round trip less the usual one; a stage's share of it is the stage's own excess, computed alike. A stage that
/// was measured in a part of the tail counts for that part; one that was measured nowhere in the tail, or nowhere in
/// the usual, has no share. The rest is unattributed.
///
/// Round trips are not kept but summed up in buckets, each at most 1/16 of its values wide. Groups are cut by rank, so
/// that a bucket may lie on both sides of a cut: its round trips then count in proportion, with the means of all of
/// them. So the means of a group are exact if the cut falls between two buckets; else its mean round trip is off by at
/// most 1/16 of the percentile. The memory is 10 kB, and as much again for each stage.
struct TailAttribution {
    private let stages: [Figure]
    /// For each bucket, the sum of the round trips and, behind it, those of the stages.
    private var sums: [Sum]
    private(set) var count: UInt64 = 0

    /// - Parameter stages: disjoint parts of the round trip.
    init(stages: [Figure]) {
        self.stages = stages
        sums = Array(repeating: Sum(), count: Self.bucketCount * (1 + stages.count))
    }

    /// Records a round trip; one without `rtt` has nothing to attribute. `omitted` is a stage whose parts are recorded
    /// instead.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func record(_ values: borrowing FigureValues, without omitted: Figure? = nil) {
        guard let roundTrip = values[.rtt] else { return }
        count &+= 1
        Self.add(roundTrip, values, of: stages, without: omitted, to: &sums)
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private static func add(
        _ roundTrip: Int64, _ values: borrowing FigureValues, of stages: [Figure], without omitted: Figure?,
        to sums: inout [Sum]
    ) {
        // The spans, so that the arrays are checked once and not for each stage: "ping: user instructions".
        let stages = stages.span
        var sums = sums.mutableSpan
        var index = bucket(of: roundTrip) &* (1 &+ stages.count)
        sums[index].add(roundTrip)
        for offset in stages.indices {
            index &+= 1
            if stages[offset] != omitted, let value = values[stages[offset]] { sums[index].add(value) }
        }
    }

    /// The tail above a percentile; nil if no round trip is above it, or the tail is no slower than usual.
    func tail(above percentile: Percentile) -> Tail? {
        guard count > 0 else { return nil }
        let cut = percentile.rank(of: count)
        guard cut < count else { return nil }
        let usual = group(ranks: 0..<Percentile.p50.rank(of: count))
        let slow = group(ranks: cut..<count)
        let excess = slow.roundTrip.mean - usual.roundTrip.mean
        guard excess > 0 else { return nil }
        var rest = excess
        var shares: [Tail.Share] = []
        for (offset, stage) in stages.enumerated() {
            let (own, reference) = (slow.stages[offset], usual.stages[offset])
            guard own.count > 0, reference.count > 0 else { continue }
            let part = (own.mean - reference.mean) * own.count / slow.roundTrip.count
            rest -= part
            shares.append(Tail.Share(figure: stage, percent: 100 * part / excess))
        }
        return Tail(
            percentile: percentile, count: count - cut, excess: Int64(saturating: excess), shares: shares,
            unattributed: 100 * rest / excess)
    }
}

/// The slowest round trips, and the stages that make them slow.
struct Tail {
    struct Share {
        let figure: Figure
        /// Of the excess; negative if the stage is faster than usual.
        let percent: Double
    }

    let percentile: Percentile
    /// Round trips above the percentile.
    let count: UInt64
    /// Nanoseconds that they take longer than usual, on average.
    let excess: Int64
    /// The shares of the measured stages, in the order a round trip passes them.
    let shares: [Share]
    /// The rest, in per cent of the excess.
    let unattributed: Double
}

// MARK: Buckets

private struct Sum {
    var count: UInt64 = 0
    /// Not an integer, which a peer's stamps could make overflow.
    var sum = 0.0

    mutating func add(_ value: Int64) {
        count &+= 1
        sum += Double(value)
    }
}

/// A sum of values of which some count in part.
private struct WeightedSum {
    var count = 0.0
    var sum = 0.0

    var mean: Double { sum / count }

    mutating func add(_ other: Sum, weight: Double) {
        count += weight * Double(other.count)
        sum += weight * other.sum
    }
}

extension TailAttribution {
    /// Sixteen buckets from one power of two to the next.
    private static var scale: LogLinearScale { LogLinearScale(stepBits: 4) }
    /// Up to 2⁴² ns, more than an hour; what is longer is in the last.
    private static var bucketCount: Int { scale.bucket(of: 1 << 42) }

    private static func bucket(of roundTrip: Int64) -> Int {
        min(scale.bucket(of: UInt64(max(0, roundTrip))), bucketCount - 1)
    }

    /// The sums of the round trips from one rank to another, from 0.
    private func group(ranks: Range<UInt64>) -> (roundTrip: WeightedSum, stages: [WeightedSum]) {
        var roundTrip = WeightedSum()
        var sums = Array(repeating: WeightedSum(), count: stages.count)
        var reached: UInt64 = 0
        for first in stride(from: 0, to: self.sums.count, by: 1 + stages.count) {
            let bucket = self.sums[first]
            guard bucket.count > 0 else { continue }
            let members = (reached..<reached + bucket.count).clamped(to: ranks)
            reached += bucket.count
            let weight = Double(members.count) / Double(bucket.count)
            guard weight > 0 else { continue }
            roundTrip.add(bucket, weight: weight)
            for offset in stages.indices {
                sums[offset].add(self.sums[first + 1 + offset], weight: weight)
            }
        }
        return (roundTrip, sums)
    }
}
