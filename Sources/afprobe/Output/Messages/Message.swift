/// A diagnostic in words: a line on standard error.
struct Message {
    let level: Level
    let text: String
    /// The fields in display order; the remedy comes last.
    private(set) var fields: [Field]
    /// The whole in sentences, a paragraph each, where the fields are not as a person would say it.
    var paragraphs: [String]?

    struct Field {
        let key: StaticString
        let value: String

        init(_ key: StaticString, _ value: String) { (self.key, self.value) = (key, value) }
    }

    init(_ level: Level, _ text: String, _ fields: [Field] = [], hint: String? = nil) {
        self.level = level
        self.text = text
        self.fields = fields
        if let hint { self.fields.append(Field("hint", hint)) }
    }
}

extension Message {
    /// The text for people, in 80 columns: the reason after a colon, and the remedy on lines of its own.
    ///
    /// - Parameter indent: the columns that are left free, in the first line for what precedes the text.
    func wrapped(indent: Int) -> String {
        func value(_ key: String) -> String? { fields.first { "\($0.key)" == key }?.value }
        // A value before stands behind the one now, if it is another.
        let others = fields.compactMap { field -> String? in
            let key = "\(field.key)"
            guard !["error", "hint"].contains(key),
                !key.hasSuffix("_before") || value(String(key.dropLast(7))) == nil
            else { return nil }
            let before = value("\(key)_before").flatMap { $0 == field.value ? nil : " (before: \($0))" } ?? ""
            return "\(key)=\(field.value)\(before)"
        }
        let details = [value("error")].compactMap(\.self) + others
        let sentence = details.isEmpty ? text : "\(text): \(details.joined(separator: " "))"
        let paragraphs = self.paragraphs ?? [sentence] + (value("hint").map { [$0] } ?? [])
        return String(wrap(paragraphs.joined(separator: "\n"), indent: indent).dropFirst(indent).dropLast())
    }
}

/// The level of a line, with logrus's names and colours.
enum Level {
    case info
    case warning
    case error

    var name: StaticString {
        switch self {
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    var shortName: StaticString {
        switch self {
        case .info: "INFO"
        case .warning: "WARN"
        case .error: "ERRO"
        }
    }

    var color: StaticString {
        switch self {
        case .info: "\u{1b}[36m"
        case .warning: "\u{1b}[33m"
        case .error: "\u{1b}[31m"
        }
    }
}
