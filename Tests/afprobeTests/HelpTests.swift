import Testing

@testable import afprobe

@Suite struct HelpTests {
    private let commands = Program.commands.map(\.description)

    @Test func fitsATerminal() {
        for text in [overviewHelp(commands)] + commands.map(commandHelp) {
            for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        }
    }

    /// The name by which a command is found is declared apart from the command.
    @Test func isFoundByItsName() {
        for name in CommandName.allCases {
            #expect(name.command.description.name == name.rawValue)
        }
    }

    @Test func showsEveryOptionOnce() {
        for command in commands {
            let help = commandHelp(command)
            for option in command.options {
                let label = "--\(option.long)"
                let lines = help.split(separator: "\n").filter { line in
                    line.split(whereSeparator: { " ,[".contains($0) }).prefix(2).contains { $0 == label }
                }
                #expect(lines.count == 1, "\(command.name) \(label)")
                #expect(option.help.hasSuffix("."), "\(command.name) \(label)")
            }
        }
    }

    @Test func namesNoOptionTwice() {
        for command in commands {
            let names = command.options.map(\.long) + command.options.compactMap { $0.short.map(String.init) }
            #expect(Set(names).count == names.count, "\(command.name)")
        }
    }

    @Test func startsWithWhatMustBeGiven() {
        #expect(commands[0].synopsis == "afprobe send -i IF -d MAC [OPTION]...")
        #expect(commands[2].synopsis == "afprobe ping [OPTION]... [TARGET]")
        #expect(commands[3].synopsis == "afprobe hwstamp [OPTION]... [IF...]")
        #expect(commands[0].otherSynopsis == "afprobe send -i IF --read FILE [OPTION]...")
        #expect(commands[2].otherSynopsis == nil)
        #expect(commands[3].otherSynopsis == nil)
    }

    @Test func showsOptionalValuesInBrackets() {
        let help = commandHelp(Command(sampleSpec()).description)
        #expect(help.contains("\n      --level[=N]           How much.\n"), "\(help)")
    }

    @Test func breaksLines() {
        #expect(wrap("a b", indent: 2) == "  a b\n")
        let long = wrap(String(repeating: "word ", count: 40), indent: 10)
        #expect(long.split(separator: "\n").allSatisfy { $0.count <= 80 && $0.hasPrefix("          word") })
    }
}
