import AFPacketKit

/// A builder of one line. Keys are added in ascending order, as logrus and the JSON form have them. Its memory is
/// reused: a line costs no allocation once the longest has been written.
///
/// Text has two forms: the reference's, whole; and a short one for people, of what the reference does not have, in at
/// most 80 columns: the most important key first, and those for which there is no room left out.
struct Line: ~Copyable {
    let format: LineFormat
    let isColored: Bool
    private let isUnicode: Bool
    private(set) var text = TextBuffer()
    private var level = Level.info
    /// Tells whether the line is in the short form.
    private(set) var isShort = false
    /// Of a short line: the end of what has room.
    private var fittingEnd = 0
    private var columns = 0
    /// Tells whether the version of the keys is still to be added, in its place among them.
    private var isSchemaDue = false

    /// The key of their version, which changes if one gets another name or meaning.
    private static let schema = "schema" as StaticString

    private static let width = 80

    init(format: LineFormat, isColored: Bool, isUnicode: Bool = true) {
        self.format = format
        self.isColored = isColored && format != .json
        self.isUnicode = isUnicode
    }

    /// Starts a new line with the parts that every line has.
    ///
    /// - Parameter isShort: whether the line is short if it is text.
    mutating func begin(
        _ level: Level, _ message: String, time: Timestamp, sinceStart elapsed: Int64, isShort: Bool = false
    ) {
        text.clear()
        self.level = level
        self.isShort = isShort && format == .text
        switch format {
        case .text:
            colored(level.shortName)
            text.append("[")
            text.append(UInt64(max(0, elapsed) / 1_000_000_000), digits: 4)
            text.append("] ")
            let start = text.count
            text.append(string: message)
            if self.isShort {
                columns = text.columns(from: 0)
                fittingEnd = text.count
                return
            }
            text.pad(from: start, to: 44)
            text.append(" ")
        case .logfmt:
            text.append("time=\"")
            text.append(wholeSecondsOf: time.nanoseconds)
            text.append("\" level=")
            text.append(level.name)
            text.append(" msg=")
            text.append(logrusValue: message)
        case .json:
            text.append("{\"time\":\"")
            text.append(allNanosecondsOf: time.nanoseconds)
            text.append("\",\"level\":\"")
            text.append(level.name)
            text.append("\",\"msg\":")
            text.append(jsonString: message)
        }
        isSchemaDue = format == .json
    }

    mutating func end() {
        if isSchemaDue { addSchema() }
        if isShort { endKey() }
        text.append(format == .json ? "}\n" : "\n")
    }

    // MARK: Values

    mutating func integer(_ key: StaticString, _ value: UInt64) {
        begin(key)
        text.append(value)
    }

    /// An integer; if nil, null in JSON and left out in text.
    mutating func integer(_ key: StaticString, _ value: Int64?) {
        if let value {
            begin(key)
            text.append(value)
        } else {
            null(key)
        }
    }

    /// A share of a whole in per cent, with three decimals.
    mutating func percentage(_ key: StaticString, _ part: UInt64, of whole: UInt64) {
        guard whole > 0 else { return null(key) }
        begin(key)
        text.append(Int64(thousandthsOfPercent(part, of: whole)), decimals: 3)
    }

    /// `yes` or `no`; true or false in JSON.
    mutating func boolean(_ key: StaticString, _ value: Bool) {
        begin(key)
        append(value)
    }

    private mutating func append(_ value: Bool) {
        if format == .json {
            text.append(value ? "true" : "false")
        } else {
            text.append(value ? "yes" : "no")
        }
    }

    mutating func string(_ key: StaticString, _ value: String?) {
        guard let value else { return null(key) }
        begin(key)
        append(value)
    }

    private mutating func append(_ value: String) {
        switch format {
        case .json: text.append(jsonString: value)
        case .text where isShort: text.append(readableValue: value)
        case .text, .logfmt: text.append(logrusValue: value)
        }
    }

    mutating func peer(_ key: StaticString, _ value: Peer) {
        switch value {
        case .station(let address): self.address(key, address)
        case .host(let address): string(key, address.description)
        }
    }

    /// A MAC address, quoted because of its colons.
    mutating func address(_ key: StaticString, _ value: MACAddress) {
        begin(key)
        if !isShort { text.append(UInt8(ascii: "\"")) }
        text.append(address: value)
        if !isShort { text.append(UInt8(ascii: "\"")) }
    }

    /// Names: an array in JSON; separated by commas in text, `none` if empty.
    mutating func list(_ key: StaticString, _ values: [String]) {
        guard format == .json else {
            return string(key, values.isEmpty ? "none" : values.joined(separator: ","))
        }
        begin(key)
        array(values)
    }

    private mutating func array(_ values: [String]) {
        text.append("[")
        for (index, value) in values.enumerated() {
            if index > 0 { text.append(",") }
            text.append(jsonString: value)
        }
        text.append("]")
    }

    /// A readable duration, in text only. JSON has it in nanoseconds.
    mutating func readableDuration(_ key: StaticString, _ nanoseconds: Int64?) {
        guard format != .json, let nanoseconds else { return }
        if isShort {
            return duration(
                key, nanoseconds, in: DurationScale(largest: nanoseconds.magnitude, digits: 4))
        }
        begin(key)
        // By logrus's rule only the µ needs quotes.
        let isQuoted = (1_000..<1_000_000).contains(nanoseconds.magnitude)
        if isQuoted { text.append(UInt8(ascii: "\"")) }
        text.append(duration: nanoseconds)
        if isQuoted { text.append(UInt8(ascii: "\"")) }
    }

    /// A duration: readable under the key in text, an integer under the key with `_ns` in JSON.
    mutating func duration(_ key: StaticString, _ nanoseconds: Int64?) {
        guard format == .json else { return readableDuration(key, nanoseconds) }
        begin(key, "_ns")
        if let nanoseconds { text.append(nanoseconds) } else { text.append("null") }
    }

    /// A stamp under the key and, in nanoseconds, under the key with `_ns`. In text an absent stamp is Go's zero time,
    /// as in the reference; JSON has only the second, null if absent.
    ///
    /// - Parameters:
    ///   - clock: the name of the stamp's clock.
    ///   - namesClock: whether to show that name, between the two, under the key with `_clock`.
    mutating func stamp(
        _ key: StaticString, _ stamp: Timestamp?, clock: String? = nil, namesClock: Bool = false
    ) {
        if format != .json {
            begin(key)
            text.append("\"")
            if let stamp {
                text.append(time: stamp.nanoseconds)
            } else {
                text.append("0001-01-01T00:00:00Z")
            }
            text.append("\"")
        }
        if namesClock, let clock, stamp != nil {
            begin(key, "_clock")
            append(clock)
        } else if namesClock, format == .json {
            begin(key, "_clock")
            text.append("null")
        }
        if format == .json { return duration(key, stamp?.nanoseconds) }
        begin(key, "_ns")
        text.append(stamp?.nanoseconds ?? Self.zeroTime)
    }

    /// Durations of a short line, in one scale, so that they add up.
    ///
    /// - Parameter isEmphasised: whether the value stands out in colour.
    mutating func duration(
        _ key: StaticString, _ nanoseconds: Int64?, in scale: DurationScale, isEmphasised: Bool = false
    ) {
        guard let nanoseconds else { return }
        begin(key)
        if isEmphasised, isColored { text.append(Level.warning.color) }
        text.append(nanoseconds, in: scale)
        text.append(scale.unit(isUnicode: isUnicode))
        if isEmphasised, isColored { text.append("\u{1b}[0m") }
    }

    /// A value under a key built at run time, for lines written once.
    mutating func field(_ key: String, _ value: Field) {
        if value.isAbsent, format != .json { return }
        if isSchemaDue, isAfterSchema(key.utf8.span) { addSchema() }
        openKey()
        text.append(string: key)
        closeKey()
        switch value {
        case .integer(let number?): text.append(number)
        case .count(let number?): text.append(number)
        case .text(let string?): append(string)
        case .flag(let value?): append(value)
        case .reasons(let reasons):
            if format == .json {
                array(reasons)
            } else {
                text.append(logrusValue: reasons.joined(separator: "; "))
            }
        case .decimal(let number?, let decimals): text.append(number, decimals: decimals)
        case .integer(nil), .count(nil), .text(nil), .flag(nil), .decimal(nil, _): text.append("null")
        }
    }

    /// The result of Go's UnixNano for the zero time, the year 1: the true value does not fit and wraps.
    static let zeroTime: Int64 = -6_795_364_578_871_345_152

    // MARK: Parts

    private mutating func begin(_ key: StaticString, _ suffix: StaticString = "") {
        if isSchemaDue, isAfterSchema(key.bytes) { addSchema() }
        openKey()
        text.append(key)
        text.append(suffix)
        closeKey()
    }

    /// Returns whether a key stands behind `schema`, in ascending order.
    private func isAfterSchema(_ key: Span<UInt8>) -> Bool {
        let schema = Self.schema.bytes
        for index in 0..<min(key.count, schema.count) where key[index] != schema[index] {
            return key[index] > schema[index]
        }
        return key.count > schema.count
    }

    private mutating func addSchema() {
        isSchemaDue = false
        openKey()
        text.append(Self.schema)
        closeKey()
        text.append("1")
    }

    private mutating func openKey() {
        if isShort { endKey() }
        text.append(format == .json ? ",\"" : " ")
        if isColored, !isShort { text.append(level.color) }
    }

    /// Takes the last key of a short line away if it has no room.
    private mutating func endKey() {
        let added = text.columns(from: fittingEnd)
        if columns + added > Self.width {
            text.removeLast(text.count - fittingEnd)
        } else {
            columns += added
        }
        fittingEnd = text.count
    }

    private mutating func closeKey() {
        if isColored, !isShort { text.append("\u{1b}[0m") }
        text.append(format == .json ? "\":" : "=")
    }

    private mutating func null(_ key: StaticString) {
        guard format == .json else { return }
        begin(key)
        text.append("null")
    }

    /// The level's name, coloured; in a short line only if it is a warning or an error.
    private mutating func colored(_ word: StaticString) {
        guard isColored, !isShort || level != .info else { return text.append(word) }
        text.append(level.color)
        text.append(word)
        text.append("\u{1b}[0m")
    }
}

extension TextBuffer {
    fileprivate mutating func append(address: MACAddress) {
        for index in 0..<6 {
            if index > 0 { append(UInt8(ascii: ":")) }
            append(hexadecimalDigit: address[index] >> 4)
            append(hexadecimalDigit: address[index] & 0xf)
        }
    }
}
