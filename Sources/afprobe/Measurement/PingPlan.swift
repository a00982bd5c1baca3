import AFPacketKit

/// What a run of `ping` is to do.
struct PingPlan {
    let transmit: TransmitPlan
    /// Takes the replies.
    let filter: SocketFilter
    /// The NIC's filters by which replies get hardware stamps.
    let stampFilters: [ReceiveFilter]
    /// Whether the stages are shown.
    let showsStages: Bool
    /// Whether the two hosts' clocks are synchronised.
    let isSynchronised: Bool
    /// Whether a request waits as long after a reply as the round trip took.
    let isAdaptive: Bool
    /// Whether to look for replies without sleeping.
    let spins: Bool

    /// Whether the next request waits for the reply to the last.
    var isOneAtATime: Bool { transmit.interval == 0 || isAdaptive }
}
