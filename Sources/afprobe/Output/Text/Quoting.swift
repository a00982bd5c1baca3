import AFPacketKit

extension TextBuffer {
    /// Appends a value by logrus's rule: unquoted if it consists of letters, digits and `-._/@^+`, else as a Go
    /// string.
    mutating func append(logrusValue text: String) {
        if text.hasOnlyBytes(isPlain) {
            append(string: text)
        } else {
            append(goString: text)
        }
    }

    /// Appends a value for people: quoted only if a blank or a quote would make it two.
    mutating func append(readableValue text: String) {
        let isOne =
            !text.isEmpty && text.unicodeScalars.allSatisfy { $0.isPrintable && $0 != " " && $0 != "\"" }
        if isOne { append(string: text) } else { append(goString: text) }
    }

    /// Appends a Go string literal like strconv.Quote.
    private mutating func append(goString text: String) {
        append(UInt8(ascii: "\""))
        // Nearly all texts need no escapes, and so no check of each character.
        guard !text.hasOnlyBytes(standsForItself) else {
            append(string: text)
            return append(UInt8(ascii: "\""))
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\u{07}": append("\\a")
            case "\u{08}": append("\\b")
            case "\u{0c}": append("\\f")
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            case "\u{0b}": append("\\v")
            case _ where FileName.byte(scalar) != nil:
                append("\\x", hexadecimal: scalar.value & 0xff, digits: 2)
            case _ where scalar.isPrintable: append(string: String(scalar))
            case _ where scalar.value < 0x80: append("\\x", hexadecimal: scalar.value, digits: 2)
            case _ where scalar.value < 0x1_0000: append("\\u", hexadecimal: scalar.value, digits: 4)
            default: append("\\U", hexadecimal: scalar.value, digits: 8)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends a JSON string. RFC 8259
    mutating func append(jsonString text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0..<0x20: append("\\u", hexadecimal: UInt32(byte), digits: 4)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(_ prefix: StaticString, hexadecimal value: UInt32, digits: Int) {
        append(prefix)
        for index in (0..<digits).reversed() {
            append(hexadecimalDigit: UInt8(truncatingIfNeeded: value >> UInt32(4 * index)) & 0xf)
        }
    }

    mutating func append(hexadecimalDigit value: UInt8) {
        append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
    }
}

/// Returns whether a byte needs no escape in a Go string: printable ASCII except quotes and backslashes.
private func standsForItself(_ byte: UInt8) -> Bool {
    (0x20..<0x7f).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}

/// Returns whether logrus leaves a value with this byte unquoted.
private func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: "^"), UInt8(ascii: "+"):
        true
    default:
        false
    }
}

extension Unicode.Scalar {
    /// The result of Go's strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the space.
    fileprivate var isPrintable: Bool {
        if self == " " { return true }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            false
        default: true
        }
    }
}

extension String {
    /// Returns whether `isSuch` holds for all UTF-8 bytes. Reads them in memory: iterating over the view takes longer.
    fileprivate func hasOnlyBytes(_ isSuch: (UInt8) -> Bool) -> Bool {
        let bytes = utf8.span
        for index in bytes.indices where !isSuch(bytes[index]) { return false }
        return true
    }
}
