/// An error in a command line, or a request for help instead of a run.
enum ArgumentError: Error, Equatable {
    case helpRequested(command: String)
    case missingCommand
    case unknownCommand(String, candidates: [String])
    case unknownOption(String, candidates: [String])
    case missingValue(option: String, placeholder: String)
    case unexpectedValue(option: String)
    /// - Parameter meant: the value that was probably meant; nil if that is not plain.
    case invalidValue(String, of: String, expected: String, meant: String? = nil)
    case missingOption(OptionDescription)
    case missingOperand(String, help: String)
    case unexpectedOperand(String)
    /// Two options that exclude each other.
    case excluded(String, String)
    /// An option that another one, a flag, must go with.
    case meaningless(String, without: String)
    /// A mistake whose remedy is known in full.
    case mistake(String, remedy: String)
}
