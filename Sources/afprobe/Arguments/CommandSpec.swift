/// A command, declared once.
struct CommandSpec<Values> {
    let name: String
    /// One line, without a full stop.
    let summary: String
    /// What the help says under the usage line.
    let discussion: String
    let initial: Values
    let options: [OptionSpec<Values>]
    var operands: [OperandSpec<Values>] = []
    var exemption: Exemption?
}

/// The options of a command, as they were given.
protocol CommandOptions {
    var output: OutputOptions { get set }

    /// Checks what no single option can, and does what the command is for.
    func run(_ console: Console) throws(Failure) -> ExitStatus
}

/// A command whose own type of values does not matter any more.
struct Command {
    let description: CommandDescription
    private let parseAndRun: ([String]) throws(ArgumentError) -> Invocation

    /// What is left to do once the arguments are right.
    struct Invocation {
        let output: OutputOptions
        let run: (Console) throws(Failure) -> ExitStatus
    }

    init<Values: CommandOptions>(_ spec: CommandSpec<Values>) {
        let options = spec.options.map(\.description) + [helpOption]
        description = CommandDescription(
            name: spec.name, summary: spec.summary, discussion: spec.discussion, options: options,
            operands: spec.operands.map(\.description), exemption: spec.exemption)
        parseAndRun = { (arguments: [String]) throws(ArgumentError) in
            let values = try Parser(spec).parse(arguments)
            return Invocation(
                output: values.output,
                run: { (console: Console) throws(Failure) in try values.run(console) })
        }
    }

    /// Reads the words behind the command's name.
    func parse(_ arguments: [String]) throws(ArgumentError) -> Invocation {
        try parseAndRun(arguments)
    }
}
