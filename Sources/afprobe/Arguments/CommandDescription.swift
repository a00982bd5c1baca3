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

    /// The help's beginning, as far as it fits into a line beside the option.
    var summary: String { firstClause(of: help, atMost: 60) }
}

/// The first sentence without its full stop; if it is too long, what stands before its colon, or else as many of its
/// clauses or words as fit.
private func firstClause(of text: String, atMost width: Int) -> String {
    let lastFullStop = text.last == "." ? text.index(before: text.endIndex) : text.endIndex
    let firstFullStop = text.indices.first { text[$0...].hasPrefix(". ") }
    let sentence = text[..<(firstFullStop ?? lastFullStop)]
    guard sentence.count > width else { return String(sentence) }
    let beginning = sentence.prefix(width)
    var depth = 0
    var clauses: [Substring.Index] = []
    for index in beginning.indices {
        if depth == 0, [": ", "; ", ", ", " ("].contains(where: { beginning[index...].hasPrefix($0) }) {
            clauses.append(index)
        }
        depth += beginning[index] == "(" ? 1 : beginning[index] == ")" ? -1 : 0
    }
    // Behind "With --udp:" comes what matters.
    let isCondition = sentence.hasPrefix("With -")
    if isCondition, let colon = clauses.first, sentence[colon] == ":" { clauses.removeFirst() }
    if let end = clauses.first(where: { sentence[$0] == ":" }) ?? clauses.last {
        return String(sentence[..<end])
    }
    let words = beginning.dropLast().lastIndex(of: " ").map { beginning[..<$0] } ?? beginning.dropLast()
    return words + "…"
}

/// The kind of completion that a shell offers for a value.
enum Completion: Equatable {
    case nothing
    case interfaces
    case ethernetInterfaces
    /// MAC addresses of hosts on the link.
    case neighbours
    case cpus
    /// Limits of `--fail-if`.
    case limits
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
