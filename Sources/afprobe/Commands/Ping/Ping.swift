import AFPacketKit

struct PingOptions: HasTraffic {
    var traffic = TrafficOptions()
    var target: PingTarget?
    var givenProtocol: PingProtocolName?
    /// True for a name's IPv4 addresses, false for its IPv6 addresses; nil for any.
    var wantsVersion4: Bool?
    /// Of the sockets for IP; the stamps are added later.
    var internet = DatagramSocket.Options(timestamping: [])
    var givenCodePoint: Int?
    var domain: UInt8?
    var profile: PTPProfile?
    var isForced = false
    var measuresItself = false
    var isAdaptive = false
    var isSynchronised = false
    var report = PingSummaryOptions()
}

extension CommandSpec<PingOptions> {
    static var ping: CommandSpec {
        CommandSpec(
            name: "ping",
            summary: "Measure the round trip to a host",
            discussion: """
                Measures the round trip to a host. A MAC address is that of a host that runs afprobe listen; an IP \
                address or a name is that of any host, which answers ICMP echo. The option --protocol selects another. \
                Shows the round trip (rtt), the part of it inside the responder (turnaround), if that is known, and \
                the rest (network), by the best stamps available: hardware, software or userspace. The hosts' clocks \
                need not be synchronised.
                """,
            initial: PingOptions(),
            options: [
                .pingInterface,
                .protocolName,
                .flag("ipv4", "4", in: .target, help: "Use the IPv4 addresses of a host's name.") {
                    $0.wantsVersion4 = true
                },
                .flag("ipv6", "6", in: .target, help: "Use the IPv6 addresses of a host's name.") {
                    $0.wantsVersion4 = false
                },
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
                    "fail-if", nil, "LIMITS", in: .target, completion: .limits,
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
                .sourceAddress(
                    "With --udp, icmp, ntp, arp or ndp: the source address. Default: the interface's own; of icmp and ntp, the kernel's choice."
                ), .destinationAddress, .sourcePort,
                .destinationPort(
                    "With --udp or ntp: the destination port. Default: 61000; of PTP messages, 319; of ntp, 123."
                ),
                .ptp,
                .value(
                    "dscp", nil, "N", in: .frame,
                    help: "Differentiated services code point of IP datagrams, 0 to 63.",
                    as: numberParser(0...63, "a code point")
                ) { $0.givenCodePoint = Int($1) },
                .value(
                    "ttl", nil, "N", in: .frame, help: "Time to live, or hop limit, of IP datagrams.",
                    as: numberParser(1...255, "a number of hops")
                ) { $0.internet.hopLimit = Int($1) },
                .flag(
                    "df", in: .frame,
                    help: "Do not fragment IP datagrams: those that are too long are not delivered."
                ) {
                    $0.internet.forbidsFragments = true
                },
                .value(
                    "domain", nil, "N", in: .frame, help: "Domain of PTP messages. Default: 0.",
                    as: numberParser(0...255, "a domain")
                ) { $0.domain = UInt8($1) },
                .value(
                    "ptp-profile", nil, "PROFILE", in: .frame,
                    completion: .values(PTPProfile.allCases.map(\.rawValue)),
                    help: "Profile of PTP messages: 1588 (default) or 8021as, for bridges and gPTP.",
                    as: choiceParser(PTPProfile.self)
                ) { $0.profile = $1 },
                .flag(
                    "force", in: .target,
                    help: "Send PTP messages although another program takes part in PTP on the interface."
                ) { $0.isForced = true },
                .statistics(
                    "Also print a line PING Stats after each interval of this length, with its figures."),
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
                    "TARGET", isRequired: false, completion: .neighbours,
                    help:
                        "The host to ping: the MAC address of one that runs afprobe listen, or the IP address or name of "
                        + "any.",
                    as: parsePingTarget
                ) { $0.target = $1 }
            ],
            exclusions: sharedExclusions + [
                ("rate", "interval"),
                ("adaptive", "interval"), ("adaptive", "rate"), ("ipv4", "ipv6"),
            ])
    }
}

extension OptionSpec<PingOptions> {
    fileprivate static var pingInterface: OptionSpec {
        .value(
            "interface", "i", "IF", in: .target, completion: .interfaces,
            help:
                "The network interface to use. Required with a MAC address; otherwise the routing table decides.",
            as: parseInterfaceName
        ) { $0.traffic.interface = $1 }
    }

    fileprivate static var protocolName: OptionSpec {
        .value(
            "protocol", nil, "NAME", in: .target,
            completion: .values(PingProtocolName.allCases.map(\.rawValue)),
            help:
                "Protocol of the requests: afprobe (default for a MAC address), icmp (default for IP), arp, ndp, pdelay "
                + "and delay (PTP), ntp. See afprobe-protocols(7).",
            as: parseProtocolName
        ) { $0.givenProtocol = $1 }
    }
}

extension PingOptions {
    /// Else it starts another program first.
    var isFiltered: Bool { !measuresItself }

    func check() throws(ArgumentError) {
        let name = measuresItself ? .afprobe : chosenProtocol
        try checkHonoured(by: name)
        if target == nil, name != .pdelay, !measuresItself {
            throw .missingOperand("TARGET", help: CommandSpec.ping.operands[0].description.help)
        }
        let isStation =
            switch target {
            case .station?, nil: true
            case .address?, .name?: false
            }
        if isStation, !measuresItself, name.carrier == .ethernet, traffic.interface.isEmpty {
            throw .missingOption(OptionSpec.pingInterface.description)
        }
        if name == .afprobe { try traffic.checkUDPOptions(needsDestination: isStation) }
    }

    func run(_ console: Console) throws(Failure) -> ExitStatus {
        if measuresItself { return try runAgainstItself(console) }
        let name = chosenProtocol
        guard name == .afprobe else { return try runForeign(name, console) }
        let (interface, destination, address) = try responder(console)
        var options = self
        if traffic.usesUDP, traffic.destinationAddress == nil { options.traffic.destinationAddress = address }
        return try options.pingResponder(destination, on: interface, console)
    }

    /// The interface and the MAC address of the host that runs afprobe listen, and its IP address if that was given.
    private func responder(
        _ console: Console
    ) throws(Failure) -> (NetworkInterface, MACAddress, IPAddress?) {
        switch target {
        case nil: throw .missingTarget
        case .station(let address)?:
            guard !address.isGroup else { throw .isGroup(address) }
            // Wrong options first: the interface may be missing, too.
            try checkFrames(to: address)
            return (try openInterface(traffic.interface, hardware: traffic.hardware, console), address, nil)
        case let target?:
            let way = try target.way(
                by: traffic.interface.isEmpty ? nil : traffic.interface, from: nil,
                wantsVersion4: wantsVersion4,
                console)
            let interface = try openInterface(try way.outgoing.name, hardware: traffic.hardware, console)
            guard traffic.vlan == nil else { throw .unresolvable(way.address, on: interface) }
            return (interface, try way.station(for: .afprobe), way.address)
        }
    }

    @discardableResult
    private func checkFrames(to destination: MACAddress) throws(Failure) -> FrameRequest {
        let request = try FrameRequest(
            traffic, to: destination, messageLength: ProbeMessage.exchangeLength)
        if let address = traffic.destinationAddress, !address.isHost {
            throw .usage("Invalid value '\(address)' for --dst-addr", hint: "expected one host's address")
        }
        return request
    }

    private func pingResponder(
        _ destination: MACAddress, on interface: NetworkInterface, _ console: Console
    ) throws(Failure) -> ExitStatus {
        let request = try checkFrames(to: destination)
        guard destination != interface.address else { throw .ownAddress(of: interface) }
        let (shape, size) = try request.shape(on: interface)
        let peer = Peer.station(destination)
        let (result, _) = try measure(
            peer, on: interface, traffic.receiveFilters,
            guarding: traffic.usesUDP ? [traffic.effectiveSourcePort] : [], console
        ) { (hasStages, snapshot) throws(RunError) in
            try PingRun(on: interface, plan(shape, size, hasStages: hasStages), snapshot, console)
        }
        return try judge(result, on: interface, console) {
            .noAnswer(from: peer, silence(.afprobe, to: peer, on: interface, result))
        }
    }

    /// Pings until the run ends, and writes the summary, even after a failure.
    ///
    /// - Parameters:
    ///   - filters: the NIC filters that have the answers stamped.
    ///   - ports: the UDP ports that the kernel must not answer for, two at most.
    func measure<Answers: AnswerMatching>(
        _ peer: Peer, on interface: NetworkInterface, _ filters: [ReceiveFilter],
        guarding ports: [UInt16] = [],
        _ console: Console,
        _ open: (
            _ hasStages: Bool, _ snapshot: TimestampingSnapshot
        ) throws(RunError) -> PingRun<TimestampedSocket, Answers, Console>
    ) throws(Failure) -> (PingResult, Answers) {
        let summary = try PingSummary(report, peer: peer)
        console.context.interface = interface.name
        console.context.target = target?.text ?? "\(peer)"
        let signals = try console.begin(capturingTo: traffic.captureFile)
        // Stages cost a fifth of the sending rate: they are measured only if something shows them.
        console.replyDetail =
            console.isDetailed ? .everything : report.showsStages ? .stages : .usual
        let (result, answers, failure) = try reportingFailures { () throws(RunError) in
            // Before the guard, which would look like a PTP program.
            var lease = try HardwareLease(
                on: interface, [.transmit, .receive], filters, traffic.hardware, console)
            defer { lease.end(console) }
            var portGuard: PortGuard? =
                if let port = ports.first { try guardPort(port, tellsErrors: true, console) } else { nil }
            let other: PortGuard? =
                if let port = ports.dropFirst().first { try guardPort(port, console) } else { nil }
            var run = try open(console.replyDetail != .usual, lease.snapshot)
            run.keep(portGuard.take())
            try Self.awaitReceiveStamps()
            console.context.clock = lease.snapshot.preferredClock(stampedBy: filters)
            console.beginPing(to: peer, by: chosenProtocol)
            let failure = try carryOut(&run, traffic.scheduling, under: lease, signals, console)
            _ = consume other
            run.finish()
            let reasons = run.reasonsForMissingHardware()
            let result = run.result
            summary.write(
                result, elapsed: run.elapsed, missingHardware: reasons, facts: run.answers.facts, console)
            return (result, run.answers, failure)
        }
        try summary.writePercentiles(result, console)
        if let failure { throw Failure(failure) }
        return (result, answers)
    }

    /// Waits 10 ms: the kernel turns its receive stamps on a little after the first socket of the host has asked for
    /// them, and the first reply could lack its stamp.
    private static func awaitReceiveStamps() throws(RunError) {
        var pause = PollSet()
        do throws(SystemError) { try pause.wait(until: .now() + 10_000_000) } catch {
            throw RunError(.wait, error)
        }
    }

    /// The exit status by a result; throws the failure if nothing came.
    func judge(
        _ result: PingResult, on interface: NetworkInterface, _ console: Console,
        orFail failure: () -> Failure
    ) throws(Failure) -> ExitStatus {
        let counts = result.counts
        guard counts[.received] + counts[.late] == 0 else {
            return report.judge(result, console) ? .measured : .exceeded
        }
        guard counts[.sent] > 0 else { throw .nothingSent(on: interface, afterWarmup: traffic.warmup) }
        throw failure()
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
            deadline: traffic.deadline, timeout: traffic.timeout, followUpTimeout: traffic.timeout,
            statisticsInterval: traffic.statisticsInterval)
        return PingPlan(
            transmit: transmit, receive: ReceiveOptions(filter: filter), stampFilters: traffic.receiveFilters,
            hasStages: hasStages,
            isSynchronised: isSynchronised, isAdaptive: isAdaptive, spins: traffic.spins)
    }
}
