import AFPacketKit

/// Why a run could not be made, in the parts that its one line on standard error has.
struct Failure: Error {
    let status: ExitStatus
    /// What could not be done, to what.
    let message: String
    /// Why.
    var reason: String?
    /// What the user can do.
    var hint: String?

    /// A wrong command line.
    static func usage(_ message: String, hint: String? = nil) -> Failure {
        Failure(status: .usage, message: message, hint: hint)
    }

    /// A refusal of the system.
    static func refused(_ message: String, reason: String? = nil, hint: String? = nil) -> Failure {
        Failure(status: .refused, message: message, reason: reason, hint: hint)
    }
}

extension Console {
    /// Writes the line about a failure.
    mutating func report(_ failure: Failure, as level: Level = .error) {
        report(level, failure.message) { line in
            if let reason = failure.reason { line.string("error", reason) }
            if let hint = failure.hint { line.string("hint", hint) }
        }
    }
}
