import AFPacketKit

struct SendOptions: HasTraffic {
    var traffic = TrafficOptions()
    var destination: PingTarget?
    var source: MACAddress?
    var batch = 1
    var launchOffset: Int64?
    var replay: String?
    var wantsStamps = true
}

extension CommandSpec<SendOptions> {
    static var send: CommandSpec {
        CommandSpec(
            name: "send",
            summary: "Send probes and print their transmit stamps",
            discussion: """
                Sends numbered probes to a MAC address, one a second, and prints a line "TX Recvmsg" for \
                each when its transmit stamps have come back from the kernel: hardware (the NIC sent the frame) \
                and software (the driver handed it to the NIC).
                """,
            initial: SendOptions(),
            options: [
                .interface,
                .value(
                    "dst-mac", "d", "MAC", in: .target, isRequired: true, completion: .neighbours,
                    help:
                        "The destination MAC address: a host's, a group's or ff:ff:ff:ff:ff:ff; or the IP address of a host "
                        + "on the link.",
                    as: parseDestination
                ) { $0.destination = $1 },
                .value(
                    "read", nil, "FILE", in: .target, completion: .files,
                    help:
                        "Replay a capture (pcap or pcapng; - is standard input) once, instead of sending probes. The "
                        + "frames are not changed, and keep the timing of the capture unless an interval or a rate is "
                        + "given. Needs libpcap.",
                    as: parseFile
                ) { $0.replay = $1 },
                .hardware,
                .flag(
                    "no-stamps", in: .target,
                    help:
                        "Ask for no transmit stamps, which cost more than a third of the sending rate: for load tests."
                ) { $0.wantsStamps = false },
                .count("Send N probes, and end when their stamps have come. Default: no limit."),
                .interval("Time between two probes. Default: 1s. With 0, send as fast as stamps come back."),
                .rate,
                .value(
                    "batch", nil, "N", in: .pace,
                    help:
                        "Send N probes in one system call, as a burst. The rate stays that of --interval or --rate: a burst "
                        + "is due every N intervals.",
                    as: numberParser(1...UInt64(FrameBatch.maxCount), "a number of probes")
                ) { $0.batch = Int($1) },
                .value(
                    "launch-time", nil, "OFFSET", in: .pace,
                    help:
                        "Have the qdisc or the NIC send each probe at a launch time (SO_TXTIME). It is OFFSET after the due "
                        + "time, at which the probe is handed to the kernel. Needs tc-etf(8), tc-taprio(8) or tc-fq(8) on the "
                        + "interface. Probes that miss their launch time are counted.",
                    as: parseLaunchOffset
                ) { $0.launchOffset = $1 },
                .deadline,
                .timeout("Stamp timeout: how long to wait for the stamps of a probe. Default: 1s."),
                .warmup,
                .realtime, .cpu,
                .spin(
                    "Sleep until shortly before a probe is due, then spin. The wake-up time, which is measured at the "
                        + "start, determines how long before. No effect with interval 0."
                ),
                .size, .etherType, .vlan, .priority, .qdiscBypass,
                .value(
                    "src-mac", nil, "MAC", in: .frame,
                    help: "The source MAC address. Default: the interface's own.",
                    as: parseStationAddress
                ) { $0.source = $1 },
                .udp("Send the probes in UDP datagrams."),
                .sourceAddress(), .destinationAddress, .sourcePort, .destinationPort(),
                .ptp,
                .statistics(
                    "Also print a line TX Stats after each interval of this length, with its figures."),
            ]
                + OptionSpec.outputOptions(
                    verbose: "Show more of each frame: addresses, size, VLAN, further stamps."),
            exemption: Exemption(option: "read", keeping: ["interface"]),
            exclusions: sharedExclusions + [("rate", "interval"), ("no-stamps", "timeout")],
            wordsStandFor: ["dst-mac", "interface"])
    }
}

extension SendOptions {
    func check() throws(ArgumentError) {
        let hasAddress = if case .address? = destination { true } else { false }
        try traffic.checkUDPOptions(needsDestination: replay == nil && !hasAddress)
    }

    func run(_ console: Console) throws(Failure) -> ExitStatus {
        try checkReplay()
        try checkStamps()
        // Wrong options first: the interface may be missing, too.
        _ = try request(to: .zero)
        try checkLaunchTime()
        let interface = try openInterface(traffic.interface, hardware: traffic.hardware, console)
        let request = try request(to: try station(on: interface, console))
        let (shape, size) = try request.shape(on: interface, source: source)
        // Reading from a pipe may take long, and signals must end it.
        let frames: ReplayFrames? = if let replay { try read(replay, on: interface, console) } else { nil }
        console.context.interface = interface.name
        let signals = try console.begin(capturingTo: traffic.captureFile)
        var options = traffic.transmitOptions(stamps(console))
        if launchOffset != nil { options.launchClock = launchClock(of: interface, console) }
        let plan = TransmitPlan(
            shape: shape, size: size, options: options, interval: interval(of: frames),
            count: frames.map { min($0.count, traffic.count ?? .max) } ?? traffic.count,
            warmup: traffic.warmup, deadline: traffic.deadline, timeout: traffic.timeout,
            spinsUntilDue: traffic.spins, batch: batch, launchOffset: launchOffset,
            replay: frames, keepsDistances: frames != nil && traffic.givenInterval == nil,
            statisticsInterval: traffic.statisticsInterval)
        let (hasSent, hasMeasured) = try reportingFailures { () throws(RunError) in
            try send(on: interface, plan, signals, console)
        }
        if hasMeasured || hasSent && !wantsStamps { return .measured }
        guard hasSent else { throw .nothingSent(on: interface, afterWarmup: traffic.warmup) }
        throw .noTransmitStamp(on: interface)
    }

    private func request(to station: MACAddress) throws(Failure) -> FrameRequest {
        var traffic = traffic
        if traffic.usesUDP, traffic.destinationAddress == nil, case .address(let address, _)? = destination {
            traffic.destinationAddress = address
        }
        return try FrameRequest(traffic, to: station, messageLength: ProbeMessage.referenceLength)
    }

    /// The MAC address of the destination; zero if a capture has those of its frames.
    private func station(
        on interface: NetworkInterface, _ console: Console
    ) throws(Failure) -> MACAddress {
        switch destination {
        case nil: return .zero
        case .station(let address)?: return address
        case let target?:
            let way = try target.way(by: interface.name, from: nil, wantsVersion4: nil, console)
            _ = try way.outgoing
            return try way.station(for: nil)
        }
    }

    /// The stamps to request. Only detailed lines show scheduled ones.
    private func stamps(_ console: Console) -> TransmitOptions.Stamps {
        guard wantsStamps else { return .none }
        return console.isDetailed && !console.isQuiet ? .scheduled : .sent
    }

    /// Sends until the run ends, and writes the summary, even after a failure.
    ///
    /// - Returns: whether any frame to be measured was sent, and whether any stamp came.
    private func send(
        on interface: NetworkInterface, _ plan: TransmitPlan, _ signals: RunSignals, _ console: Console
    ) throws(RunError) -> (Bool, Bool) {
        var lease = try HardwareLease(
            on: interface, .transmit, [], wantsStamps ? traffic.hardware : .off, console)
        defer { lease.end(console) }
        var run = try SendRun(on: interface, plan, lease.snapshot, console)
        let failure = try carryOut(&run, traffic.scheduling, under: lease, signals, console)
        console.write(run.finish(), run.tally)
        if let failure { throw failure }
        return (run.hasSent, run.hasMeasured)
    }

    /// Rejects options about probes if a capture is replayed.
    private func checkReplay() throws(Failure) {
        guard replay != nil else { return }
        let given: [(Bool, String)] = [
            (destination != nil, "--dst-mac"), (source != nil, "--src-mac"), (traffic.usesUDP, "--udp"),
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

    /// Rejects options about stamps if there are none.
    private func checkStamps() throws(Failure) {
        guard !wantsStamps else { return }
        let given: [(Bool, String)] = [
            (traffic.hardware == .on, "--hardware on"), (launchOffset != nil, "--launch-time"),
        ]
        if let (_, option) = given.first(where: \.0) {
            throw .usage(
                "--no-stamps and \(option) exclude each other",
                hint: "without stamps nothing tells when a frame has left; leave one of them out")
        }
    }

    /// Reads the frames of a capture, and checks that the interface accepts them.
    private func read(
        _ path: String, on interface: NetworkInterface, _ console: Console
    ) throws(Failure) -> ReplayFrames {
        var frames = ReplayFrames()
        var hasRoom = true
        do throws(PcapError) {
            var file = try CaptureInput(path: path)
            while hasRoom, try file.next({ hasRoom = frames.add($0) }) {}
        } catch {
            throw .pcap(error, of: "--read", "Cannot read the capture \(path)", status: .refused)
        }
        guard hasRoom else { throw .captureTooLong(path) }
        guard frames.count > 0 else { throw .nothingToReplay(path) }
        let number = traffic.count.map { min($0, frames.count) } ?? frames.count
        if let long = (1...number).first(where: { !frames.fits(frame: $0, mtu: interface.mtu) }) {
            throw .frameTooLong(long, of: path, length: frames.frame(long).count, on: interface)
        }
        if frames.leftOut > 0 {
            console.diagnosed(.framesLeftOut(frames.leftOut, of: frames.count + frames.leftOut))
        }
        return frames
    }

    /// The interval between two frames; its average for a capture.
    private func interval(of frames: ReplayFrames?) -> Int64 {
        guard let frames, traffic.givenInterval == nil else { return traffic.interval }
        return max(1, (frames.times.last ?? 0) / Int64(max(1, frames.count)))
    }

    private func checkLaunchTime() throws(Failure) {
        guard launchOffset != nil else { return }
        if traffic.interval == 0 {
            throw .usage(
                "Option --launch-time needs a schedule", hint: "give an --interval above 0, or a --rate")
        }
        if traffic.bypassesQdisc {
            throw .usage(
                "--launch-time and --qdisc-bypass exclude each other",
                hint: "it is the qdisc that launches; leave one of them out")
        }
    }

    /// The clock that launch times refer to; warns if nothing on the interface seems to support them.
    private func launchClock(of interface: NetworkInterface, _ console: Console) -> ClockPair.Clock {
        guard let kinds = try? interface.queueingDisciplines() else { return .tai }
        if let clock = afprobe.launchClock(ofQueueingDisciplines: kinds) { return clock }
        console.diagnosed(.noLaunchQdisc(interface.name, kinds: kinds))
        return .tai
    }
}
