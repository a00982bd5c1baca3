/// The worth of the times that a responder tells: their resolution, and whether they tell arrival and departure apart at
/// all.
///
/// A clock's resolution shows in its times: all are multiples of a decimal fraction of a second (1 ms, 4 µs), or of a
/// binary one (2⁻¹⁶ s), rounded to nanoseconds.
struct StampResolution {
    private(set) var count: UInt64 = 0
    private var hasTurnaround = false
    /// The greatest common divisor of all times, in nanoseconds.
    private var divisor: UInt64 = 0
    /// The digits of the coarsest binary fraction that all times are multiples of.
    private var binaryDigits: UInt64 = 1

    /// Times of a fine clock have neither any more after so many answers.
    private static let neededCount: UInt64 = 4
    /// Answers after which all times do not have another factor in common by chance.
    private static let convincingCount: UInt64 = 12
    /// Nanoseconds from which a resolution is worth a word: that of the system calls of old.
    private static let coarse: UInt64 = 1_000
    /// The finest binary fraction above that: 1.9 µs.
    private static let maxBinaryDigits: UInt64 = 19
    private static let second: UInt64 = 1_000_000_000

    /// Adds the arrival of a request and the departure of its answer.
    mutating func add(_ arrival: Int64, _ departure: Int64) {
        count += 1
        if arrival != departure { hasTurnaround = true }
        add(arrival.magnitude)
        add(departure.magnitude)
    }

    private mutating func add(_ time: UInt64) {
        divisor = Self.commonDivisor(divisor, time)
        while binaryDigits <= Self.maxBinaryDigits, !Self.isMultiple(time, ofFractionWith: binaryDigits) {
            binaryDigits += 1
        }
    }

    /// Tells whether all answers had the same time for both.
    var isUnseparated: Bool { count > 0 && !hasTurnaround }

    /// In nanoseconds; nil if it is fine, or not known.
    var coarseResolution: UInt64? {
        guard count >= Self.neededCount else { return nil }
        let decimal = count >= Self.convincingCount ? divisor : Self.powerOfTen(in: divisor)
        if decimal >= Self.coarse { return min(decimal, Self.second) }
        return binaryDigits <= Self.maxBinaryDigits ? Self.second >> binaryDigits : nil
    }

    /// Returns whether a time is a multiple of a binary fraction of a second, within a nanosecond.
    private static func isMultiple(_ time: UInt64, ofFractionWith digits: UInt64) -> Bool {
        let rest = ((time % second) << digits) % second
        return min(rest, second - rest) <= 1 << digits
    }

    /// The greatest power of ten that divides a number.
    private static func powerOfTen(in number: UInt64) -> UInt64 {
        var power: UInt64 = 1
        while power < second, number.isMultiple(of: power * 10) { power *= 10 }
        return power
    }

    private static func commonDivisor(_ one: UInt64, _ other: UInt64) -> UInt64 {
        var (one, other) = (one, other)
        while other != 0 { (one, other) = (other, one % other) }
        return one
    }
}
