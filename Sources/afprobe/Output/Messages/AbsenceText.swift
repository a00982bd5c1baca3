extension Absence {
    /// The reason in words, for lines about limits.
    var text: String {
        switch self {
        case .nothingSent: "no request was sent"
        case .noReply: "no reply came within the timeout"
        case .unknownRequests: "of some requests it is not known whether they were answered"
        case .onlyWithStages: "only --breakdown measures it"
        case .onlyWithSynchronisedClocks: "only --synchronised measures it"
        case .notTold(let name): "the answers of \(name) do not tell it"
        case .noFollowUp: "no follow-up came in time"
        case .implausible: "the responder's stamps are implausible"
        case .clockStepped: "a clock was set during each exchange"
        case .notStamped: "no reply has the stamps that it takes"
        }
    }
}
