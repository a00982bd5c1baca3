import AFPacketKit

/// The capabilities of a terminal.
struct TextStyle {
    /// If false, ASCII only.
    var isUnicode = true
    var isColored = false

    /// The style for the locale's character set. locale(7)
    static func ofLocale(isColored: Bool) -> TextStyle {
        let variables = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(ThisProcess.environment)
        let locale = variables.first { !$0.isEmpty } ?? "C"
        return TextStyle(isUnicode: isUnicode(locale: locale), isColored: isColored)
    }

    /// Returns whether a locale's name, like `de_DE.UTF-8` or `C.utf8@euro`, says UTF-8.
    static func isUnicode(locale: String) -> Bool {
        let name = locale.lowercased().prefix { $0 != "@" }
        return name.hasSuffix(".utf-8") || name.hasSuffix(".utf8")
    }

    /// Stands for a value that there is not.
    var absent: String { isUnicode ? "–" : "-" }

    /// Tells by how much one clock differs from another: `1.2µs behind`, `1.2µs ahead of`.
    func difference(_ offset: Int64, _ format: (Int64) -> String) -> String {
        format(Int64(clamping: offset.magnitude)) + (offset < 0 ? " behind" : " ahead of")
    }

    func heading(_ text: String) -> String { styled(text, "1") }

    /// A text that asks for attention: what is slow.
    func warning(_ text: String) -> String { styled(text, "33") }

    /// A text about what is lost or wrong.
    func alarm(_ text: String) -> String { styled(text, "31") }

    /// A text about what holds.
    func success(_ text: String) -> String { styled(text, "32") }

    private func styled(_ text: String, _ parameter: String) -> String {
        isColored ? "\u{1b}[\(parameter)m\(text)\u{1b}[0m" : text
    }

    /// A duration as Go prints it, with all digits.
    func exact(_ nanoseconds: Int64) -> String {
        var text = TextBuffer(capacity: 24)
        text.append(duration: nanoseconds)
        let duration = text.string
        return isUnicode ? duration : String(duration.map { $0 == "µ" ? "u" : $0 })
    }

    /// A duration in at most seven columns below 28 hours: four significant digits, three if negative, and whole
    /// nanoseconds.
    func rounded(_ nanoseconds: Int64) -> String {
        let digits = nanoseconds < 0 ? 3 : 4
        let magnitude = nanoseconds.magnitude
        let dropped = tenTo(max(0, magnitude.digitCount - digits))
        // Rounding may add a digit, and so select a larger unit.
        let rounded = magnitude.dividedToNearest(by: dropped) * dropped
        let units = [(0, "ns"), (3, isUnicode ? "µs" : "us"), (6, "ms"), (9, "s")]
        let (exponent, unit) = units.last { tenTo($0.0) <= rounded } ?? units[0]
        let wholeDigits = (rounded / tenTo(exponent)).digitCount
        let decimals = min(exponent, max(0, digits - wholeDigits))
        let number = rounded / tenTo(exponent - decimals)
        return (nanoseconds < 0 ? "-" : "") + fixedPoint(number, decimals: decimals) + unit
    }
}
