import AFPacketKit

/// The options of `afprobe send`.
struct SendOptions: HasTraffic {
    var traffic = TrafficOptions()
    var destination = MACAddress.zero
    var source: MACAddress?
}

extension CommandSpec<SendOptions> {
    static var send: CommandSpec {
        CommandSpec(
            name: "send",
            summary: "Send probes and print when each left this host",
            discussion: """
                Sends numbered probes to a MAC address, one a second, and prints a line "TX Recvmsg" for \
                each when its transmit stamps have come back: hardware (the NIC sent it) and software \
                (the driver handed it to the NIC).
                """,
            initial: SendOptions(),
            options: [
                .interface,
                .value(
                    "dst-mac", "d", "MAC", in: .target, isRequired: true,
                    help: "Where to send: a host's MAC address, a group's or ff:ff:ff:ff:ff:ff.",
                    as: parseMACAddress
                ) { $0.destination = $1 },
                .hardware,
                .count("Send N probes and end when their stamps are there. Default: without end."),
                .interval("The time between two probes. Default: 1s; 0 sends as fast as stamps come back."),
                .rate,
                .deadline,
                .timeout("How long to wait for the stamps of a probe. Default: 1s."),
                .warmup,
                .realtime, .cpu,
                .spin(
                    "Sleep until shortly before a probe is due and then watch the clock: by how much is measured at the "
                        + "start, as long as it takes here to wake up. Without an interval there is nothing to wait for."
                ),
                .size, .etherType, .vlan, .priority, .qdiscBypass,
                .value(
                    "src-mac", nil, "MAC", in: .frame,
                    help: "The source MAC address. Default: the interface's own.",
                    as: parseStationAddress
                ) { $0.source = $1 },
                .udp("Send the probes in UDP datagrams."),
                .sourceAddress, .destinationAddress, .sourcePort, .destinationPort,
                .ptp,
            ]
                + OptionSpec.outputOptions(
                    verbose: "Show more of each frame: addresses, size, VLAN, further stamps."),
            operands: [],
            run: { (values: SendOptions, console: inout Console) throws(Failure) in
                try values.run(&console)
            },
            output: \.traffic.output)
    }
}

extension SendOptions {
    fileprivate func run(_ console: inout Console) throws(Failure) -> ExitStatus {
        let request = try FrameRequest(
            traffic, to: destination, messageLength: ProbeMessage.referenceLength)
        let interface = try openInterface(traffic.interface, &console)
        let (shape, size) = try request.shape(on: interface, source: source)
        let signals = try RunSignals()
        try console.begin(signals)
        var lease = try HardwareLease(on: interface, .transmit, [], traffic.hardware, &console)
        defer { lease.end(&console) }
        var handling = traffic.handling
        handling.wantsScheduledStamps = console.isDetailed
        let plan = TransmitPlan(
            shape: shape, size: size, handling: handling, interval: traffic.interval,
            count: traffic.count, warmup: traffic.warmup, deadline: traffic.deadline,
            timeout: traffic.timeout, isQuiet: traffic.output.isQuiet,
            spins: traffic.spins)
        var sender = try Sender(on: interface, plan)
        let schedule = try Schedule(traffic.schedule, &console)
        try dropPrivileges(keepingThoseOf: lease)
        try sender.run(signals, &console)
        _ = consume schedule
        guard !sender.hasMeasured else { return .measured }
        guard sender.hasSent else { throw .nothingSent(on: interface, afterWarmup: traffic.warmup) }
        throw Failure(
            status: .nothingCame, message: "No probe got a transmit stamp",
            hint: "what interface \(interface.name) can stamp is shown by: afprobe hwstamp \(interface.name)")
    }
}
