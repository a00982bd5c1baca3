/// The smoothed change of a figure from one value to the next.
///
/// RFC 3550, section 6.4.1, takes the difference D of two consecutive packets' transit times, in which the offset of
/// the two clocks cancels out. A round trip has no such offset, so that D is the difference of two consecutive ones, in
/// order of arrival: J += (|D| − J) / 16, from 0.
struct Jitter {
    /// The latest value.
    private(set) var previous: Int64 = 0
    private var estimate = 0.0

    /// Sets the first value, which has no predecessor.
    mutating func begin(_ value: Int64) { previous = value }

    mutating func add(_ value: Int64) {
        estimate += (value.distance(from: previous).magnitude - estimate) / 16
        previous = value
    }

    /// In the unit of the values; 0 if there are fewer than two.
    var value: Int64 { Int64(saturating: estimate) }
}
