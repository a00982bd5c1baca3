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

    /// Whether frames are captured.
    let captures: Bool

    /// Whether it matters what the kernel says of a reply beside its stamps: the tag to those who capture it, and of a
    /// datagram whether its checksum can be judged.
    var needsStatus: Bool {
        if case .ethernet = transmit.shape.carrier { captures } else { true }
    }

    /// Takes the replies to one run alone, where it is known where they say whose they are: several runs on one interface
    /// would else wake each other with every frame. A responder of another version may say it elsewhere.
    func filter(for session: UInt64) -> SocketFilter {
        guard case .ethernet = transmit.shape.carrier else { return filter }
        // The kernel takes the tag out.
        var untagged = transmit.shape
        untagged.vlan = nil
        let start = untagged.headerLength
        let own = SocketFilter.frames(
            with: (0..<8).map { UInt8(truncatingIfNeeded: session >> (8 * $0)) },
            at: start + ProbeMessage.sessionOffset)
        return filter.and(
            .frames(without: ProbeMessage.version, at: start + ProbeMessage.versionOffset).or(own))
    }

    /// Whether the next request waits for the reply to the last.
    var isOneAtATime: Bool { transmit.interval == 0 || isAdaptive }
}
