// Numbers in columns.

/// A number of so many decimals, given in units of the last.
func fixedPoint(_ number: UInt64, decimals: Int) -> String {
    var text = TextBuffer(capacity: 24)
    text.append(number / tenTo(decimals))
    if decimals > 0 {
        text.append(".")
        text.append(number % tenTo(decimals), digits: decimals)
    }
    return text.string
}

/// - Parameter exponent: at most 19, which is what 64 bits hold.
func tenTo(_ exponent: Int) -> UInt64 { powersOfTen[exponent] }

private let powersOfTen: InlineArray<_, UInt64> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000,
    100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000, 1_000_000_000_000,
    10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000,
    100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
]

extension UInt64 {
    /// How many decimal digits it has.
    var digitCount: Int {
        // As many or one fewer, by the logarithm of 2: 1233 / 4096 is near enough for 64 bits.
        let bits = UInt64.bitWidth - (self | 1).leadingZeroBitCount
        let least = (bits * 1233) >> 12
        return least + ((self | 1) >= powersOfTen[least] ? 1 : 0)
    }

    /// The nearest quotient, the greater of two.
    func dividedToNearest(by divisor: UInt64) -> UInt64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return quotient + (remainder >= divisor - remainder ? 1 : 0)
    }
}

extension String {
    /// With blanks in front, up to so many columns.
    func rightAligned(_ width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }

    /// With blanks behind, up to so many columns.
    func leftAligned(_ width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
