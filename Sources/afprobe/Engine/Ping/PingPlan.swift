import AFPacketKit

/// The plan of a run of `ping`.
struct PingPlan {
    let transmit: TransmitPlan
    let receive: ReceiveOptions
    /// The NIC filters that have replies stamped.
    let stampFilters: [ReceiveFilter]
    let hasStages: Bool
    /// Tells whether the two hosts' clocks are synchronised.
    let isSynchronised: Bool
    /// Tells whether a request waits as long after a reply as the round trip took.
    let isAdaptive: Bool
    let spins: Bool
    var protocolName = PingProtocolName.afprobe
    /// The host that was named by its IP address; nil for the destination of the frames.
    var host: Peer?
    /// The way to it.
    var way: WayMonitor?

    var peer: Peer { host ?? .station(transmit.shape.destination) }

    /// The filter for the replies to one run, if their session has a fixed offset: else several runs on one interface
    /// would wake each other with every frame. Other versions pass, because their session may be elsewhere.
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

    /// Tells whether the next request waits for the reply to the last.
    var isStopAndWait: Bool { transmit.interval == 0 || isAdaptive || protocolName.isOneAtATime }

    /// Nanoseconds to wait after a lost request: where replies name none, one that comes after the next request would be
    /// taken for its reply.
    var pauseAfterLoss: Int64 { protocolName.isOneAtATime ? max(transmit.timeout, 1_000_000_000) : 0 }

    /// The request of a run; its number is 0.
    func request(_ session: UInt64) -> ProbeMessage {
        var flags: ProbeMessage.Flags = [.wantsFollowUp]
        if hasStages { flags.insert(.wantsScheduledStamp) }
        return ProbeMessage(
            number: 0, kind: .request, flags: flags, session: session,
            timeout: UInt32(clamping: max(1, transmit.timeout / 1_000)))
    }
}
