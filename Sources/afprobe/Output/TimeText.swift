// Times and durations in the words of the reference, which is Go's.

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

    /// Appends a time of day in UTC by RFC 3339 with as many decimals as it needs, up to nanoseconds.
    mutating func append(time nanoseconds: Int64) {
        let (seconds, fraction) = nanoseconds.flooringDivision(by: 1_000_000_000)
        append(dateOf: seconds)
        appendFraction(UInt64(fraction), digits: 9)
        append("Z")
    }

    /// The same in whole seconds.
    mutating func append(wholeSecondsOf nanoseconds: Int64) {
        append(dateOf: nanoseconds.flooringDivision(by: 1_000_000_000).quotient)
        append("Z")
    }

    private mutating func append(dateOf seconds: Int64) {
        let (days, second) = seconds.flooringDivision(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        append(UInt64(date.year), digits: 4)
        append("-")
        append(UInt64(date.month), digits: 2)
        append("-")
        append(UInt64(date.day), digits: 2)
        append("T")
        append(UInt64(second / 3600), digits: 2)
        append(":")
        append(UInt64(second / 60 % 60), digits: 2)
        append(":")
        append(UInt64(second % 60), digits: 2)
    }
}

/// A duration as Go prints it.
func durationText(_ nanoseconds: Int64) -> String {
    var text = TextBuffer(capacity: 24)
    text.append(duration: nanoseconds)
    return String(decoding: text.bytes, as: UTF8.self)
}

/// A day of the Gregorian calendar.
struct CivilDate: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64

    /// Counts years from 1 March, so that the leap day is the last of a year, in eras of 400 years, which
    /// all have the same number of days.
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
