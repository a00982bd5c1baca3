import AFPacketKit

/// The options of `afprobe send`.
struct SendOptions: HasTraffic {
    var traffic = TrafficOptions()
    var destination = MACAddress.zero
    var source: MACAddress?
    var batch = 1
    var launchOffset: Int64?
    var recording: String?
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
                .value(
                    "read", nil, "FILE", in: .target, completion: .files,
                    help:
                        "Send the frames of a capture (pcap or pcapng; - is standard input) as they are instead of "
                        + "probes, once, at the distances that they were captured at unless an interval or a rate is "
                        + "given; needs libpcap.",
                    as: parseFile
                ) { $0.recording = $1 },
                .hardware,
                .flag(
                    "no-stamps", in: .target,
                    help:
                        "Ask for no transmit stamps, which cost more than a third of the rate: for load, not for measuring."
                ) { $0.traffic.handling.wantsStamps = false },
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
            exemption: Exemption(option: "read", keeping: ["interface"]),
            run: { (values: SendOptions, console: inout Console) throws(Failure) in
                try values.run(&console)
            },
            output: \.traffic.output)
    }
}

extension SendOptions {
    fileprivate func run(_ console: inout Console) throws(Failure) -> ExitStatus {
        try checkRecording()
        try checkStamps()
        let request = try FrameRequest(
            traffic, to: destination, messageLength: ProbeMessage.referenceLength)
        try checkLaunchTime()
        let interface = try openInterface(traffic.interface, &console)
        let (shape, size) = try request.shape(on: interface, source: source)
        // From a pipe it may take its time, and signals are to end that.
        let recorded: RecordedFrames? =
            if let recording { try read(recording, on: interface, &console) } else { nil }
        let signals = try console.begin(capturingTo: traffic.captureFile)
        let hardware = traffic.handling.wantsStamps ? traffic.hardware : .off
        var lease = try HardwareLease(on: interface, .transmit, [], hardware, &console)
        defer { lease.end(&console) }
        var handling = traffic.handling
        // Only lines show them.
        handling.wantsScheduledStamps = handling.wantsStamps && console.isDetailed && !traffic.output.isQuiet
        if launchOffset != nil { handling.launchClock = launchClock(of: interface, &console) }
        let plan = TransmitPlan(
            shape: shape, size: size, handling: handling, interval: interval(of: recorded),
            count: recorded.map { min($0.count, traffic.count ?? .max) } ?? traffic.count,
            warmup: traffic.warmup, deadline: traffic.deadline,
            timeout: traffic.timeout, isQuiet: traffic.output.isQuiet,
            spins: traffic.spins, batch: batch, launchOffset: launchOffset,
            recorded: recorded, keepsDistances: recorded != nil && traffic.givenInterval == nil)
        var sender = try Sender(on: interface, plan)
        let schedule = try Schedule(traffic.schedule, &console)
        try dropPrivileges(keepingThoseOf: lease)
        try sender.run(signals, &console)
        _ = consume schedule
        if sender.hasMeasured || sender.hasSent && !handling.wantsStamps { return .measured }
        guard sender.hasSent else { throw .nothingSent(on: interface, afterWarmup: traffic.warmup) }
        throw Failure(
            status: .nothingCame, message: "No probe got a transmit stamp",
            hint: "what interface \(interface.name) can stamp is shown by: afprobe hwstamp \(interface.name)")
    }

    /// Finds options that say what probes are to be where there are none.
    private func checkRecording() throws(Failure) {
        guard recording != nil else { return }
        let given: [(Bool, String)] = [
            (destination != .zero, "--dst-mac"), (source != nil, "--src-mac"), (traffic.usesUDP, "--udp"),
            (traffic.isPTP, "--ptp"), (traffic.vlan != nil, "--vlan"), (traffic.size != nil, "--size"),
            (traffic.etherType != nil, "--ethertype"), (batch > 1, "--batch"),
            (launchOffset != nil, "--launch-time"), (traffic.warmup > 0, "--warmup"),
        ]
        if let (_, option) = given.first(where: \.0) {
            throw .usage(
                "--read and \(option) exclude each other",
                hint: "the frames of a capture are sent one by one, as they are; leave one of them out")
        }
    }

    /// Finds options that are about the stamps that there are not to be.
    private func checkStamps() throws(Failure) {
        guard !traffic.handling.wantsStamps else { return }
        let given: [(Bool, String)] = [
            (traffic.hardware == .on, "--hardware on"), (launchOffset != nil, "--launch-time"),
        ]
        if let (_, option) = given.first(where: \.0) {
            throw .usage(
                "--no-stamps and \(option) exclude each other",
                hint: "without stamps nothing tells when a frame has left; leave one of them out")
        }
    }

    /// Reads the frames of a capture, and checks that the interface takes them.
    private func read(
        _ path: String, on interface: NetworkInterface, _ console: inout Console
    ) throws(Failure) -> RecordedFrames {
        var frames = RecordedFrames()
        var hasRoom = true
        do throws(PcapError) {
            var file = try CaptureInput(path: path)
            while hasRoom, try file.next({ hasRoom = frames.add($0) }) {}
        } catch {
            throw .pcap(error, of: "--read", "Cannot read the capture \(path)", status: .refused)
        }
        guard hasRoom else {
            throw .refused(
                "The capture \(path) is too long",
                reason: "it has more than \(RecordedFrames.mostBytes >> 20) MiB",
                hint: "divide it, for instance: editcap -c 100000 \(path) part.pcap")
        }
        guard frames.count > 0 else {
            throw .refused("The capture \(path) has no frame that can be sent", hint: "capture whole frames")
        }
        let number = traffic.count.map { min($0, frames.count) } ?? frames.count
        if let long = (1...number).first(where: { !frames.fits(frame: $0, mtu: interface.mtu) }) {
            throw .refused(
                "Frame \(long) of the capture \(path) is over what interface \(interface.name) takes",
                reason: "it has \(frames.frame(long).count) bytes, and the MTU is \(interface.mtu)",
                hint: "raise the MTU: ip link set \(interface.name) mtu N; or leave long frames out: "
                    + "tcpdump -r \(path) -w short.pcap less \(interface.mtu + 14)")
        }
        if frames.omitted > 0 {
            let total = frames.count + frames.omitted
            console.report(
                .warning,
                "Frames of the capture that are not whole are left out: \(frames.omitted) of \(total)")
        }
        return frames
    }

    /// The time between two frames, or what it is on average.
    private func interval(of recorded: RecordedFrames?) -> Int64 {
        guard let recorded, traffic.givenInterval == nil else { return traffic.interval }
        return max(1, (recorded.times.last ?? 0) / Int64(max(1, recorded.count)))
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
