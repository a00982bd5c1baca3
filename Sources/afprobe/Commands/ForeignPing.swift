import AFPacketKit

// Pings that other hosts' programs answer.

extension PingOptions {
    func runForeign(_ name: PingProtocolName, _ console: Console) throws(Failure) -> ExitStatus {
        try checkHonoured(by: name)
        switch name.carrier {
        case .internet: return try pingByInternet(name, console)
        case .ethernet: return try pingByEthernet(name, console)
        }
    }

    /// Whether NTP's interleaved mode is of use: not stop-and-wait, where the next request would wait for itself.
    private var isInterleaved: Bool { traffic.interval > 0 && !isAdaptive && traffic.count != 1 }

    private func plan(
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
            isDatagram: name.carrier == .internet)
        return PingPlan(
            transmit: transmit, receive: ReceiveOptions(filter: filter, groups: groups),
            stampFilters: name.stampFilters(isOverIP: shape.isOverIP), hasStages: hasStages,
            isSynchronised: false,
            isAdaptive: isAdaptive, spins: traffic.spins,
            protocolName: name, host: peer, way: way)
    }

    /// Follows the way that was found.
    private func wayMonitor(to way: InternetWay, isFollowed: Bool) -> WayMonitor? {
        let (address, source) = (way.address, traffic.sourceAddress)
        let isGiven = !traffic.interface.isEmpty || address.isLinkLocal
        let interface = isGiven ? way.interface : nil
        return WayMonitor(to: .host(address), isFollowed: isFollowed) {
            Way(to: address, by: interface, from: source)
        }
    }

    // MARK: Over IP

    private func pingByInternet(_ name: PingProtocolName, _ console: Console) throws(Failure) -> ExitStatus {
        guard let target else { throw .missingTarget }
        let way = try target.way(
            by: traffic.interface.isEmpty ? nil : traffic.interface, from: traffic.sourceAddress,
            wantsVersion4: wantsVersion4, console)
        var options = self
        if name == .ntp { try options.restrain(to: way.address) }
        return try options.pingByInternet(name, way, console)
    }

    private func pingByInternet(
        _ name: PingProtocolName, _ way: InternetWay, _ console: Console
    ) throws(Failure) -> ExitStatus {
        let isV4 = way.address.isVersion4
        let headers = 14 + (isV4 ? 20 : 40)
        let shortest = max(FrameShape.smallestFrame, headers + EchoMessage.length)
        let size = traffic.size ?? shortest
        guard size >= shortest else {
            throw .usage("Size \(size) is too small for these frames", hint: "the smallest is \(shortest)")
        }
        let shape = FrameShape(
            destination: .zero, source: way.interface.address, carrier: .ethernet(isV4 ? .ipv4 : .ipv6))
        let interface = way.interface
        return try conclude(name, peer: .host(way.address), on: interface, console) {
            (hasStages, snapshot) throws(RunError) in
            let plan = plan(
                name, peer: .host(way.address), shape, size: size, filter: .rejectAll, hasStages: hasStages,
                way: wayMonitor(to: way, isFollowed: !snapshot.stampsTransmitHardware))
            var flags: TimestampingFlags = [
                .transmitSoftware, .receiveSoftware, .receiveHardware, .software, .rawHardware, .identifier,
                .transmitBoth,
            ]
            if snapshot.stampsTransmitHardware { flags.insert(.transmitHardware) }
            if hasStages { flags.insert(.transmitScheduled) }
            var socketOptions = internet
            socketOptions.timestamping = flags
            socketOptions.source = traffic.sourceAddress
            socketOptions.priority = traffic.priority
            // The stamps of two NICs are on two clocks.
            let isBound =
                snapshot.stampsTransmitHardware || !traffic.interface.isEmpty || way.address.isLinkLocal
            socketOptions.interface = isBound && way.route.kind != .local ? interface : nil
            socketOptions.zone = way.zone
            do throws(SystemError) {
                let socket: TimestampedSocket
                let (frame, form): (ProbeFrame, any PingProtocol)
                if name == .ntp {
                    socket = try DatagramSocket.udp(
                        to: way.address, port: traffic.destinationPort ?? NTPMessage.port, socketOptions)
                    let ntp = NTPProtocol(
                        session: .random(in: 1 ... .max), isInterleaved: isInterleaved,
                        last: plan.transmit.totalCount)
                    (frame, form) = (ntp.frame(), ntp)
                } else {
                    socket = try DatagramSocket.echo(to: way.address, socketOptions)
                    let echo = EchoProtocol(
                        session: .random(in: 1 ... .max), isVersion4: isV4,
                        receivesIPHeader: socket.receivesIPHeader)
                    (frame, form) = (echo.frame(length: size - headers), echo)
                }
                let receiver = Receiver(try socket.duplicate(), mtu: interface.mtu)
                return PingRun(
                    socket, receiver, frame, ForeignAnswers(form: form), plan, snapshot,
                    .kernel(interface, clockIndex: snapshot.capabilities?.clockIndex), console)
            } catch {
                throw RunError(.ping, error, on: interface)
            }
        }
    }

    /// Spares public servers: at least 8 s between two requests, and 60 at most.
    private mutating func restrain(to address: IPAddress) throws(Failure) {
        guard !address.isPrivate else { return }
        let (shortest, most): (Int64, UInt64) = (8_000_000_000, 60)
        if let given = traffic.givenInterval, given < shortest || isAdaptive {
            throw .usage(
                "The interval is too short for the public NTP server \(address)",
                hint: "8s is the shortest; servers in private networks are not restricted")
        }
        let (total, overflow) = (traffic.count ?? 1).addingReportingOverflow(traffic.warmup)
        guard !overflow, total <= most else {
            throw .usage(
                "Too many requests for the public NTP server \(address)",
                hint: "60 is the maximum")
        }
        traffic.givenInterval = traffic.givenInterval ?? shortest
        traffic.count = traffic.count ?? most - min(traffic.warmup, most - 1)
    }

    // MARK: Over Ethernet

    private func pingByEthernet(_ name: PingProtocolName, _ console: Console) throws(Failure) -> ExitStatus {
        let (interface, destination, way) = try resolve(name, console)
        let address = way?.address
        let usual: (FrameShape) throws(Failure) -> (ProbeFrame, any PingProtocol, MACAddress?)
        let type: EtherType
        switch (name, address) {
        case (.arp, .v4(let target)?):
            let source = try sourceAddress(on: interface, for: .v4(target))
            guard case .v4(let own) = source else { throw .noAddress("IPv4", on: interface) }
            type = ARPMessage.etherType
            usual = { shape in
                let arp = ARPProtocol(shape, from: own, to: target)
                return (arp.frame(size: traffic.size ?? 0), arp, nil)
            }
        case (.ndp, .v6(let target)?):
            let source = try sourceAddress(on: interface, for: .v6(target))
            guard case .v6(let own) = source else { throw .noAddress("IPv6", on: interface) }
            type = .ipv6
            usual = { shape in
                let solicitation = NeighbourSolicitation(
                    source: shape.source, sourceAddress: own, target: target)
                var shape = shape
                shape.destination = solicitation.destination
                let ndp = NeighbourProtocol(shape, solicitation)
                return (ndp.frame(size: traffic.size ?? 0), ndp, nil)
            }
        case (.pdelay, _):
            type = PTPHeader.etherType
            try checkPTP(on: interface)
            usual = { shape in
                let pdelay = PeerDelayProtocol(
                    shape, domain: domain ?? 0, profile: (profile ?? .ieee1588).number)
                return (pdelay.frame(size: traffic.size ?? 0), pdelay, .ptpPeerDelayGroup)
            }
        case (.delay, _):
            type = PTPHeader.etherType
            try checkPTP(on: interface)
            usual = { shape in
                let delay = DelayProtocol(shape, domain: domain ?? 0, profile: (profile ?? .ieee1588).number)
                return (delay.frame(size: traffic.size ?? 0), delay, nil)
            }
        default:
            throw .usage(
                "The protocol \(name.rawValue) needs an \(name == .arp ? "IPv4" : "IPv6") address",
                hint:
                    "for instance: afprobe ping --protocol \(name.rawValue) \(name == .arp ? "192.0.2.7" : "fe80::1%eth0")"
            )
        }
        var shape = FrameShape(
            destination: destination, source: interface.address, vlan: traffic.vlan, carrier: .ethernet(type))
        let isOverIP = type == PTPHeader.etherType && address != nil
        if isOverIP, let address { shape.carrier = try flow(to: address, on: interface) }
        let (frame, form, group) = try usual(shape)
        let largest = shape.largestSize(mtu: interface.mtu)
        guard frame.bytes.count <= largest else {
            throw .sizeTooLarge(frame.bytes.count, largest: largest, on: interface)
        }
        let peer: Peer = if let address { .host(address) } else { .station(destination) }
        // ptp4l answers to the group even a request that was sent to its own address.
        let groups = group == nil ? [] : [MACAddress.ptpPeerDelayGroup(address: isOverIP ? address : nil)]
        let destinations = [interface.address] + groups
        let filter: SocketFilter =
            isOverIP
            ? .datagrams(to: PTPHeader.eventPort, destinations: destinations)
                .or(.datagrams(to: PTPHeader.generalPort, destinations: destinations))
            : .frames(of: type, to: destinations)
        let ports = isOverIP ? [PTPHeader.eventPort, PTPHeader.generalPort] : []
        return try conclude(name, peer: peer, on: interface, guarding: ports, console) {
            (hasStages, snapshot) throws(RunError) in
            let plan = plan(
                name, peer: peer, shape, size: frame.bytes.count,
                filter: filter, groups: groups,
                hasStages: hasStages,
                way: way.flatMap { wayMonitor(to: $0, isFollowed: false) })
            do throws(SystemError) {
                let receiver = try plan.receive.openReceiver(on: interface)
                let socket = try PacketSocket.transmitter(on: interface, plan.transmit.options, snapshot)
                return PingRun(
                    socket, receiver, frame,
                    ForeignAnswers(
                        form: form, framing: isOverIP ? .datagram : .ethernet,
                        vlan: traffic.vlan?.identifier ?? 0),
                    plan, snapshot, .kernel(interface, clockIndex: snapshot.capabilities?.clockIndex), console
                )
            } catch {
                throw RunError(.ping, error, on: interface)
            }
        }
    }

    /// The interface, the destination of the frames, and the way to the target if it was given by an IP address or a name.
    private func resolve(
        _ name: PingProtocolName, _ console: Console
    ) throws(Failure) -> (NetworkInterface, MACAddress, InternetWay?) {
        switch target {
        case nil where name == .pdelay, .station(.ptpPeerDelayGroup)? where name == .pdelay:
            return (try openInterface(try givenInterface(), console), .ptpPeerDelayGroup, nil)
        case nil: throw .missingTarget
        case .station(let address)?:
            return (try openInterface(try givenInterface(), console), address, nil)
        case let target?:
            let way = try target.way(
                by: traffic.interface.isEmpty ? nil : traffic.interface, from: traffic.sourceAddress,
                wantsVersion4: name == .arp ? true : name == .ndp ? false : nil, console)
            // The kernel looks for the address by the same means, so that it need not be known before.
            let isOwnMeans = name == .arp || name == .ndp
            let interface = try openInterface(try way.outgoing.name, console)
            let station = try way.station(for: name)
            return (interface, isOwnMeans ? .broadcast : station, way)
        }
    }

    /// A datagram between the ports of PTP's event messages.
    private func flow(
        to address: IPAddress, on interface: NetworkInterface
    ) throws(Failure) -> FrameShape.Carrier {
        let port = PTPHeader.eventPort
        switch (try sourceAddress(on: interface, for: address), address) {
        case (.v4(let source), .v4(let host)):
            return .udp4(UDPFlow(source: source, sourcePort: port, destination: host, destinationPort: port))
        case (.v6(let source), .v6(let host)):
            return .udp6(UDPFlow(source: source, sourcePort: port, destination: host, destinationPort: port))
        default: throw .noAddress(address.isVersion4 ? "IPv4" : "IPv6", on: interface)
        }
    }

    func givenInterface() throws(Failure) -> String {
        guard traffic.interface.isEmpty else { return traffic.interface }
        throw .usage("Option -i IF is missing", hint: "with a MAC address, name the interface to use")
    }

    private func sourceAddress(
        on interface: NetworkInterface, for destination: IPAddress
    ) throws(Failure) -> IPAddress {
        if let given = traffic.sourceAddress { return given }
        do throws(SystemError) {
            if let source = try Route(to: destination, by: interface).source { return source }
        } catch {
            throw Failure("Cannot ask for the route to \(destination)", error)
        }
        throw .noAddress(destination.isVersion4 ? "IPv4" : "IPv6", on: interface)
    }

    /// A second port identity can upset a PTP clock of the same host's, and its neighbour.
    private func checkPTP(on interface: NetworkInterface) throws(Failure) {
        guard !isForced, interface.hasPTPParticipant() else { return }
        throw .refused(
            "A PTP program takes part in PTP on \(interface.name)",
            hint:
                "its neighbour might take this run for a second clock of this port; to ping all the same: --force"
        )
    }

    private typealias ForeignRun = PingRun<TimestampedSocket, ForeignAnswers, Console>

    private func conclude(
        _ name: PingProtocolName, peer: Peer, on interface: NetworkInterface, guarding ports: [UInt16] = [],
        _ console: Console,
        _ open: (_ hasStages: Bool, _ snapshot: TimestampingSnapshot) throws(RunError) -> ForeignRun
    ) throws(Failure) -> ExitStatus {
        let usesNIC = interface.isEthernet && traffic.hardware != .off
        var options = self
        if !usesNIC { options.traffic.hardware = .off }
        let (result, answers) = try options.measure(
            peer, on: interface, name.stampFilters(isOverIP: !ports.isEmpty), guarding: ports, console, open)
        if let kiss = answers.form.kiss { throw .kissOfDeath(kiss, from: peer) }
        return try judge(result, on: interface, console) {
            .noAnswer(to: name, from: peer, answers.form.mismatch)
        }
    }
}
