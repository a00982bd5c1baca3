/// A diagnostic in words: a line on standard error.
struct Message {
    let level: Level
    let text: String
    /// The fields in display order; the remedy comes last.
    private(set) var fields: [Field]

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
