struct CommandSpec<Values> {
    let name: String
    /// One line, without a full stop.
    let summary: String
    /// Text of the help below the usage line.
    let discussion: String
    let initial: Values
    var options: [OptionSpec<Values>]
    var operands: [OperandSpec<Values>] = []
    var exemption: Exemption?
    /// Pairs of options that exclude each other, by their long names.
    var exclusions: [(String, String)] = []
    /// The options that a word alone stands for, by their long names: the first that accepts it, unless it is given.
    var wordsStandFor: [String] = []
    /// The option by which an operand may be given, too, as in other commands.
    var operandOption: (long: String, short: Character)?
}

/// The options of a command, as they were given.
protocol CommandOptions {
    var output: OutputOptions { get set }
    /// Tells whether the filter of system calls is put in force before anything else. It takes a quarter of a
    /// millisecond: commands that read nothing but the kernel's answers do without.
    var isFiltered: Bool { get }

    /// Checks what the options tell together, as far as a corrected command line can come of it.
    func check() throws(ArgumentError)

    /// Checks the rest, and does what the command is for.
    func run(_ console: Console) throws(Failure) -> ExitStatus
}

extension CommandOptions {
    var isFiltered: Bool { true }

    func check() throws(ArgumentError) {}
}

/// A command with the type of its values erased.
struct Command {
    let description: CommandDescription
    private let parseAndRun: ([String]) throws(ArgumentError) -> Invocation

    struct Invocation {
        let output: OutputOptions
        let isFiltered: Bool
        let run: (Console) throws(Failure) -> ExitStatus
    }

    init<Values: CommandOptions>(_ spec: CommandSpec<Values>) {
        let options = spec.options.map(\.description) + [helpOption]
        description = CommandDescription(
            name: spec.name, summary: spec.summary, discussion: spec.discussion, options: options,
            operands: spec.operands.map(\.description), exemption: spec.exemption)
        parseAndRun = { (arguments: [String]) throws(ArgumentError) in
            let values = try Parser(spec).parse(arguments)
            try values.check()
            return Invocation(
                output: values.output, isFiltered: values.isFiltered,
                run: { (console: Console) throws(Failure) in try values.run(console) })
        }
    }

    func parse(_ arguments: [String]) throws(ArgumentError) -> Invocation {
        try parseAndRun(arguments)
    }
}
