import AFPacketKit

/// What a run of `ping` is to do.
struct PingPlan {
    let transmit: TransmitPlan
    /// How to receive the replies.
    let receive: ReceiveOptions
    /// The NIC's filters by which replies get hardware stamps.
    let stampFilters: [ReceiveFilter]
    /// Whether the stages are wanted.
    let hasStages: Bool
    /// Whether the two hosts' clocks are synchronised.
    let isSynchronised: Bool
    /// Whether a request waits as long after a reply as the round trip took.
    let isAdaptive: Bool
    /// Whether to poll for replies without sleeping.
    let spins: Bool

    /// Receives the replies to one run alone, if their session has a fixed place: several runs on one interface would else
    /// wake each other with every frame. A responder of another version may have it elsewhere.
    func filter(for session: UInt64) -> SocketFilter {
        guard case .ethernet = transmit.shape.carrier else { return receive.filter }
        // The kernel takes the tag out.
        var untagged = transmit.shape
        untagged.vlan = nil
        let start = untagged.headerLength
        let own = SocketFilter.frames(
            with: (0..<8).map { UInt8(truncatingIfNeeded: session >> (8 * $0)) },
            at: start + ProbeMessage.sessionOffset)
        return receive.filter.and(
            .frames(without: ProbeMessage.version, at: start + ProbeMessage.versionOffset).or(own))
    }

    /// Whether the next request waits for the reply to the last.
    var isStopAndWait: Bool { transmit.interval == 0 || isAdaptive }

    /// The requests of a run, whose number is still 0.
    func request(_ session: UInt64) -> ProbeMessage {
        var flags: ProbeMessage.Flags = [.wantsFollowUp]
        if hasStages { flags.insert(.wantsScheduledStamp) }
        return ProbeMessage(number: 0, kind: .request, flags: flags, session: session)
    }
}
