/// An error in a command line, or a request for help instead of a run.
enum ArgumentError: Error, Equatable {
    case helpRequested(command: String)
    case missingCommand
    case unknownCommand(String, candidates: [String])
    case unknownOption(String, candidates: [String])
    case missingValue(option: String, placeholder: String)
    case unexpectedValue(option: String)
    case invalidValue(String, of: String, expected: String)
    case missingOption(OptionDescription)
    case missingOperand(String, help: String)
    case unexpectedOperand(String)
}
