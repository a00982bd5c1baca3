import AFPacketKit

@testable import afprobe

/// A command with one option of each kind.
struct SampleValues: CommandOptions, Equatable {
    var name = ""
    var count: UInt64 = 0
    var level: UInt64?
    var isQuiet = false
    var isVerbose = false
    var words: [String] = []
    var output = OutputOptions()

    func run(_ console: Console) throws(Failure) -> ExitStatus { .measured }
}

func sampleSpec(
    operandIsRequired: Bool = false, operandIsRepeated: Bool = false, nameIsRequired: Bool = false
) -> CommandSpec<SampleValues> {
    CommandSpec(
        name: "sample", summary: "A sample", discussion: "Does nothing.", initial: SampleValues(),
        options: [
            .value(
                "name", "n", "NAME", in: .target, isRequired: nameIsRequired,
                completion: .values(["red", "green"]), help: "The name.", as: parseText
            ) { $0.name = $1 },
            .value("count", "c", "N", in: .pace, help: "How many.", as: parseCount) { $0.count = $1 },
            .value("counter", nil, "N", in: .pace, help: "Another.", as: parseCount) { $0.count = $1 },
            .optionalValue("level", "N", in: .pace, fallback: 1, help: "How much.", as: parseCount) {
                $0.level = $1
            },
            .flag("quiet", "q", in: .output, help: "Less.") { $0.isQuiet = true },
            .flag("verbose", "v", in: .output, help: "More.") { $0.isVerbose = true },
        ],
        operands: [
            OperandSpec(
                "WORD", isRequired: operandIsRequired, isRepeated: operandIsRepeated, help: "A word.",
                as: parseText
            ) { $0.words.append($1) }
        ])
}

func parseSample(_ arguments: [String]) throws(ArgumentError) -> SampleValues {
    try Parser(sampleSpec()).parse(arguments)
}
