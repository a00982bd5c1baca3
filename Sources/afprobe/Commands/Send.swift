import AFPacketKit

/// The options of `afprobe send`.
struct SendOptions: HasTraffic {
    var traffic = TrafficOptions()
    var destination = MACAddress.zero
    var source: MACAddress?
    var batch = 1
    var launchOffset: Int64?
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
                .value(
                    "batch", nil, "N", in: .pace,
                    help:
                        "Send N probes by one system call, in a burst. The rate stays that of --interval or --rate: "
                        + "there are N times as long from a burst to the next.",
                    as: numberParser(1...UInt64(FrameBatch.largestCount), "a number of probes")
                ) { $0.batch = Int($1) },
                .value(
                    "launch-time", nil, "OFFSET", in: .pace,
                    help:
                        "Hand each probe over when it is due, to be launched so much later to the moment by the qdisc "
                        + "or the NIC (SO_TXTIME): needs tc-etf(8), tc-taprio(8) or tc-fq(8) on the interface. What is not "
                        + "launched in time is counted.",
                    as: parseLaunchOffset
                ) { $0.launchOffset = $1 },
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
        try checkLaunchTime()
        let interface = try openInterface(traffic.interface, &console)
        let (shape, size) = try request.shape(on: interface, source: source)
        let signals = try RunSignals()
        try console.begin(signals, capturingTo: traffic.captureFile)
        var lease = try HardwareLease(on: interface, .transmit, [], traffic.hardware, &console)
        defer { lease.end(&console) }
        var handling = traffic.handling
        // Only lines show them.
        handling.wantsScheduledStamps = console.isDetailed && !traffic.output.isQuiet
        if launchOffset != nil { handling.launchClock = launchClock(of: interface, &console) }
        let plan = TransmitPlan(
            shape: shape, size: size, handling: handling, interval: traffic.interval,
            count: traffic.count, warmup: traffic.warmup, deadline: traffic.deadline,
            timeout: traffic.timeout, isQuiet: traffic.output.isQuiet,
            spins: traffic.spins, batch: batch, launchOffset: launchOffset)
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

    private func checkLaunchTime() throws(Failure) {
        guard launchOffset != nil else { return }
        if traffic.interval == 0 {
            throw .usage(
                "Option --launch-time needs a schedule", hint: "give an --interval above 0, or a --rate")
        }
        if traffic.handling.bypassesScheduler {
            throw .usage(
                "--launch-time and --qdisc-bypass exclude each other",
                hint: "it is the qdisc that launches; leave one of them out")
        }
    }

    /// The clock that the interface launches by; told where there seems to be nothing that does.
    private func launchClock(of interface: NetworkInterface, _ console: inout Console) -> ClockPair.Clock {
        guard let kinds = try? interface.queueingDisciplines() else { return .tai }
        if let clock = afprobe.launchClock(ofQueueingDisciplines: kinds) { return clock }
        console.report(
            .warning, "No qdisc of interface \(interface.name) launches frames: they leave at once"
        ) { line in
            if !kinds.isEmpty { line.string("qdiscs", kinds.joined(separator: ",")) }
            line.string(
                "hint",
                "set one up: tc qdisc replace dev \(interface.name) root etf clockid CLOCK_TAI delta 200000")
        }
        return .tai
    }
}
