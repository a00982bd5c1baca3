/// How an option or an operand presents itself: all but what it does.
struct OptionDescription: Equatable {
    /// Whether the option takes a value.
    enum Arity: Equatable {
        case flag
        case value(String)
        /// `--name` or `--name=value`; the next word is never the value.
        case optionalValue(String)
    }

    /// The heading it stands under in the help.
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

/// What a shell may offer where a value is to be typed.
enum Completion: Equatable {
    case nothing
    case interfaces
    case files
    case values([String])
}

/// An option that takes the place of what is required without it.
struct Exemption {
    /// Its long name.
    let option: String
    /// The long names of options that are required all the same.
    var keeping: [String] = []
}

/// A command by how it presents itself: for help and completions.
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

/// Every command has it; the parser throws `helpRequested` for it.
let helpOption = OptionDescription(
    long: "help", short: "h", arity: .flag, section: .general, help: "Show this help.",
    completion: .nothing, isRequired: false)
