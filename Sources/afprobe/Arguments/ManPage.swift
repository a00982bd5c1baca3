// The sections of the manual pages that follow from the declarations, in mdoc(7). `make man` puts them into the pages
// in man/, replacing the sections of the same names; the rest of a page is written by hand.

/// The page of a command, or the overview, by its name without the section: `afprobe-send`.
enum ManPage {
    static func names(_ commands: [CommandDescription]) -> [String] {
        ["afprobe"] + commands.map { "afprobe-\($0.name)" }
    }

    /// The generated sections of a page; nil if there is no such page.
    static func sections(of name: String, _ commands: [CommandDescription]) -> String? {
        if name == "afprobe" { return overview(commands) }
        return commands.first { "afprobe-\($0.name)" == name }.map(page)
    }

    private static func overview(_ commands: [CommandDescription]) -> String {
        var text = ManualText()
        text.macro("Sh", "SYNOPSIS")
        for command in commands {
            text.macro("Nm", "afprobe")
            text.macro("Cm", command.name)
            for option in command.options where option.isRequired { text.macro(option.shortestForm) }
            text.macro("Op", "Ar", "OPTION ...")
            text.operands(command.operands)
        }
        text.macro("Nm", "afprobe")
        text.macro("Cm", "help", "Op", "Ar", "COMMAND")
        text.macro("Sh", "COMMANDS")
        text.macro("Bl", "-tag", "-width", "Ds")
        for command in commands {
            text.macro("It", "Xr", "afprobe-\(command.name)", "1")
            text.prose(command.summary + ".")
        }
        text.macro("El")
        return text.text
    }

    private static func page(_ command: CommandDescription) -> String {
        var text = ManualText()
        text.macro("Sh", "NAME")
        text.macro("Nm", "afprobe-\(command.name)")
        text.macro("Nd", command.summary.prefix(1).lowercased() + command.summary.dropFirst())
        text.macro("Sh", "SYNOPSIS")
        text.macro("Nm", "afprobe", "Cm", command.name)
        text.synopsis(command.options.filter { !command.isExempting($0) })
        text.operands(command.operands)
        if command.exemption != nil {
            text.macro("Nm", "afprobe", "Cm", command.name)
            for option in command.exemptingOptions { text.macro(option.shortestForm) }
            text.macro("Op", "Ar", "OPTION ...")
        }
        text.macro("Sh", "OPTIONS")
        if !command.operands.isEmpty {
            text.macro("Bl", "-tag", "-width", "Ds")
            for operand in command.operands { text.item(["Ar", operand.placeholder], operand.help) }
            text.macro("El")
        }
        for section in OptionDescription.Section.allCases {
            let options = command.options.filter { $0.section == section }
            guard !options.isEmpty else { continue }
            text.macro("Ss", section.rawValue)
            text.macro("Bl", "-tag", "-width", "Ds")
            for option in options { text.item(option.allForms, option.help) }
            text.macro("El")
        }
        return text.text
    }
}

extension OptionDescription {
    /// `-i IF`, or `--group MAC` if there is no letter.
    fileprivate var shortestForm: [String] {
        ["Fl", short.map(String.init) ?? "-\(long)"] + value
    }

    /// `-i, --interface IF`.
    fileprivate var allForms: [String] {
        (short.map { ["Fl", String($0), ","] } ?? []) + ["Fl", "-\(long)"] + value
    }

    fileprivate var isFlag: Bool { arity == .flag }

    private var value: [String] {
        switch arity {
        case .flag: []
        case .value(let placeholder): ["Ar", placeholder]
        case .optionalValue(let placeholder): ["Ns", "Oo", "=", "Ns", "Ar", placeholder, "Oc"]
        }
    }
}

/// A builder of mdoc(7) source.
private struct ManualText {
    private(set) var text = ""

    mutating func macro(_ words: String...) { macro(words) }

    mutating func macro(_ words: [String]) {
        text += "." + words.map(escaped).joined(separator: " ") + "\n"
    }

    /// Appends required options, then optional ones; flags of one letter are combined into one word.
    mutating func synopsis(_ options: [OptionDescription]) {
        for option in options where option.isRequired { macro(option.shortestForm) }
        let options = options.filter { $0 != helpOption }
        let letters = options.filter(\.isFlag).compactMap(\.short)
        if !letters.isEmpty { macro("Op", "Fl", String(letters)) }
        for option in options where !option.isRequired && !(option.isFlag && option.short != nil) {
            macro(["Op"] + option.shortestForm)
        }
    }

    mutating func operands(_ operands: [CommandDescription.Operand]) {
        for operand in operands {
            let word = ["Ar", operand.isRepeated ? "\(operand.placeholder) ..." : operand.placeholder]
            macro(operand.isRequired ? word : ["Op"] + word)
        }
    }

    mutating func item(_ label: [String], _ explanation: String) {
        macro(["It"] + label)
        prose(explanation)
    }

    /// Appends sentences, each on its own lines, and marks up the options and pages that they name.
    mutating func prose(_ sentences: String) {
        var line = ""
        func flush(_ text: inout String) {
            if !line.isEmpty { text += line + "\n" }
            line = ""
        }
        for word in sentences.split(separator: " ").map(String.init) {
            if let marked = markedUp(word) {
                flush(&text)
                macro(marked)
            } else {
                if line.count + 1 + word.count > 80 { flush(&text) }
                line += line.isEmpty ? escapedAtStart(word) : " " + escaped(word)
            }
            if word.hasSuffix(".") { flush(&text) }
        }
        flush(&text)
    }

    /// The macro and its arguments for a word that is an option (`--udp:`) or a page (`pcap-filter(7)`); punctuation
    /// is separated, as mdoc requires.
    private func markedUp(_ word: String) -> [String]? {
        let opening = word.prefix { $0 == "(" }
        let body = word.dropFirst(opening.count)
        let closing = String(body.reversed().prefix { ".,:;".contains($0) }.reversed())
        var core = String(body.dropLast(closing.count))
        var marks = closing.map(String.init)
        if core.hasPrefix("-"), core.count > 1 {
            if core.hasSuffix(")") {
                core.removeLast()
                marks.insert(")", at: 0)
            }
            return ["Fl"] + opening.map(String.init) + [String(core.dropFirst())] + marks
        }
        guard opening.isEmpty, core.hasSuffix(")"), let parenthesis = core.firstIndex(of: "(") else {
            return nil
        }
        let section = core[core.index(after: parenthesis)...].dropLast()
        guard section.count == 1, section.first?.isNumber ?? false else { return nil }
        return ["Xr", String(core[..<parenthesis]), String(section)] + marks
    }

    private func escaped(_ text: String) -> String {
        text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\e")
    }

    /// Escaped text for the beginning of a line, where a macro could stand.
    private func escapedAtStart(_ text: String) -> String {
        (text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : "") + escaped(text)
    }
}
