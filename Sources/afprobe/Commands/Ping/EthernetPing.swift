import AFPacketKit

// Pings of hosts of the link without afprobe, through packet sockets.

/// The requests of a protocol, and the group that answers may be sent to.
private struct EthernetExchange {
    let shape: FrameShape
    let frame: ProbeFrame
    let form: any PingProtocol
    var group: MACAddress?

    /// The UDP ports of the messages; none of frames.
    var ports: [UInt16] { shape.isOverIP ? [PTPHeader.eventPort, PTPHeader.generalPort] : [] }

    /// The filter for the answers.
    var filter: SocketFilter {
        let destinations = [shape.source] + (group.map { [$0] } ?? [])
        return if case .ethernet(let type) = shape.carrier {
            .frames(of: type, to: destinations)
        } else {
            .datagrams(to: PTPHeader.eventPort, destinations: destinations)
                .or(.datagrams(to: PTPHeader.generalPort, destinations: destinations))
        }
    }
}

extension PingOptions {
    func pingByEthernet(_ name: PingProtocolName, _ console: Console) throws(Failure) -> ExitStatus {
        let (interface, destination, way) = try resolve(name, console)
        let exchange = try exchange(name, to: destination ?? .broadcast, way?.address, on: interface)
        let (shape, frame) = (exchange.shape, exchange.frame)
        let largest = shape.largestSize(mtu: interface.mtu)
        guard frame.bytes.count <= largest else {
            throw .sizeTooLarge(frame.bytes.count, largest: largest, on: interface)
        }
        let peer: Peer = if let way { .host(way.address) } else { .station(shape.destination) }
        if way != nil { console.context.station = destination }
        return try conclude(name, peer: peer, on: interface, guarding: exchange.ports, console) {
            (hasStages, snapshot) throws(RunError) in
            let plan = plan(
                name, peer: peer, shape, size: frame.bytes.count, filter: exchange.filter,
                groups: exchange.group.map { [$0] } ?? [], hasStages: hasStages,
                way: destination == nil ? nil : way.flatMap { wayMonitor(to: $0, isFollowed: false) })
            let answers = ForeignAnswers(
                form: exchange.form, framing: shape.isOverIP ? .datagram : .ethernet,
                vlan: traffic.vlan?.identifier ?? 0)
            do throws(SystemError) {
                let receiver = try plan.receive.openReceiver(on: interface)
                let socket = try PacketSocket.transmitter(on: interface, plan.transmit.options, snapshot)
                return PingRun(
                    socket, receiver, frame, answers, plan, snapshot,
                    .kernel(interface, clockIndex: snapshot.capabilities?.clockIndex), console)
            } catch {
                throw RunError(.ping, error, on: interface)
            }
        }
    }

    /// The interface, the destination of the frames, and the way to the target if it was given by an IP address or a name.
    /// In a VLAN, the destination of an IP address is not known.
    private func resolve(
        _ name: PingProtocolName, _ console: Console
    ) throws(Failure) -> (NetworkInterface, MACAddress?, InternetWay?) {
        switch target {
        case nil where name == .pdelay:
            return (
                try openInterface(traffic.interface, hardware: traffic.hardware, console),
                .ptpPeerDelayGroup, nil
            )
        case nil: throw .missingTarget
        case .station(let address)?:
            guard !address.isGroup || name == .pdelay else { throw .isGroup(address) }
            return (
                try openInterface(traffic.interface, hardware: traffic.hardware, console), address, nil
            )
        case let target?:
            let way = try target.way(
                by: traffic.interface.isEmpty ? nil : traffic.interface, from: traffic.sourceAddress,
                wantsVersion4: name == .arp ? true : name == .ndp ? false : wantsVersion4, console)
            let interface = try openInterface(try way.outgoing.name, hardware: traffic.hardware, console)
            // The kernel would resolve the address outside the VLAN, where the requests do not go.
            if traffic.vlan != nil {
                guard name == .arp || name == .ndp else { throw .unresolvable(way.address, on: interface) }
                return (interface, nil, way)
            }
            return (interface, try way.station(for: name), way)
        }
    }

    private func exchange(
        _ name: PingProtocolName, to destination: MACAddress, _ address: IPAddress?,
        on interface: NetworkInterface
    ) throws(Failure) -> EthernetExchange {
        let size = traffic.size ?? 0
        func shape(_ destination: MACAddress, _ carrier: FrameShape.Carrier) -> FrameShape {
            FrameShape(
                destination: destination, source: interface.address, vlan: traffic.vlan, carrier: carrier)
        }
        switch (
            name, address,
            try address.map { address throws(Failure) in try source(on: interface, for: address) }
        ) {
        case (.arp, .v4(let target)?, .v4(let own)?):
            let shape = shape(.broadcast, .ethernet(ARPMessage.etherType))
            let form = ARPProtocol(shape, from: own, to: target)
            return EthernetExchange(shape: shape, frame: form.frame(size: size), form: form)
        case (.ndp, .v6(let target)?, .v6(let own)?):
            let solicitation = NeighbourSolicitation(
                source: interface.address, sourceAddress: own, target: target)
            let shape = shape(solicitation.destination, .ethernet(.ipv6))
            let form = NeighbourProtocol(shape, solicitation)
            return EthernetExchange(shape: shape, frame: form.frame(size: size), form: form)
        case (.pdelay, _, let own):
            let shape = shape(destination, try carrierOfPTP(to: address, from: own, on: interface))
            let form = PeerDelayProtocol(
                shape, domain: domain ?? 0, profile: (profile ?? .ieee1588).number,
                as: .random(on: interface.address))
            // ptp4l answers to the group even a request that was sent to its own address.
            return EthernetExchange(
                shape: shape, frame: form.frame(size: size), form: form,
                group: .ptpPeerDelayGroup(address: address))
        case (.delay, _, let own):
            let shape = shape(destination, try carrierOfPTP(to: address, from: own, on: interface))
            let form = DelayProtocol(
                shape, domain: domain ?? 0, profile: (profile ?? .ieee1588).number,
                as: .random(on: interface.address))
            // An ordinary master's Delay_Resp, which is no reply, tells why none comes.
            return EthernetExchange(
                shape: shape, frame: form.frame(size: size), form: form, group: .ptpGroup(address: address))
        default:
            let (version, example) = name == .arp ? ("IPv4", "192.0.2.7") : ("IPv6", "fe80::1%eth0")
            throw .usage(
                "The protocol \(name.rawValue) needs an \(version) address",
                hint: "for instance: afprobe ping --protocol \(name.rawValue) \(example)")
        }
    }

    /// The carrier of PTP's messages: frames, or datagrams between the ports of event messages to an IP address. Checks
    /// that PTP may be used.
    private func carrierOfPTP(
        to address: IPAddress?, from source: IPAddress?, on interface: NetworkInterface
    ) throws(Failure) -> FrameShape.Carrier {
        try checkPTP(on: interface)
        let port = PTPHeader.eventPort
        return switch (source, address) {
        case (.v4(let own)?, .v4(let host)?):
            .udp4(UDPFlow(source: own, sourcePort: port, destination: host, destinationPort: port))
        case (.v6(let own)?, .v6(let host)?):
            .udp6(UDPFlow(source: own, sourcePort: port, destination: host, destinationPort: port))
        default: .ethernet(PTPHeader.etherType)
        }
    }

    private func source(
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

    /// A second port identity can upset a PTP clock of the same host's, and its neighbour. ptp4l gets the answers to
    /// this run, too, and takes any Pdelay_Resp that it does not wait for as a fault.
    private func checkPTP(on interface: NetworkInterface) throws(Failure) {
        guard !isForced else { return }
        let fault =
            chosenProtocol == .pdelay
            ? "ptp4l declares a fault at an answer that it has not asked for, and " : ""
        let harm =
            "\(fault)its neighbour might take this run for a second clock of this port; to ping all the same: --force"
        switch interface.ptpParticipation() {
        case .none: return
        case .here: throw .refused("A PTP program takes part in PTP on \(interface.name)", hint: harm)
        case .somewhere:
            throw .refused(
                "A program has UDP port 319, and which interface it uses is not known",
                hint: "if it uses \(interface.name), \(harm)")
        }
    }
}
