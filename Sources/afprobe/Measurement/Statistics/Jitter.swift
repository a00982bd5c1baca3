/// How much a figure changes from one value to the next, smoothed.
///
/// RFC 3550, section 6.4.1, takes the difference D of two consecutive packets' transit times, in which the
/// offset of the two clocks cancels out. A round trip has none in the first place, so that D is the difference
/// of two consecutive ones, in the order in which they arrived: J += (|D| − J) / 16, from 0.
struct Jitter {
    private var previous: Int64?
    private var estimate: Double?

    mutating func add(_ value: Int64) {
        if let previous {
            let change = value.distance(from: previous).magnitude
            let jitter = estimate ?? 0
            estimate = jitter + (change - jitter) / 16
        }
        previous = value
    }

    /// In the unit of the values; nil of fewer than two of them.
    var value: Int64? { estimate.map(Int64.init(saturating:)) }
}
