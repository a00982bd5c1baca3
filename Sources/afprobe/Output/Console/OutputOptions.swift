import AFPacketKit

enum ColorMode: String, CaseIterable {
    case auto
    case always
    case never
}

/// The form of the output as given; defaults depend on where it goes.
struct OutputOptions: Equatable {
    /// nil for text on a terminal, logfmt elsewhere.
    var format: LineFormat?
    var color = ColorMode.auto
    var isQuiet = false
    var isVerbose = false
}

extension ColorMode {
    /// Returns whether to colour: by the user's choice, else by the environment. no-color.org, bixense.com/clicolors
    func isOn(isTerminal: Bool) -> Bool {
        func isSet(_ name: String) -> Bool {
            guard let value = ThisProcess.environment(name) else { return false }
            return !value.isEmpty && (name == "NO_COLOR" || value != "0")
        }
        switch self {
        case .always: return true
        case .never: return false
        case .auto:
            if isSet("NO_COLOR") || ThisProcess.environment("TERM") == "dumb" { return false }
            return isSet("CLICOLOR_FORCE") || isTerminal
        }
    }
}
