import AFPacketKit

enum Program {
    static var commands: [Command] { CommandName.allCases.map { $0.command } }

    /// Runs the command in the arguments, which do not include the program's name.
    static func run(_ arguments: [String]) -> ExitStatus {
        StandardStream.reserve()
        SignalQueue.ignoreOutputErrors()
        do throws(ArgumentError) {
            return try dispatch(arguments)
        } catch .helpRequested(let command) {
            return printHelp(command)
        } catch {
            let command = arguments.first.flatMap { CommandName($0)?.rawValue }
            Console(OutputOptions(askedForIn: arguments)).log(
                .usage(error.message, hint: error.hint(command: command)))
            return .usage
        }
    }

    private static func dispatch(_ arguments: [String]) throws(ArgumentError) -> ExitStatus {
        guard let first = arguments.first else { throw .missingCommand }
        let rest = Array(arguments.dropFirst())
        switch Token(first) {
        case .long("help", nil): return print(overview)
        case .word(let word) where word.lowercased() == "help": return try help(rest)
        case .word(let word) where word.lowercased() == "version": return try dispatch(["--version"] + rest)
        case .long("version", nil):
            try expectNothing(in: rest)
            return print("afprobe \(Origin.version)\n")
        case .short(let letters) where letters.first == "h" || letters.first == "?": return print(overview)
        case .short("V"): return try dispatch(["--version"] + rest)
        case .short("v") where rest.isEmpty: return try dispatch(["--version"])
        case .long("generate-completion-script", let value): return try printCompletions(value, rest)
        case .long("generate-manual", let value): return try printManual(value, rest)
        case .word(let name):
            do throws(ArgumentError) { return try runCommand(named: name, rest) } catch {
                throw explainedCommand(error, TypedLine(words: arguments))
            }
        case .long("help", _), .long("version", _):
            throw .unexpectedValue(option: String(first.prefix { $0 != "=" }))
        case .long(let name, _):
            let options = ["help", "version", "generate-completion-script"]
            throw explainedOption(
                .unknownOption(
                    "--\(name)", candidates: candidates(for: name, among: options).map { "--\($0)" }),
                TypedLine(words: arguments))
        case .short(let letters):
            let unknown = letters.first { $0 != "V" } ?? "V"
            throw explainedOption(
                .unknownOption("-\(unknown)", candidates: []), TypedLine(words: arguments))
        case .end: throw .missingCommand
        }
    }

    private static var commandNames: [String] { CommandName.allCases.map(\.rawValue) }

    private static func parse(
        _ command: Command, _ arguments: [String]
    ) throws(ArgumentError) -> Command.Invocation {
        do throws(ArgumentError) { return try command.parse(arguments) } catch {
            throw explained(error, TypedLine(words: [command.description.name] + arguments))
        }
    }

    private static func runCommand(named name: String, _ arguments: [String]) throws(ArgumentError)
        -> ExitStatus
    {
        let invocation = try parse(find(name), arguments)
        let output = invocation.output
        if invocation.isFiltered { SystemCallFilter.begin() }
        MemoryShortage.react { bytes in
            let failure = Failure.outOfMemory(bytes)
            Console(output).log(failure)
            return failure.status.rawValue
        }
        let console = Console(output)
        do throws(Failure) {
            try output.check()
            return try run(invocation, console)
        } catch {
            console.log(error)
            return error.status
        }
    }

    /// Runs a command. A failure to write its lines takes precedence over its own failure.
    private static func run(
        _ invocation: Command.Invocation, _ console: Console
    ) throws(Failure) -> ExitStatus {
        defer {
            if let denials = SystemCallFilter.denials() { console.diagnosed(.systemCallsDenied(denials)) }
        }
        do throws(Failure) {
            let status = try invocation.run(console)
            console.finish()
            try console.checkOutput()
            return status
        } catch {
            console.finish()
            try console.checkOutput()
            // Nobody reads the lines any more, so no failure is reported.
            if console.isClosed, error.status == .nothingCame { return .nothingCame }
            throw error
        }
    }

    private static func find(_ name: String) throws(ArgumentError) -> Command {
        guard let known = CommandName(name) else {
            let meant = commandMeant(by: name).map { Array($0.prefix(1)) }
            throw .unknownCommand(
                name, candidates: meant ?? candidates(for: name, among: commandNames + ["help"]))
        }
        return known.command
    }

    // MARK: Output without a run

    private static var overview: String { overviewHelp(commands.map(\.description)) }

    private static func help(_ arguments: [String]) throws(ArgumentError) -> ExitStatus {
        guard let name = arguments.first, !["help", "-h", "--help"].contains(name) else {
            return print(overview)
        }
        try expectNothing(in: Array(arguments.dropFirst()))
        return print(commandHelp(try find(name).description))
    }

    private static func printHelp(_ name: String) -> ExitStatus {
        guard let command = try? find(name) else { return .usage }
        return print(commandHelp(command.description))
    }

    private static func printCompletions(_ value: String?, _ rest: [String]) throws(ArgumentError)
        -> ExitStatus
    {
        let names = Shell.allCases.map(\.rawValue)
        let name = try choice(of: "--generate-completion-script", value, rest, among: names)
        guard let shell = Shell(rawValue: name) else { return .usage }
        return print(shell.completionScript(for: commands.map(\.description)))
    }

    /// Prints a manual page for `make man`; not suggested to users.
    private static func printManual(_ value: String?, _ rest: [String]) throws(ArgumentError) -> ExitStatus {
        let commands = commands.map(\.description)
        let name = try choice(of: "--generate-manual", value, rest, among: ManPage.names(commands))
        guard let sections = ManPage.sections(of: name, commands) else { return .usage }
        return print(sections)
    }

    /// The value of an option: after its equals sign, or the next and last word.
    private static func choice(
        of option: String, _ value: String?, _ rest: [String], among names: [String]
    ) throws(ArgumentError) -> String {
        guard let name = value ?? rest.first else {
            throw .missingValue(option: option, placeholder: names.joined(separator: "|"))
        }
        guard names.contains(name) else {
            throw .invalidValue(name, of: option, expected: "one of \(names.joined(separator: ", "))")
        }
        try expectNothing(in: Array(rest.dropFirst(value == nil ? 1 : 0)))
        return name
    }

    private static func expectNothing(in arguments: [String]) throws(ArgumentError) {
        if let word = arguments.first { throw .unexpectedOperand(word) }
    }

    private static func print(_ text: String) -> ExitStatus {
        let console = Console()
        console.write(text: text)
        do throws(Failure) { try console.checkOutput() } catch {
            console.log(error)
            return error.status
        }
        return .measured
    }
}
