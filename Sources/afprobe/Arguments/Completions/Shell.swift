enum Shell: String, CaseIterable {
    case bash
    case zsh
    case fish

    /// A script that completes commands, options and values.
    func completionScript(for commands: [CommandDescription]) -> String {
        switch self {
        case .bash: bashScript(commands)
        case .zsh: zshScript(commands)
        case .fish: fishScript(commands)
        }
    }
}

/// The first words that are no command.
let globalWords = ["help", "--help", "--version", "--generate-completion-script"]

/// The names that limits of `--fail-if` begin with: those of figures, which a statistic follows, and the others.
enum LimitNames {
    static let figures = Figure.allCases.map(\.name).joined(separator: " ")
    static let statistics = Statistic.allCases.map(\.rawValue).joined(separator: " ")
    static let others = (["loss"] + Counter.allCases.map(\.name)).joined(separator: " ")
}
