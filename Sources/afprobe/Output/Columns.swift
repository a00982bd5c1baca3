// Numbers in columns.

/// A number of so many decimals, given in units of the last.
func fixedPoint(_ number: UInt64, decimals: Int) -> String {
    var unit: UInt64 = 1
    for _ in 0..<decimals { unit *= 10 }
    var text = TextBuffer(capacity: 24)
    text.append(number / unit)
    if decimals > 0 {
        text.append(".")
        text.append(number % unit, digits: decimals)
    }
    return String(decoding: text.bytes, as: UTF8.self)
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
