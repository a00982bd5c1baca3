import AFPacketKit

/// The events of a run that pings.
protocol PingEvents: RunEvents {
    /// A request was answered, and its follow-up has come or is overdue.
    func answered(_ reply: borrowing PingReply)
    /// A reply came after the time-out.
    func late(_ reply: borrowing PingReply)
    /// A further reply came to a request already answered.
    func duplicate(_ reply: borrowing PingReply)
    /// A request was not answered within the time-out.
    func lost(_ number: UInt64, peer: MACAddress)
    /// The user asked how it goes.
    func pingStatus(_ result: borrowing PingResult)

    /// When the sink wants to be told the progress next; never if it does not.
    var progressDue: MonotonicTime { get }
    /// How it goes so far.
    func progressed(_ result: borrowing PingResult, at now: MonotonicTime)
}

/// A reply to a request.
struct PingReply {
    let number: UInt64
    let peer: MACAddress
    let exchange: Exchange
    let values: FigureValues
    let roundTripClock: StampClock?
    let turnaroundClock: StampClock?
}
