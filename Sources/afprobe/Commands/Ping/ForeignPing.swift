import AFPacketKit

// Pings that other hosts' programs answer.

extension PingOptions {
    func runForeign(_ name: PingProtocolName, _ console: Console) throws(Failure) -> ExitStatus {
        switch name.carrier {
        case .internet: return try pingByInternet(name, console)
        case .ethernet: return try pingByEthernet(name, console)
        }
    }

    /// Tells whether NTP's interleaved mode is of use: not for stop-and-wait, where the next request would wait for itself.
    var isInterleaved: Bool { traffic.interval > 0 && !isAdaptive && traffic.count != 1 }

    func plan(
        _ name: PingProtocolName, peer: Peer, _ shape: FrameShape, size: Int, filter: SocketFilter,
        groups: [MACAddress] = [], hasStages: Bool, way: WayMonitor? = nil
    ) -> PingPlan {
        // In NTP's interleaved mode, the next answer is the follow-up.
        let isLong = name == .ntp && isInterleaved
        let (sum, overflow) = traffic.timeout.addingReportingOverflow(isLong ? traffic.interval : 0)
        let followUpTimeout = overflow ? .max : sum
        let transmit = TransmitPlan(
            shape: shape, size: size, options: traffic.transmitOptions(hasStages ? .scheduled : .sent),
            interval: isAdaptive ? 0 : traffic.interval, count: traffic.count, warmup: traffic.warmup,
            deadline: traffic.deadline, timeout: traffic.timeout, followUpTimeout: followUpTimeout,
            isDatagram: name.carrier == .internet, statisticsInterval: traffic.statisticsInterval)
        return PingPlan(
            transmit: transmit, receive: ReceiveOptions(filter: filter, groups: groups),
            stampFilters: name.stampFilters(isOverIP: shape.isOverIP), hasStages: hasStages,
            isSynchronised: false,
            isAdaptive: isAdaptive, spins: traffic.spins,
            protocolName: name, host: peer, way: way)
    }

    /// Follows the way that was found.
    func wayMonitor(to way: InternetWay, isFollowed: Bool) -> WayMonitor? {
        let (address, source) = (way.address, traffic.sourceAddress)
        let isGiven = !traffic.interface.isEmpty || address.isLinkLocal
        let interface = isGiven ? way.interface : nil
        return WayMonitor(to: .host(address), isFollowed: isFollowed) {
            Way(to: address, by: interface, from: source)
        }
    }

    typealias ForeignRun = PingRun<TimestampedSocket, ForeignAnswers, Console>

    /// Measures, and judges the result.
    func conclude(
        _ name: PingProtocolName, peer: Peer, nextHop: IPAddress? = nil, on interface: NetworkInterface,
        guarding ports: [UInt16] = [], _ console: Console,
        _ open: (_ hasStages: Bool, _ snapshot: TimestampingSnapshot) throws(RunError) -> ForeignRun
    ) throws(Failure) -> ExitStatus {
        var options = self
        // No word about a loopback or a tunnel, of which nobody expects hardware stamps.
        if !interface.isEthernet, traffic.hardware == .auto { options.traffic.hardware = .off }
        let (result, answers) = try options.measure(
            peer, on: interface, name.stampFilters(isOverIP: !ports.isEmpty), guarding: ports, console, open)
        if let kiss = answers.form.kiss { throw .kissOfDeath(kiss, from: peer) }
        return try judge(result, on: interface, console) {
            .noAnswer(
                from: peer,
                silence(name, to: peer, on: interface, result, nextHop: nextHop, answers.form.mismatch))
        }
    }
}
