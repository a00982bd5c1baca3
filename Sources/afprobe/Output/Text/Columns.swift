// Numbers in columns.

/// A number in units of its last decimal.
func fixedPoint(_ number: UInt64, decimals: Int) -> String {
    var text = TextBuffer(capacity: 24)
    text.append(Int64(clamping: number), decimals: decimals)
    return text.string
}

/// - Parameter exponent: at most 19, the max for 64 bits.
func tenTo(_ exponent: Int) -> UInt64 { powersOfTen[exponent] }

private let powersOfTen: InlineArray<_, UInt64> = [
    1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000,
    100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000, 1_000_000_000_000,
    10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000,
    100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
]

extension UInt64 {
    var digitCount: Int {
        // The estimate by the logarithm of 2 is right or one too low: 1233 / 4096 is exact enough for 64 bits.
        let bits = UInt64.bitWidth - (self | 1).leadingZeroBitCount
        let least = (bits * 1233) >> 12
        return least + ((self | 1) >= powersOfTen[least] ? 1 : 0)
    }

    /// The nearest quotient, rounded half up.
    func dividedToNearest(by divisor: UInt64) -> UInt64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return quotient + (remainder >= divisor - remainder ? 1 : 0)
    }
}

extension String {
    /// Padded on the left to a number of columns.
    func rightAligned(_ width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }

    /// Padded on the right to a number of columns.
    func leftAligned(_ width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

/// Parts separated by commas, in indented lines of at most 80 columns.
func indented(_ parts: [String]) -> String {
    var lines = [""]
    for (index, part) in parts.enumerated() {
        let word = index + 1 < parts.count ? part + "," : part
        if lines[lines.count - 1].count + word.count + 3 > 80 { lines.append("") }
        lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "  " : " ") + word
    }
    return lines.map { $0 + "\n" }.joined()
}

/// Wraps paragraphs at 80 columns and indents each line.
func wrap(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    var result = ""
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
        var line = ""
        for word in paragraph.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > 80 {
                result += margin + line + "\n"
                line = ""
            }
            line += line.isEmpty ? String(word) : " " + word
        }
        result += line.isEmpty ? "\n" : margin + line + "\n"
    }
    return result
}
