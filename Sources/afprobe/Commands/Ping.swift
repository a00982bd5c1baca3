import AFPacketKit

/// The options of `afprobe ping`.
struct PingOptions: HasTraffic {
    var traffic = TrafficOptions()
    var destination = MACAddress.zero
}

extension CommandSpec<PingOptions> {
    static var ping: CommandSpec {
        CommandSpec(
            name: "ping",
            summary: "Measure the round trip to a host that runs afprobe listen",
            discussion: """
                Sends requests to the MAC address of a host that runs afprobe listen and measures how long \
                the replies take: from the request's software transmit stamp to the reply's software \
                receive stamp, or between the system calls (userspace) where there are no such stamps.
                """,
            initial: PingOptions(),
            options: [
                .interface,
                .count("Send N requests and end when they are answered. Default: without end."),
                .interval("The time between two requests. Default: 1s; 0 sends on the reply."),
                .rate,
                .deadline,
                .timeout("How long to wait for a reply. Default: 1s."),
                .warmup,
                .size, .etherType, .vlan, .priority, .qdiscBypass,
                .udp("Ping by UDP datagrams."),
                .sourceAddress, .destinationAddress, .sourcePort, .destinationPort,
                .ptp,
            ] + OptionSpec.outputOptions(verbose: "Show the two stamps of each round trip."),
            operands: [
                OperandSpec(
                    "MAC", isRequired: true,
                    help: "The MAC address of the host to ping.",
                    as: parseStationAddress
                ) { $0.destination = $1 }
            ],
            run: { (values: PingOptions, console: inout Console) throws(Failure) in
                try values.run(&console)
            },
            output: \.traffic.output)
    }
}

extension PingOptions {
    fileprivate func run(_ console: inout Console) throws(Failure) -> ExitStatus {
        let request = try FrameRequest(
            traffic, to: destination, messageLength: ProbeMessage.exchangeLength)
        if let address = traffic.destinationAddress, !address.isHost {
            throw .usage("Invalid value '\(address)' for --dst-addr", hint: "expected one host's address")
        }
        let interface = try openInterface(traffic.interface, &console)
        guard destination != interface.address else {
            throw .refused(
                "\(destination) is the address of interface \(interface.name) itself",
                hint: "give the MAC address of another host, which runs: afprobe listen -i IF")
        }
        let (shape, size) = try request.shape(on: interface)
        let signals = try RunSignals()
        console.answer(signals)
        let port = traffic.effectiveSourcePort
        let portGuard: PortGuard? = if traffic.usesUDP { try guarding(port: port, &console) } else { nil }
        let filter: SocketFilter =
            if case .ethernet(let type) = shape.carrier {
                .frames(of: type, to: [interface.address])
            } else {
                .datagrams(to: port, destinations: [interface.address])
            }
        let plan = TransmitPlan(
            shape: shape, size: size, handling: traffic.handling,
            interval: traffic.interval, count: traffic.count, warmup: traffic.warmup,
            deadline: traffic.deadline, timeout: traffic.timeout, isQuiet: traffic.output.isQuiet)
        var pinger = try Pinger(on: interface, plan, filter: filter)
        try pinger.run(signals, &console)
        _ = consume portGuard
        guard !pinger.hasMeasured else { return .measured }
        guard pinger.hasSent else { throw .nothingSent(on: interface, afterWarmup: traffic.warmup) }
        throw Failure(
            status: .nothingCame, message: "No reply came from \(destination)",
            hint: "does that host run: afprobe listen -i IF? Is it on the same network, VLAN included?")
    }
}
