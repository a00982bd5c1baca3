/// The reason why a run has no value of a figure or a counter.
enum Absence: Equatable {
    case nothingSent
    /// No request was answered within the timeout.
    case noReply
    /// Of some requests it is not known whether they were answered.
    case unknownRequests
    /// Only a run that measures the stages, or that takes the clocks for synchronised, has it.
    case onlyWithStages
    case onlyWithSynchronisedClocks
    /// The protocol's answers do not tell it.
    case notTold(protocolName: String)
    case noFollowUp
    /// The responder's stamps cannot be true.
    case implausible
    /// A clock was set during each exchange.
    case clockStepped
    /// No reply has the stamps that it takes.
    case notStamped
}
