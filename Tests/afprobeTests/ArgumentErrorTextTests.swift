import Testing

@testable import afprobe

@Suite struct ArgumentErrorTextTests {
    private let interface = OptionDescription(
        long: "interface", short: "i", arity: .value("IF"), section: .target,
        help: "The network interface to use.", completion: .interfaces, isRequired: true)

    @Test func saysWhatIsWrongAndWhatIsRight() {
        let cases: [(ArgumentError, String, String)] = [
            (.missingCommand, "No command was given", "see 'afprobe help'"),
            (
                .unknownCommand("sned", candidates: ["send"]), "Unknown command 'sned'",
                "did you mean send? see 'afprobe help'"
            ),
            (.unknownCommand("xyz", candidates: []), "Unknown command 'xyz'", "see 'afprobe help'"),
            (
                .unknownOption("--inter", candidates: ["--interface", "--interval"]),
                "Unknown option --inter",
                "did you mean --interface or --interval? see 'afprobe help'"
            ),
            (.unknownOption("-x", candidates: []), "Unknown option -x", "see 'afprobe help'"),
            (
                .missingValue(option: "-c", placeholder: "N"), "Option -c needs a value: N",
                "see 'afprobe help'"
            ),
            (
                .unexpectedValue(option: "--quiet"), "Option --quiet takes no value",
                "see 'afprobe help'"
            ),
            (
                .invalidValue("x", of: "-c", expected: "a number"), "Invalid value 'x' for -c",
                "expected a number; see 'afprobe help'"
            ),
            (
                .missingOption(interface), "Option -i IF is missing",
                "the network interface to use; see 'afprobe help'"
            ),
            (
                .missingOperand("MAC", help: "The host to ping."), "Argument MAC is missing",
                "the host to ping; see 'afprobe help'"
            ),
            (
                .excluded("--rate", "--interval"), "--rate and --interval exclude each other",
                "leave one of them out; see 'afprobe help'"
            ),
            (
                .meaningless("--dst-port", without: "--udp"),
                "Option --dst-port has no meaning without --udp",
                "add --udp; see 'afprobe help'"
            ),
            (.mistake("Wrong", remedy: "write: right"), "Wrong", "write: right"),
            (.unexpectedOperand("eth1"), "Unexpected argument 'eth1'", "see 'afprobe help'"),
        ]
        for (error, message, hint) in cases {
            #expect(error.message == message)
            #expect(error.hint(command: nil) == hint)
        }
    }

    @Test func pointsToTheCommandsOwnHelp() {
        #expect(ArgumentError.missingCommand.hint(command: "send") == "see 'afprobe help send'")
    }

    @Test(arguments: [
        ("sned", "send"), ("lisen", "listen"), ("pign", "ping"), ("hwstmp", "hwstamp"),
        ("hwstamp-conf", "hwstamp-config"),
    ])
    func suggestsTheClosestCommand(word: String, expected: String) {
        let names = Program.commands.map(\.description.name)
        #expect(closest(to: word, among: names) == expected)
    }

    @Test func namesEveryCommandThatBeginsAlike() {
        let names = Program.commands.map(\.description.name)
        #expect(candidates(for: "hw", among: names) == ["hwstamp", "hwstamp-config"])
        #expect(candidates(for: "", among: names) == [])
    }

    @Test func suggestsNothingFarFetched() {
        #expect(closest(to: "trafgen", among: Program.commands.map(\.description.name)) == nil)
    }

    @Test func countsDifferences() {
        #expect(editDistance("", "abc") == 3)
        #expect(editDistance("abc", "abc") == 0)
        #expect(editDistance("abc", "acb") == 1)
        #expect(editDistance("kitten", "sitting") == 3)
    }
}
