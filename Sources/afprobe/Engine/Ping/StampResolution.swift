/// The worth of the times that a responder tells: their resolution, and whether they tell arrival and departure apart at
/// all.
struct StampResolution {
    private(set) var count: UInt64 = 0
    private var hasTurnaround = false
    /// The greatest common divisor of all times, in nanoseconds.
    private var divisor: UInt64 = 0

    /// Times of a fine clock have no common divisor any more after so many answers.
    private static let neededCount: UInt64 = 4
    /// Nanoseconds from which a resolution is worth a word: that of the system calls of old.
    private static let coarse: UInt64 = 1_000

    /// Adds the arrival of a request and the departure of its answer.
    mutating func add(_ arrival: Int64, _ departure: Int64) {
        count += 1
        if arrival != departure { hasTurnaround = true }
        divisor = Self.commonDivisor(divisor, arrival.magnitude)
        divisor = Self.commonDivisor(divisor, departure.magnitude)
    }

    /// Tells whether all answers had the same time for both.
    var isUnseparated: Bool { count > 0 && !hasTurnaround }

    /// In nanoseconds; nil if it is fine, or not known.
    var coarseResolution: UInt64? {
        count >= Self.neededCount && divisor >= Self.coarse ? divisor : nil
    }

    private static func commonDivisor(_ one: UInt64, _ other: UInt64) -> UInt64 {
        var (one, other) = (one, other)
        while other != 0 { (one, other) = (other, one % other) }
        return one
    }
}
