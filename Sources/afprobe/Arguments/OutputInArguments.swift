extension OutputOptions {
    /// The form of the output that the arguments ask for, as far as it can be told although they are wrong: an error
    /// is written in the form that is expected of the lines.
    init(askedForIn arguments: [String]) {
        self.init()
        var previous = ""
        for argument in arguments.prefix(while: { $0 != "--" }) {
            switch Token(argument) {
            case .long("format", let value?): setFormat(value)
            case .long("color", let value?): setColor(value)
            case .long(let name, nil) where LineFormat(rawValue: name) != nil: setFormat(name)
            case .word(let word) where previous == "--format": setFormat(word)
            case .word(let word) where previous == "--color": setColor(word)
            default: break
            }
            previous = argument
        }
    }

    private mutating func setFormat(_ text: String) {
        if let given = try? parseFormat(text) { format = given }
    }

    private mutating func setColor(_ text: String) {
        if let given = ColorMode(rawValue: text.lowercased()) { color = given }
    }
}
