/// A command line's word by its looks, before it is known which options there are. The conventions are
/// GNU's: getopt_long(3).
enum Token: Equatable {
    /// `--name` or `--name=value`.
    case long(name: String, value: String?)
    /// `-abc`: options of one letter, or one of them and its value.
    case short(letters: String)
    /// Anything else, `-` among it.
    case word(String)
    /// `--`: all that follows are words.
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
