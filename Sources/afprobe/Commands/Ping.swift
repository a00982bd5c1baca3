import AFPacketKit

struct PingOptions: HasTraffic {
    var traffic = TrafficOptions()
    var destination = MACAddress.zero
    var measuresItself = false
    var isAdaptive = false
    var isSynchronised = false
    var report = PingSummaryOptions()
}

extension CommandSpec<PingOptions> {
    static var ping: CommandSpec {
        CommandSpec(
            name: "ping",
            summary: "Measure the round trip to a host that runs afprobe listen",
            discussion: """
                Sends requests to the MAC address of a responder, a host that runs afprobe listen. Measures \
                the round trip (rtt), the part of it inside the responder (turnaround) and the rest (network), each \
                by the best stamps that both its ends have: hardware, software or userspace. The hosts' clocks \
                need not be synchronised.
                """,
            initial: PingOptions(),
            options: [
                .interface,
                .hardware,
                .flag(
                    "breakdown", in: .target,
                    help:
                        "Also show the stages of a round trip on both hosts: send call, qdisc, driver, NIC, wire, kernel, "
                        + "application."
                ) { $0.report.showsStages = true },
                .flag(
                    "synchronised", in: .target,
                    help:
                        "Show one-way delays, on the assumption that the two hosts' clocks are synchronised. They are no "
                        + "more accurate than the clocks."
                ) { $0.isSynchronised = true },
                .value(
                    "fail-if", nil, "LIMITS", in: .target,
                    help: "Exit with status 4 if a limit is exceeded, for instance "
                        + "'network.p99>50us,loss>0.1%'.",
                    as: parseLimits
                ) { $0.report.limits += $1 },
                .flag(
                    "self", in: .target,
                    help:
                        "Measure afprobe itself, and this host's kernel, in a private network without a NIC. Takes neither "
                        + "interface nor MAC address. Default: 5000 requests with interval 0."
                ) { $0.measuresItself = true },
                .count("Send N requests, and end when each is answered or lost. Default: no limit."),
                .interval(
                    "Time between two requests. Default: 1s. With 0, stop-and-wait: send the next request when the "
                        + "reply and its follow-up have come."),
                .rate,
                .flag(
                    "adaptive", "A", in: .pace,
                    help: "Stop-and-wait, with a pause of one round trip after each reply."
                ) { $0.isAdaptive = true },
                .deadline,
                .timeout("How long to wait for a reply before the request is lost. Default: 1s."),
                .warmup,
                .realtime, .cpu, .spinForFrames,
                .size, .etherType, .vlan, .priority, .qdiscBypass,
                .udp("Send the requests in UDP datagrams."),
                .sourceAddress, .destinationAddress, .sourcePort, .destinationPort,
                .ptp,
                .flag("histogram", in: .output, help: "Draw the distribution of the round trips.") {
                    $0.report.drawsHistogram = true
                },
                .value(
                    "hgrm", nil, "FILE", in: .output, completion: .files,
                    help:
                        "Write the distribution of the round trips in the format of HdrHistogram's plotters.",
                    as: parseOutputFile
                ) { $0.report.percentileFile = $1 },
            ] + OptionSpec.outputOptions(verbose: "Show all fourteen stamps of each round trip."),
            operands: [
                OperandSpec(
                    "MAC", isRequired: true,
                    help: "The MAC address of the host to ping.",
                    as: parseStationAddress
                ) { $0.destination = $1 }
            ],
            exemption: Exemption(option: "self"))
    }
}

extension PingOptions {
    var startsProgram: Bool { measuresItself }

    func run(_ console: Console) throws(Failure) -> ExitStatus {
        if measuresItself { return try runAgainstItself(console) }
        let request = try FrameRequest(
            traffic, to: destination, messageLength: ProbeMessage.exchangeLength)
        if let address = traffic.destinationAddress, !address.isHost {
            throw .usage("Invalid value '\(address)' for --dst-addr", hint: "expected one host's address")
        }
        let interface = try openInterface(traffic.interface, console)
        guard destination != interface.address else { throw .ownAddress(of: interface) }
        let (shape, size) = try request.shape(on: interface)
        let report = try PingSummary(report, peer: destination)
        let signals = try console.begin(capturingTo: traffic.captureFile)
        // Stages cost a fifth of the sending rate: they are measured only if something shows them.
        console.replyDetail =
            console.isDetailed ? .everything : self.report.showsStages ? .stages : .usual
        let plan = plan(shape, size, hasStages: console.replyDetail != .usual)
        let (result, failure) = try reportingFailures { () throws(RunError) in
            try ping(on: interface, plan, report, signals, console)
        }
        try report.writePercentiles(result)
        if let failure { throw Failure(failure) }
        let counts = result.counts
        guard counts[.received] + counts[.late] == 0 else {
            return report.judge(result, console) ? .measured : .exceeded
        }
        guard counts[.sent] > 0 else { throw .nothingSent(on: interface, afterWarmup: traffic.warmup) }
        throw .noReply(from: destination, counts)
    }

    /// Pings until the run ends, and writes the summary, even after a failure.
    ///
    /// - Returns: the measurement, and the reason of a failure.
    private func ping(
        on interface: NetworkInterface, _ plan: PingPlan, _ report: borrowing PingSummary,
        _ signals: RunSignals, _ console: Console
    ) throws(RunError) -> (PingResult, RunError?) {
        // Before the guard, which would look like a PTP program.
        var lease = try HardwareLease(
            on: interface, [.transmit, .receive], plan.stampFilters, traffic.hardware, console)
        defer { lease.end(console) }
        let portGuard: PortGuard? =
            if traffic.usesUDP { try guardPort(traffic.effectiveSourcePort, console) } else { nil }
        var run = try PingRun(on: interface, plan, lease.snapshot, console)
        console.beginStatus()
        let failure = try carryOut(&run, traffic.scheduling, under: lease, signals, console)
        _ = consume portGuard
        run.finish()
        let reasons = run.reasonsForMissingHardware()
        report.write(run.result, elapsed: run.elapsed, missingHardware: reasons, console)
        return (run.result, failure)
    }

    /// Pings its own responder in a network namespace of its own.
    private func runAgainstItself(_ console: Console) throws(Failure) -> ExitStatus {
        guard traffic.interface.isEmpty, destination == .zero else {
            throw .usage(
                "Option --self takes neither an interface nor a MAC address",
                hint: "it measures in a private network: afprobe ping --self")
        }
        let responder: ChildProcess
        var values = self
        do throws(SystemError) {
            let (near, far) = try PrivateNetwork.enter(joining: "self0", "self1")
            values.traffic.interface = near.name
            values.destination = far.address
            responder = try ChildProcess(
                path: "/proc/self/exe",
                arguments: [
                    "listen", "-i", far.name, "-q", "--stats", "10ms", "--format", "logfmt",
                    "--reply-limit", "1000000000",
                ] + likewise)
        } catch {
            throw Failure("Cannot make a private network", error)
        }
        SystemCallFilter.begin(with: responder)
        guard responder.waitForOutput() else { throw .responderNotStarted }
        values.measuresItself = false
        values.traffic.hardware = .off
        if traffic.givenInterval == nil { values.traffic.givenInterval = 0 }
        if traffic.count == nil, traffic.deadline == nil { values.traffic.count = 5000 }
        let result = Result { () throws(Failure) in try values.run(console) }
        switch responder.ending() {
        // A Ctrl-C ends both.
        case nil, .exited(ExitStatus.measured.rawValue), .exited(ExitStatus.nothingCame.rawValue): break
        case let ending?: throw .responderEnded(ending)
        }
        return try result.get()
    }

    /// The options that the responder needs to accept and await these requests.
    private var likewise: [String] {
        (traffic.usesUDP ? ["--udp"] : []) + (traffic.isPTP ? ["--ptp"] : [])
            + (traffic.etherType.map { ["--ethertype", "\($0.rawValue)"] } ?? [])
            + (traffic.destinationPort.map { ["--dst-port", "\($0)"] } ?? [])
    }

    private func plan(_ shape: FrameShape, _ size: Int, hasStages: Bool) -> PingPlan {
        let filter: SocketFilter =
            if case .ethernet(let type) = shape.carrier {
                .frames(of: type, to: [shape.source])
            } else {
                .datagrams(to: traffic.effectiveSourcePort, destinations: [shape.source])
            }
        let transmit = TransmitPlan(
            shape: shape, size: size, options: traffic.transmitOptions(hasStages ? .scheduled : .sent),
            interval: isAdaptive ? 0 : traffic.interval, count: traffic.count, warmup: traffic.warmup,
            deadline: traffic.deadline, timeout: traffic.timeout, followUpTimeout: traffic.timeout)
        return PingPlan(
            transmit: transmit, receive: ReceiveOptions(filter: filter), stampFilters: traffic.receiveFilters,
            hasStages: hasStages,
            isSynchronised: isSynchronised, isAdaptive: isAdaptive, spins: traffic.spins)
    }
}
