/// The failure of a run, in the parts of its line on standard error.
struct Failure: Error {
    let status: ExitStatus
    /// The operation that failed, and its object.
    let message: String
    var reason: String?
    /// The remedy.
    var hint: String?

    static func usage(_ message: String, hint: String? = nil) -> Failure {
        Failure(status: .usage, message: message, hint: hint)
    }

    static func refused(_ message: String, reason: String? = nil, hint: String? = nil) -> Failure {
        Failure(status: .refused, message: message, reason: reason, hint: hint)
    }
}

extension Message {
    init(_ failure: Failure, as level: Level = .error) {
        self.init(
            level, failure.message, failure.reason.map { [Field("error", $0)] } ?? [], hint: failure.hint)
    }
}
