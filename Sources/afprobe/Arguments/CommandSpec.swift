struct CommandSpec<Values> {
    let name: String
    /// One line, without a full stop.
    let summary: String
    /// Text of the help below the usage line.
    let discussion: String
    let initial: Values
    let options: [OptionSpec<Values>]
    let operands: [OperandSpec<Values>]
    var exemption: Exemption?
    /// Checks the options against each other, then runs the command.
    let run: (Values, Console) throws(Failure) -> ExitStatus
    let output: (Values) -> OutputOptions
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

/// A command with the type of its values erased.
struct Command {
    let description: CommandDescription
    private let parseAndRun: ([String]) throws(ArgumentError) -> Invocation

    struct Invocation {
        let output: OutputOptions
        let run: (Console) throws(Failure) -> ExitStatus
    }

    init<Values>(_ spec: CommandSpec<Values>) {
        let options = spec.options.map(\.description) + [helpOption]
        description = CommandDescription(
            name: spec.name, summary: spec.summary, discussion: spec.discussion, options: options,
            operands: spec.operands.map(\.description), exemption: spec.exemption)
        parseAndRun = { (arguments: [String]) throws(ArgumentError) in
            let values = try Parser(spec).parse(arguments)
            return Invocation(
                output: spec.output(values),
                run: { (console: Console) throws(Failure) in try spec.run(values, console) })
        }
    }

    func parse(_ arguments: [String]) throws(ArgumentError) -> Invocation {
        try parseAndRun(arguments)
    }
}

/// Option of every command; the parser throws `helpRequested` for it.
let helpOption = OptionDescription(
    long: "help", short: "h", arity: .flag, section: .general, help: "Show this help.",
    completion: .nothing, isRequired: false)
