// Durations, in nanoseconds.

/// A duration: `250ns`, `100us`, `10ms`, `1.5s`, `2m`, `1h30m`; a bare number is seconds. Longer names of the units
/// (`10 msec`, `2min`) are accepted, too.
func parseDuration(_ text: String) throws(ValueError) -> Int64 {
    let error = ValueError(
        "a duration like 250ns, 100us, 10ms, 1.5s or 2m; a bare number is seconds",
        meant: durationMeant(by: text))
    guard let parts = durationParts(text) else { throw error }
    var sum: UInt64 = 0
    for part in parts {
        guard let nanoseconds = nanoseconds(part.number, of: part.unit) else { throw error }
        let (next, overflow) = sum.addingReportingOverflow(nanoseconds)
        guard !overflow else { throw error }
        sum = next
    }
    guard let result = Int64(exactly: sum) else { throw error }
    // Zero has a meaning of its own: a fraction of a nanosecond must not become zero.
    let isZero = parts.allSatisfy { $0.number.utf8.allSatisfy { !isDigit($0) || $0 == UInt8(ascii: "0") } }
    guard result > 0 || isZero else { throw ValueError("a duration of at least 1ns, or 0") }
    return result
}

func parsePositiveDuration(_ text: String) throws(ValueError) -> Int64 {
    let duration = try parseDuration(text)
    guard duration > 0 else { throw ValueError("a duration above zero, like 500ms") }
    return duration
}

/// A duration that output can keep up with.
func parseReportInterval(_ text: String) throws(ValueError) -> Int64 {
    let interval = try parseDuration(text)
    guard interval >= 1_000_000 else { throw ValueError("a duration of at least 1ms") }
    return interval
}

/// The time from handing a frame over to its launch, within tc-fq(8)'s default horizon.
func parseLaunchOffset(_ text: String) throws(ValueError) -> Int64 {
    let offset = try parsePositiveDuration(text)
    guard offset <= 10_000_000_000 else { throw ValueError("a duration of at most 10s") }
    return offset
}

/// The numbers of a duration with their units, the largest unit first; nil if it has another form.
private func durationParts(_ text: String) -> [(number: String, unit: UInt64)]? {
    var rest = text[...]
    var parts: [(number: String, unit: UInt64)] = []
    repeat {
        let number = rest.prefix { $0.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") } }
        rest = rest.dropFirst(number.count).drop { $0 == " " }
        let name = rest.prefix { $0 != " " && !$0.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") } }
        rest = rest.dropFirst(name.count).drop { $0 == " " }
        // A bare number is seconds only where it stands alone.
        guard let unit = durationUnit(String(name)), !name.isEmpty || parts.isEmpty && rest.isEmpty,
            parts.last.map({ $0.unit > unit }) ?? true
        else { return nil }
        parts.append((String(number), unit))
    } while !rest.isEmpty
    return text.last == " " ? nil : parts
}

private func nanoseconds(_ number: String, of unit: UInt64) -> UInt64? {
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.contains(where: { !$0.isEmpty }) else { return nil }
    guard let whole = parts[0].isEmpty ? 0 : parseDecimal(String(parts[0])) else { return nil }
    var (result, overflow) = whole.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    guard parts.count == 2 else { return result }
    // Digits below a nanosecond are dropped.
    var place = unit
    for digit in parts[1].utf8 {
        place /= 10
        (result, overflow) = result.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")) * place)
        guard !overflow else { return nil }
    }
    return result
}

/// The nanoseconds of a unit by any of its names; capitals do not matter, but for `M`, which is a million elsewhere.
private func durationUnit(_ name: String) -> UInt64? {
    guard name != "M" else { return nil }
    let name = name.lowercased()
    return durationUnits.first { $0.names.contains(name) }?.nanoseconds
}

private let durationUnits: [(nanoseconds: UInt64, names: [String])] = [
    (1, ["ns", "nsec", "nsecs", "nanosecond", "nanoseconds"]),
    (1_000, ["us", "\u{b5}s", "\u{3bc}s", "usec", "usecs", "microsecond", "microseconds"]),
    (1_000_000, ["ms", "msec", "msecs", "millisecond", "milliseconds"]),
    (1_000_000_000, ["s", "", "sec", "secs", "second", "seconds"]),
    (60_000_000_000, ["m", "min", "mins", "minute", "minutes"]),
    (3_600_000_000_000, ["h", "hr", "hrs", "hour", "hours"]),
]

/// Tells whether a text is a duration, also as hping3(8) takes it: `u1000`.
func looksLikeDuration(_ text: String) -> Bool {
    (try? parseDuration(text)) != nil || microseconds(ofHping: text) != nil
}

/// The microseconds of `u1000`; nil if it has another form.
private func microseconds(ofHping text: String) -> UInt64? {
    text.first == "u" ? parseDecimal(String(text.dropFirst())) : nil
}

/// The duration that a text of another form was probably meant for: `1,5s`, `1e-3`, `10M`, `u1000`.
private func durationMeant(by text: String) -> String? {
    if let number = microseconds(ofHping: text) {
        return number > 0 && number % 1000 == 0 ? "\(number / 1000)ms" : "\(number)us"
    }
    let commas = text.split(separator: ",", omittingEmptySubsequences: false)
    if commas.count == 2 {
        // With three digits behind it, the comma may separate thousands.
        guard commas[1].prefix(while: { $0.isNumber }).count != 3 else { return nil }
        let point = commas.joined(separator: ".")
        return durationParts(point) == nil ? nil : point
    }
    if text.last == "M" {
        let minutes = text.dropLast() + "m"
        return durationParts(String(minutes)) == nil ? nil : String(minutes)
    }
    guard text.utf8.first.map(isDigit) ?? false,
        text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }),
        let seconds = Double(text.last == "s" ? String(text.dropLast()) : text),
        let nanoseconds = UInt64(exactly: (seconds * 1e9).rounded()), nanoseconds > 0
    else { return nil }
    let units: [(String, UInt64)] = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)]
    return units.first { nanoseconds % $0.1 == 0 }.map { "\(nanoseconds / $0.1)\($0.0)" }
}
