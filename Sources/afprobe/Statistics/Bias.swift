/// The bias of a part of a run's replies: how far their round trips differ from those of all replies.
struct Bias {
    /// The percentile that differs, in nanoseconds.
    let percentile: Percentile
    let known: Int64
    let all: Int64
    let knownCount: UInt64
    let allCount: UInt64

    /// The relative difference from which on the part says little of the whole: 10 %.
    private static var tolerance: Int64 { 10 }

    /// Nil if neither the median nor p99 differs much, or if the part is empty.
    init?(of part: Distribution, among all: Distribution) {
        guard part.count > 0, part.count < all.count else { return nil }
        for percentile in [Percentile.p50, .p99]
        where part.count >= percentile.neededCount && all.count >= percentile.neededCount {
            guard let known = part.percentile(percentile), let whole = all.percentile(percentile),
                (known &- whole).magnitude > whole.magnitude / UInt64(Self.tolerance)
            else { continue }
            (self.percentile, self.known, self.all) = (percentile, known, whole)
            (knownCount, allCount) = (part.count, all.count)
            return
        }
        return nil
    }
}
