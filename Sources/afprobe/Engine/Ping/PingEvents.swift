import AFPacketKit

protocol PingEvents: RunEvents {
    /// A request was answered, and its follow-up has come or has timed out.
    func answered(_ reply: borrowing PingReply)
    /// A reply came after the timeout.
    func late(_ reply: borrowing PingReply)
    /// A further reply came to a request already answered.
    func duplicate(_ reply: borrowing PingReply)
    /// A request was not answered within the timeout.
    ///
    /// - Parameter sent: the time of its send call.
    func lost(_ number: UInt64, peer: Peer, sent: Timestamp?)
    /// An interval has ended.
    func intervalEnded(_ interval: borrowing PingInterval)
    /// The user asked for the status.
    func pingStatus(_ result: borrowing PingResult)

    /// The next time at which the sink wants the progress; never if it does not.
    var progressDue: MonotonicTime { get }
    /// The progress so far.
    func progressed(_ result: borrowing PingResult, at now: MonotonicTime)
}

struct PingReply {
    let number: UInt64
    let peer: Peer
    let exchange: Exchange
    let values: FigureValues
    let roundTripClock: StampClock?
    let turnaroundClock: StampClock?
}
