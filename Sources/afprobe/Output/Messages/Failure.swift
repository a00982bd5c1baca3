/// Why a run could not be made, in the parts that its one line on standard error has.
struct Failure: Error {
    let status: ExitStatus
    /// The operation that failed, and its object.
    let message: String
    /// The reason.
    var reason: String?
    /// The way out.
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

extension Message {
    /// The line about a failure.
    init(_ failure: Failure, as level: Level = .error) {
        self.init(
            level, failure.message, failure.reason.map { [Field("error", $0)] } ?? [], hint: failure.hint)
    }
}
