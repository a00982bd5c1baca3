/// The description of an option or an operand, without its action.
struct OptionDescription: Equatable {
    enum Arity: Equatable {
        case flag
        case value(String)
        /// `--name` or `--name=value`; the next word is the value only if it is a number of at most three digits.
        case optionalValue(String)
    }

    /// The option's heading in the help.
    enum Section: String, CaseIterable {
        case target = "What to measure"
        case frame = "The frames"
        case pace = "How many, how fast, how long"
        case output = "Output"
        case general = "Other"
    }

    let long: String
    let short: Character?
    let arity: Arity
    let section: Section
    let help: String
    let completion: Completion
    let isRequired: Bool
}

/// The kind of completion that a shell offers for a value.
enum Completion: Equatable {
    case nothing
    case interfaces
    case files
    case values([String])
}

/// An option that exempts from the required options.
struct Exemption {
    /// The long name.
    let option: String
    /// The long names of options that remain required.
    var keeping: [String] = []
}

/// A command's description, for help and completions.
struct CommandDescription {
    let name: String
    let summary: String
    let discussion: String
    let options: [OptionDescription]
    let operands: [Operand]
    var exemption: Exemption?

    struct Operand {
        let placeholder: String
        let isRequired: Bool
        let isRepeated: Bool
        let help: String
        let completion: Completion
    }
}

/// Option of every command; the parser throws `helpRequested` for it.
let helpOption = OptionDescription(
    long: "help", short: "h", arity: .flag, section: .general, help: "Show this help.",
    completion: .nothing, isRequired: false)
