/// A word of a command line, classified by its form alone, by GNU's conventions. getopt_long(3)
enum Token: Equatable {
    /// `--name` or `--name=value`.
    case long(name: String, value: String?)
    /// `-abc`: options of one letter, or one option of one letter and its value.
    case short(letters: String)
    /// Anything else, including `-`.
    case word(String)
    /// `--`: all that follow are words.
    case end

    init(_ argument: String) {
        if argument == "--" {
            self = .end
        } else if argument.hasPrefix("--") {
            let body = argument.dropFirst(2)
            if let equals = body.firstIndex(of: "=") {
                self = .long(
                    name: String(body[..<equals]), value: String(body[body.index(after: equals)...]))
            } else {
                self = .long(name: String(body), value: nil)
            }
        } else if argument.hasPrefix("-"), argument != "-" {
            self = .short(letters: String(argument.dropFirst()))
        } else {
            self = .word(argument)
        }
    }
}
