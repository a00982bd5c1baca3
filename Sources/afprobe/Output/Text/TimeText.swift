// Times and durations in the format of the reference, which is Go's.

extension TextBuffer {
    /// Appends a duration as Go prints it: `-423.796µs`, `1.5s`, `2m0s`, `0s`.
    mutating func append(duration nanoseconds: Int64) {
        if nanoseconds < 0 { append(UInt8(ascii: "-")) }
        let total = nanoseconds.magnitude
        switch total {
        case 0: append("0s")
        case ..<1_000:
            append(total)
            append("ns")
        case ..<1_000_000: append(total, per: 1_000, decimals: 3, "µs")
        case ..<1_000_000_000: append(total, per: 1_000_000, decimals: 6, "ms")
        default:
            let seconds = total / 1_000_000_000
            if seconds >= 3600 {
                append(seconds / 3600)
                append("h")
            }
            if seconds >= 60 {
                append(seconds / 60 % 60)
                append("m")
            }
            append(total % 60_000_000_000, per: 1_000_000_000, decimals: 9, "s")
        }
    }

    private mutating func append(_ total: UInt64, per unit: UInt64, decimals: Int, _ name: StaticString) {
        append(total / unit)
        appendFraction(total % unit, digits: decimals)
        append(name)
    }

    /// Appends a UTC time by RFC 3339 with as many decimals as needed, up to nanoseconds.
    mutating func append(time nanoseconds: Int64) {
        let (seconds, fraction) = nanoseconds.flooringDivision(by: 1_000_000_000)
        append(dateOf: seconds)
        appendFraction(UInt64(fraction), digits: 9)
        append("Z")
    }

    /// Appends a UTC time by RFC 3339 with all nine decimals, so that times sort as texts.
    mutating func append(allNanosecondsOf nanoseconds: Int64) {
        let (seconds, fraction) = nanoseconds.flooringDivision(by: 1_000_000_000)
        append(dateOf: seconds)
        append(".")
        append(UInt64(fraction), digits: 9)
        append("Z")
    }

    /// Appends a UTC time by RFC 3339 in whole seconds.
    mutating func append(wholeSecondsOf nanoseconds: Int64) {
        append(dateOf: nanoseconds.flooringDivision(by: 1_000_000_000).quotient)
        append("Z")
    }
}

/// Date and time of day by RFC 3339, without the zone: `2026-11-26T02:24:00`.
struct DateText {
    /// Seconds since 1970. 64 bits of nanoseconds span the years 1677 to 2262, so the year has four digits.
    let second: Int64
    private(set) var text = InlineArray<19, UInt8>(repeating: UInt8(ascii: ":"))

    init(second: Int64) {
        self.second = second
        let (days, secondOfDay) = second.flooringDivision(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        put(date.year, endingAt: 4, digits: 4)
        put(date.month, endingAt: 7, digits: 2)
        put(date.day, endingAt: 10, digits: 2)
        put(secondOfDay / 3600, endingAt: 13, digits: 2)
        put(secondOfDay / 60 % 60, endingAt: 16, digits: 2)
        put(secondOfDay % 60, endingAt: 19, digits: 2)
        text[4] = UInt8(ascii: "-")
        text[7] = UInt8(ascii: "-")
        text[10] = UInt8(ascii: "T")
    }

    private mutating func put(_ number: Int64, endingAt end: Int, digits: Int) {
        var rest = number
        for index in (end - digits..<end).reversed() {
            text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}

/// A duration as Go prints it.
func durationText(_ nanoseconds: Int64) -> String {
    var text = TextBuffer(capacity: 24)
    text.append(duration: nanoseconds)
    return text.string
}

/// A day of the Gregorian calendar.
struct CivilDate: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64

    /// Counts years from 1 March, so that the leap day is the last of a year, in eras of 400 years, which all have the
    /// same number of days.
    init(daysSince1970: Int64) {
        let (era, dayOfEra) = (daysSince1970 + 719_468).flooringDivision(by: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension Int64 {
    /// Divides towards minus infinity: the remainder is never negative.
    func flooringDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
