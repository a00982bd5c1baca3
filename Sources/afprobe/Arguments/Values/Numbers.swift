import AFPacketKit

// Parsers of option values. Each accepts what has one plain meaning, and its error shows a valid value.

func parseCount(_ text: String) throws(ValueError) -> UInt64 {
    guard let count = parseWhole(text), count > 0 else {
        throw ValueError("a number of frames from 1, like 10", meant: numberMeant(by: text))
    }
    return count
}

func parseNumber(_ text: String, in range: ClosedRange<UInt64>, _ what: String) throws(ValueError) -> UInt64 {
    guard let number = parseWhole(text), range.contains(number) else {
        let meant = numberMeant(by: text).flatMap { UInt64($0).map(range.contains) ?? false ? $0 : nil }
        throw ValueError("\(what) from \(range.lowerBound) to \(range.upperBound)", meant: meant)
    }
    return number
}

func numberParser(
    _ range: ClosedRange<UInt64>, _ what: String
) -> (String) throws(ValueError) -> UInt64 {
    { (text: String) throws(ValueError) in try parseNumber(text, in: range, what) }
}

/// A frame's size in bytes, without a prefix: `1k` is 1000 to some programs and 1024 to others.
func parseSize(_ text: String) throws(ValueError) -> Int {
    let range: ClosedRange<UInt64> = 1...65_553
    let unit = text.drop { $0.utf8.allSatisfy(isDigit) }.lowercased()
    let isKnown = ["", "b", " b", "byte", "bytes", " byte", " bytes"].contains(unit)
    let number = isKnown ? parseDecimal(String(text.dropLast(unit.count))) : nil
    guard let number, range.contains(number) else {
        let meant = number == nil ? numberMeant(by: text) ?? parseWhole(text).map(String.init) : nil
        throw ValueError(
            "a size in bytes from \(range.lowerBound) to \(range.upperBound)",
            meant: meant.flatMap { UInt64($0).map(range.contains) ?? false ? $0 : nil })
    }
    return Int(number)
}

func parseRealtimePriority(_ text: String) throws(ValueError) -> Int {
    let range = Scheduling.realtimePriorities
    return Int(
        try parseNumber(text, in: UInt64(range.lowerBound)...UInt64(range.upperBound), "a priority"))
}

/// The number of a CPU, which need not exist.
func parseCPU(_ text: String) throws(ValueError) -> Int {
    Int(try parseNumber(text, in: 0...UInt64(Scheduling.cpuNumbers.upperBound - 1), "the number of a CPU"))
}

/// The interval, in nanoseconds, of a rate in frames per second, which may be a fraction: `1000`, `1.5k`, `10kpps`.
func parseRate(_ text: String) throws(ValueError) -> Int64 {
    var number = text[...]
    for unit in ["pps", "/s"] where number.lowercased().hasSuffix(unit) {
        number = number.dropLast(unit.count)
    }
    while number.last == " " { number.removeLast() }
    let prefix = number.last.flatMap { decimalPrefixes[$0] }
    if prefix != nil { number.removeLast() }
    let digits = withoutSeparators(String(number))
    guard let digits, digits.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }),
        var rate = Double(digits)
    else { throw ValueError(rateForm, meant: numberMeant(by: text)) }
    for _ in 0..<(prefix ?? 0) { rate *= 10 }
    guard (0.001...1_000_000_000).contains(rate) else { throw ValueError(rateForm) }
    return Int64((1_000_000_000 / rate).rounded())
}

private let rateForm = "a number of frames a second from 0.001 to 1000000000"

/// The decimal places of each prefix.
private let decimalPrefixes: [Character: Int] = ["k": 3, "K": 3, "M": 6, "G": 9]

/// A whole number, as counts are written: `1500`, `100k`, `1.5M`, `1_000`; nil if it is none, or too large.
func parseWhole(_ text: String) -> UInt64? {
    guard var digits = withoutSeparators(text) else { return nil }
    guard let places = digits.last.flatMap({ decimalPrefixes[$0] }) else { return parseDecimal(digits) }
    digits.removeLast()
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), !parts[0].isEmpty else { return nil }
    let fraction = parts.count == 2 ? parts[1] : ""
    guard parts.count == 1 || !fraction.isEmpty, fraction.utf8.count <= places else { return nil }
    return parseDecimal(parts[0] + fraction + String(repeating: "0", count: places - fraction.utf8.count))
}

/// The text without underscores between digits; nil if they stand elsewhere.
private func withoutSeparators(_ text: String) -> String? {
    let groups = text.split(separator: "_", omittingEmptySubsequences: false)
    guard groups.count > 1 else { return text }
    let areDigits = groups.dropLast().allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }
    return areDigits && groups[groups.count - 1].utf8.first.map(isDigit) ?? false ? groups.joined() : nil
}

/// The number that a text of another form was probably meant for: `1,000`, `1e3`, `+5`.
private func numberMeant(by text: String) -> String? {
    let groups = text.split(separator: ",", omittingEmptySubsequences: false)
    if groups.count > 1 {
        let areThousands =
            (1...3).contains(groups[0].utf8.count) && groups.dropFirst().allSatisfy { $0.utf8.count == 3 }
        return areThousands ? parseDecimal(groups.joined()).map(String.init) : nil
    }
    guard text.utf8.first.map({ isDigit($0) || $0 == UInt8(ascii: "+") }) ?? false, let number = Double(text),
        (1...1e15).contains(number), let whole = UInt64(exactly: number)
    else { return nil }
    return String(whole)
}

/// Digits alone: no sign, no space, no underscore.
func parseDecimal(_ text: String) -> UInt64? {
    guard !text.isEmpty, text.utf8.allSatisfy(isDigit) else { return nil }
    return UInt64(text)
}

func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
