import AFPacketKit

/// A builder of one line. Keys are added in ascending order, as logrus and the JSON form have them. Its memory is
/// reused: a line costs no allocation once the longest has been written.
struct Line: ~Copyable {
    let format: LineFormat
    let isColored: Bool
    private(set) var text = TextBuffer()
    private var level = Level.info
    /// Tells whether the version of the keys is still to be added, in its place among them.
    private var isSchemaDue = false

    /// The key of their version, which changes if one gets another name or meaning.
    private static let schema = "schema" as StaticString

    init(format: LineFormat, isColored: Bool) {
        self.format = format
        self.isColored = isColored && format != .json
    }

    /// Starts a new line with the parts that every line has.
    mutating func begin(_ level: Level, _ message: String, time: Timestamp, sinceStart elapsed: Int64) {
        text.clear()
        self.level = level
        switch format {
        case .text:
            colored(level.shortName)
            text.append("[")
            text.append(UInt64(max(0, elapsed) / 1_000_000_000), digits: 4)
            text.append("] ")
            let start = text.count
            text.append(string: message)
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
            text.append(wholeSecondsOf: time.nanoseconds)
            text.append("\",\"level\":\"")
            text.append(level.name)
            text.append("\",\"msg\":")
            text.append(jsonString: message)
        }
        isSchemaDue = format == .json
    }

    mutating func end() {
        if isSchemaDue { addSchema() }
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

    /// `yes` or `no`; true or false in JSON.
    mutating func boolean(_ key: StaticString, _ value: Bool) {
        begin(key)
        if format == .json {
            text.append(value ? "true" : "false")
        } else {
            text.append(value ? "yes" : "no")
        }
    }

    mutating func string(_ key: StaticString, _ value: String?) {
        guard let value else { return null(key) }
        begin(key)
        if format == .json { text.append(jsonString: value) } else { text.append(logrusValue: value) }
    }

    /// A MAC address, always quoted in text because of its colons.
    mutating func peer(_ key: StaticString, _ value: Peer) {
        switch value {
        case .station(let address): self.address(key, address)
        case .host(let address): string(key, address.description)
        }
    }

    mutating func address(_ key: StaticString, _ value: MACAddress) {
        begin(key)
        text.append(UInt8(ascii: "\""))
        text.append(address: value)
        text.append(UInt8(ascii: "\""))
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
            if format == .json { text.append(jsonString: clock) } else { text.append(logrusValue: clock) }
        } else if namesClock, format == .json {
            begin(key, "_clock")
            text.append("null")
        }
        if format == .json { return duration(key, stamp?.nanoseconds) }
        begin(key, "_ns")
        text.append(stamp?.nanoseconds ?? Self.zeroTime)
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
        case .text(let string?):
            if format == .json { text.append(jsonString: string) } else { text.append(logrusValue: string) }
        case .reasons(let reasons):
            if format == .json {
                array(reasons)
            } else {
                text.append(logrusValue: reasons.joined(separator: "; "))
            }
        case .integer(nil), .count(nil), .text(nil): text.append("null")
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
        text.append(format == .json ? ",\"" : " ")
        if isColored { text.append(level.color) }
    }

    private mutating func closeKey() {
        if isColored { text.append("\u{1b}[0m") }
        text.append(format == .json ? "\":" : "=")
    }

    private mutating func null(_ key: StaticString) {
        guard format == .json else { return }
        begin(key)
        text.append("null")
    }

    private mutating func colored(_ word: StaticString) {
        guard isColored else { return text.append(word) }
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
