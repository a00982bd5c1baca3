/// The unit and the number of decimals that some durations share, so that they add up and align.
struct DurationScale: Equatable {
    /// The unit, as a power of ten of nanoseconds: 0, 3, 6 or 9.
    let exponent: Int
    let decimals: Int

    private init(exponent: Int, decimals: Int) { (self.exponent, self.decimals) = (exponent, decimals) }

    /// The finest scale in which a duration takes at most so many digits.
    ///
    /// - Parameters:
    ///   - largest: the greatest duration without its sign, in nanoseconds.
    ///   - finest: the smallest unit to use; below microseconds there are no decimals.
    init(largest: UInt64, digits: Int, finest: Int = 0) {
        var exponent = finest
        while true {
            let most = exponent == 0 ? 0 : min(3, digits - 1)
            for decimals in stride(from: most, through: min(most, 1), by: -1) {
                let rounded = largest.dividedToNearest(by: tenTo(exponent - decimals))
                if max(rounded.digitCount, decimals + 1) <= digits {
                    (self.exponent, self.decimals) = (exponent, decimals)
                    return
                }
            }
            guard exponent < 9 else { break }
            exponent += 3
        }
        (self.exponent, decimals) = (9, 0)
    }

    /// The finest scale of a unit, if it shows three digits of a duration, and not more than five before the point; else
    /// the one that suits the duration.
    init(largest: UInt64, digits: Int, exponent: Int) {
        let isReadable = largest == 0 || largest >= tenTo(max(0, exponent - 1))
        guard isReadable, largest / tenTo(exponent) < 100_000 else {
            self.init(largest: largest, digits: digits, finest: 3)
            return
        }
        let whole = (largest / tenTo(exponent)).digitCount
        self.init(exponent: exponent, decimals: min(exponent, 3, max(0, digits - whole)))
    }

    /// The unit's symbol.
    func unit(isUnicode: Bool) -> StaticString {
        switch exponent {
        case 0: "ns"
        case 3: isUnicode ? "µs" : "us"
        case 6: "ms"
        default: "s"
        }
    }
}

/// The unit of the durations in the lines of a run: that of the first, so that lines compare at a glance.
struct RunUnit {
    private var exponent: Int?

    /// The scale for a duration; another unit if that of the run would show too few digits of it, or too many.
    mutating func scale(for nanoseconds: Int64) -> DurationScale {
        let magnitude = nanoseconds.magnitude
        if let exponent { return DurationScale(largest: magnitude, digits: 4, exponent: exponent) }
        let scale = DurationScale(largest: magnitude, digits: 4, finest: 3)
        exponent = scale.exponent
        return scale
    }
}

extension TextBuffer {
    /// Appends a duration without its unit.
    mutating func append(_ nanoseconds: Int64, in scale: DurationScale) {
        let rounded = nanoseconds.magnitude.dividedToNearest(by: tenTo(scale.exponent - scale.decimals))
        append(
            nanoseconds < 0 ? -Int64(clamping: rounded) : Int64(clamping: rounded), decimals: scale.decimals)
    }

    /// Appends a number in units of its last decimal.
    mutating func append(_ number: Int64, decimals: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(number.magnitude / tenTo(decimals))
        guard decimals > 0 else { return }
        append(UInt8(ascii: "."))
        append(number.magnitude % tenTo(decimals), digits: decimals)
    }
}
