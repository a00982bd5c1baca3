import Testing

@testable import afprobe

@Suite struct ParserTests {
    @Test(arguments: [
        ["-c5"], ["-c", "5"], ["--count=5"], ["--count", "5"], ["-c4", "-c5"], ["--count=4", "-c", "5"],
    ])
    func takesAValueInEveryWayGNUDoes(arguments: [String]) throws {
        #expect(try parseSample(arguments).count == 5)
    }

    @Test func takesAnOptionalValueBehindAnEqualsSignOrAShortNumber() throws {
        #expect(try parseSample([]).level == nil)
        #expect(try parseSample(["--level"]).level == 1)
        #expect(try parseSample(["--level=5"]).level == 5)
        #expect(try parseSample(["--level=5", "--level"]).level == 1)
        #expect(try parseSample(["--level", "-q"]) == SampleValues(level: 1, isQuiet: true))
        #expect(try parseSample(["--level", "5"]) == SampleValues(level: 5))
        #expect(try parseSample(["--level", "5", "6"]) == SampleValues(level: 5, words: ["6"]))
        for word in ["x", "5x", "0242", "024200000001", "", "5.5"] {
            #expect(try parseSample(["--level", word]) == SampleValues(level: 1, words: [word]))
        }
    }

    @Test func refusesAnEmptyOptionalValue() {
        #expect(
            throws: ArgumentError.invalidValue(
                "", of: "--level", expected: "a number of frames from 1, like 10")
        ) { try parseSample(["--level="]) }
    }

    @Test func takesBundledFlags() throws {
        let values = try parseSample(["-qvc3"])
        #expect(values == SampleValues(count: 3, isQuiet: true, isVerbose: true))
    }

    @Test func takesWordsAmongOptions() throws {
        let values = try parseSample(["word", "-q"])
        #expect(values == SampleValues(isQuiet: true, words: ["word"]))
    }

    @Test func takesEverythingAfterTwoHyphensForAWord() throws {
        #expect(try parseSample(["-q", "--", "-v"]).words == ["-v"])
        #expect(try parseSample(["--", "--"]).words == ["--"])
    }

    @Test func takesASingleHyphenForAWord() throws {
        #expect(try parseSample(["-"]).words == ["-"])
    }

    @Test func takesEmptyAndOddValues() throws {
        #expect(try parseSample(["--name="]).name == "")
        #expect(try parseSample(["--name", ""]).name == "")
        #expect(try parseSample(["--name=a=b"]).name == "a=b")
        #expect(try parseSample(["-n", "-x"]).name == "-x")
        #expect(try parseSample(["-n=x"]).name == "=x")
    }

    @Test func takesRepeatedWords() throws {
        let spec = sampleSpec(operandIsRepeated: true)
        #expect(try Parser(spec).parse(["a", "-q", "b", "c"]).words == ["a", "b", "c"])
    }

    @Test(arguments: [["-h"], ["-?"], ["--help"], ["-qh"], ["-c5", "--help", "nonsense", "more"]])
    func helpComesFirst(arguments: [String]) {
        #expect(throws: ArgumentError.helpRequested(command: "sample")) { try parseSample(arguments) }
    }

    @Test(arguments: [
        (["--colour"], "--colour", []),
        (["--quite"], "--quite", ["--quiet"]),
        (["--verbos"], "--verbos", ["--verbose"]),
        (["--coun", "5"], "--coun", ["--count", "--counter"]),
        (["--coun=5"], "--coun", ["--count", "--counter"]),
        (["-x"], "-x", []),
        (["-qx"], "-x", []),
        (["--name2=x"], "--name2", ["--name"]),
        (["-verbose"], "-e", ["--verbose"]),
        (["-count"], nil, []),
        (["---quiet"], "---quiet", ["--quiet"]),
        (["--="], "--", []),
    ])
    func namesWhatAnUnknownOptionMayHaveMeant(
        arguments: [String], option: String?, candidates: [String]
    ) {
        guard let option else {
            // A known letter whose value is the rest of the word.
            #expect(
                throws: ArgumentError.invalidValue(
                    "ount", of: "-c", expected: "a number of frames from 1, like 10")
            ) { try parseSample(arguments) }
            return
        }
        #expect(throws: ArgumentError.unknownOption(option, candidates: candidates)) {
            try parseSample(arguments)
        }
    }

    @Test(arguments: [["-c"], ["--count"], ["-qc"]])
    func missesAValueAtTheEnd(arguments: [String]) {
        let option = arguments[0] == "--count" ? "--count" : "-c"
        #expect(throws: ArgumentError.missingValue(option: option, placeholder: "N")) {
            try parseSample(arguments)
        }
    }

    @Test(arguments: [["-c", "-q"], ["-c", "--quiet"], ["-c", "--"], ["-c", "--name=x"]])
    func doesNotTakeAnOptionForAValue(arguments: [String]) {
        #expect(throws: ArgumentError.missingValue(option: "-c", placeholder: "N")) {
            try parseSample(arguments)
        }
    }

    @Test func refusesAValueForAFlag() {
        for option in ["--quiet", "--help"] {
            #expect(throws: ArgumentError.unexpectedValue(option: option)) {
                try parseSample(["\(option)=yes"])
            }
        }
    }

    @Test func refusesAWordTooMany() {
        #expect(throws: ArgumentError.unexpectedOperand("b")) { try parseSample(["a", "b"]) }
    }

    @Test func missesWhatIsRequired() {
        let spec = sampleSpec(operandIsRequired: true, nameIsRequired: true)
        #expect {
            _ = try Parser(spec).parse(["word"])
        } throws: { error in
            guard case .missingOption(let option) = error as? ArgumentError else { return false }
            return option.long == "name"
        }
        #expect(throws: ArgumentError.missingOperand("WORD", help: "A word.")) {
            _ = try Parser(spec).parse(["-nx"])
        }
    }

    @Test func anOptionMayTakeThePlaceOfWhatIsRequired() throws {
        var spec = sampleSpec(operandIsRequired: true, nameIsRequired: true)
        spec.exemption = Exemption(option: "quiet")
        _ = try Parser(spec).parse(["--quiet"])
        spec.exemption?.keeping = ["name"]
        #expect {
            _ = try Parser(spec).parse(["--quiet"])
        } throws: { error in
            guard case .missingOption(let option) = error as? ArgumentError else { return false }
            return option.long == "name"
        }
        _ = try Parser(spec).parse(["--quiet", "-nx"])
    }

    @Test func aWordMayStandForAnOption() throws {
        var spec = sampleSpec(nameIsRequired: true)
        spec.wordsStandFor = ["count", "name"]
        #expect(try Parser(spec).parse(["a", "b"]) == SampleValues(name: "b", words: ["a"]))
        #expect(try Parser(spec).parse(["a", "b", "5"]) == SampleValues(name: "b", count: 5, words: ["a"]))
        #expect(try Parser(spec).parse(["a", "5", "-nb"]) == SampleValues(name: "b", count: 5, words: ["a"]))
        #expect(throws: ArgumentError.unexpectedOperand("c")) {
            try Parser(spec).parse(["a", "-nb", "-c5", "c"])
        }
        #expect(throws: ArgumentError.unexpectedOperand("b")) { try Parser(spec).parse(["a", "b", "-nc"]) }
    }

    @Test func anOperandMayBeGivenByAnOption() throws {
        var spec = sampleSpec(operandIsRequired: true)
        spec.operandOption = ("word", "w")
        for arguments in [["-w", "a"], ["-wa"], ["-qwa"], ["--word", "a"], ["--word=a"]] {
            #expect(try Parser(spec).parse(arguments).words == ["a"])
        }
        #expect(throws: ArgumentError.missingValue(option: "-w", placeholder: "WORD")) {
            try Parser(spec).parse(["-w"])
        }
        #expect(throws: ArgumentError.missingValue(option: "-c", placeholder: "N")) {
            try Parser(spec).parse(["-c", "-w"])
        }
        #expect(throws: ArgumentError.unexpectedOperand("b")) { try Parser(spec).parse(["a", "-w", "b"]) }
    }

    @Test func aValueMayBeAnOption() throws {
        var spec = sampleSpec()
        spec.options[0].shorthands = ["red"]
        #expect(try Parser(spec).parse(["--red"]).name == "red")
        #expect(throws: ArgumentError.unexpectedValue(option: "--red")) {
            try Parser(spec).parse(["--red=1"])
        }
        #expect(throws: ArgumentError.missingValue(option: "-c", placeholder: "N")) {
            try Parser(spec).parse(["-c", "--red"])
        }
    }

    @Test func someOptionsExcludeEachOther() {
        var spec = sampleSpec()
        spec.exclusions = [("quiet", "name")]
        for arguments in [["-q", "-nx"], ["--name=x", "-vq"]] {
            #expect(throws: ArgumentError.excluded("--quiet", "--name")) { try Parser(spec).parse(arguments) }
        }
        #expect(throws: Never.self) { try Parser(spec).parse(["-q", "-q"]) }
    }

    @Test func readsTokens() {
        #expect(Token("--a=b=c") == .long(name: "a", value: "b=c"))
        #expect(Token("--a=") == .long(name: "a", value: ""))
        #expect(Token("-ab") == .short(letters: "ab"))
        #expect(Token("-") == .word("-"))
        #expect(Token("") == .word(""))
        #expect(Token("--") == .end)
    }

    @Test func survivesRandomWords() {
        let pieces = ["-", "--", "=", "c", "q", "count", "name", "5", "é", "\0", "", " ", "--help", "-c"]
        var outcomes: Set<Bool> = []
        for _ in 0..<5_000 {
            let arguments = (0..<Int.random(in: 0...4)).map { _ in
                (0..<Int.random(in: 0...4)).map { _ in pieces.randomElement() ?? "" }.joined()
            }
            outcomes.insert((try? parseSample(arguments)) != nil)
        }
        #expect(outcomes == [true, false])
    }
}
