/// A share in per cent with up to three decimals. A partial loss is never shown as 0 or 100 %.
func percentage(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "0%" }
    let thousandths = thousandthsOfPercent(part, of: whole)
    var text = TextBuffer(capacity: 16)
    text.append(thousandths / 1000)
    text.appendFraction(thousandths % 1000, digits: 3)
    text.append("%")
    return text.string
}

/// The share in thousandths of a per cent; `whole` must not be 0.
func thousandthsOfPercent(_ part: UInt64, of whole: UInt64) -> UInt64 {
    let thousandths = UInt64((Double(part) / Double(whole) * 100_000).rounded())
    return part == whole ? thousandths : min(max(thousandths, part > 0 ? 1 : 0), 99_999)
}
