/// A share in per cent with up to three decimals. Some loss is never shown as none, nor as all.
func percentage(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "0%" }
    var thousandths = UInt64((Double(part) / Double(whole) * 100_000).rounded())
    if part > 0 { thousandths = max(thousandths, 1) }
    if part < whole { thousandths = min(thousandths, 99_999) }
    var text = TextBuffer(capacity: 16)
    text.append(thousandths / 1000)
    text.appendFraction(thousandths % 1000, digits: 3)
    text.append("%")
    return text.string
}
