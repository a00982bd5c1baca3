// Numbers in columns.

/// A number of so many decimals, given in units of the last.
func fixedPoint(_ number: UInt64, decimals: Int) -> String {
    var text = TextBuffer(capacity: 24)
    text.append(number / tenTo(decimals))
    if decimals > 0 {
        text.append(".")
        text.append(number % tenTo(decimals), digits: decimals)
    }
    return String(decoding: text.bytes, as: UTF8.self)
}

func tenTo(_ exponent: Int) -> UInt64 { (0..<exponent).reduce(1) { power, _ in power * 10 } }

extension UInt64 {
    /// How many decimal digits it has.
    var digitCount: Int { "\(self)".utf8.count }

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
