import AFPacketKit

/// The options of `afprobe listen`.
struct ListenOptions: HasTraffic {
    var traffic = TrafficOptions()
    var statisticsInterval: Int64 = 5_000_000_000
    var filter: String?
    var groups: [MACAddress] = []
    var isPromiscuous = false
    var replies = true
    var replyLimit: UInt64 = 1_000_000
    var usesRing = false
    var threads = 1
}

extension CommandSpec<ListenOptions> {
    static var listen: CommandSpec {
        CommandSpec(
            name: "listen",
            summary: "Print when probes arrived, and answer pings",
            discussion: """
                Prints a line "RX Recvmsg" for each probe that is addressed to the interface, to \
                broadcast or to a --group: when the NIC (hardware), the kernel (software) and afprobe (userspace) saw it. \
                Answers the requests of afprobe ping.
                """,
            initial: ListenOptions(),
            options: [
                .interface,
                .hardware,
                .value(
                    "group", nil, "MAC", in: .target,
                    help: "Take the probes to a group, too, and have the NIC let them through. May be given "
                        + "several times.",
                    as: parseGroupAddress
                ) { $0.groups.append($1) },
                .flag(
                    "promiscuous", in: .target,
                    help: "Have the NIC let every frame through, for probes that its own filters, such as "
                        + "that for VLANs, would keep away."
                ) { $0.isPromiscuous = true },
                .value(
                    "filter", nil, "EXPRESSION", in: .target,
                    help: "Take only frames that an expression of pcap-filter(7) accepts too; needs libpcap.",
                    as: parseText
                ) { $0.filter = $1 },
                .flag("no-reply", in: .target, help: "Answer no pings.") { $0.replies = false },
                .value(
                    "reply-limit", nil, "PPS", in: .target,
                    help: "Answer at most so many pings a second. Default: 1000000.",
                    as: numberParser(1...1_000_000_000, "a number of replies a second")
                ) { $0.replyLimit = $1 },
                .count("End after N probes. Default: listen without end."),
                .deadline,
                .ring, .fanOut,
                .realtime, .cpu, .spinForFrames,
                .etherType,
                .udp("Take probes in UDP datagrams, over IPv4 and IPv6."),
                .destinationPort,
                .ptp,
                .value(
                    "stats", nil, "TIME", in: .output,
                    help: "How often to print the line RX Stats with the kernel's counters. Default: 5s.",
                    as: parseReportInterval
                ) { $0.statisticsInterval = $1 },
            ] + OptionSpec.outputOptions(verbose: "Show more of each frame: addresses, kind, size, VLAN."),
            operands: [],
            run: { (values: ListenOptions, console: inout Console) throws(Failure) in
                try values.run(&console)
            },
            output: \.traffic.output)
    }
}

extension OptionSpec<ListenOptions> {
    fileprivate static var ring: OptionSpec {
        .flag(
            "ring", in: .pace,
            help:
                "Receive through 64 MiB of memory shared with the kernel, for load: frames come in blocks, up to "
                + "8 ms late, and with one stamp each: the hardware stamp where the NIC took one, unless --hardware is "
                + "off, else the software stamp. The userspace stamp is when afprobe got the block."
        ) { $0.usesRing = true }
    }

    fileprivate static var fanOut: OptionSpec {
        .value(
            "fanout", nil, "N", in: .pace,
            help:
                "Receive by N threads, 1 to 8, which get the frames in turn. Their lines are in order for each thread "
                + "alone. Default: 1.",
            as: numberParser(1...8, "a number of threads")
        ) { $0.threads = Int($1) }
    }
}

extension ListenOptions {
    fileprivate func run(_ console: inout Console) throws(Failure) -> ExitStatus {
        try traffic.checkUDPOptions()
        if threads > 1, traffic.captureFile != nil {
            throw .usage("--pcap and --fanout exclude each other", hint: "leave one of them out")
        }
        let captureFilter: SocketFilter? =
            if let filter { try compile(filter) } else { nil }
        let interface = try openInterface(traffic.interface, &console)
        let signals = try console.begin(capturingTo: traffic.captureFile)
        let port = traffic.effectiveDestinationPort
        let destinations = [interface.address, .broadcast] + groups
        let probes: SocketFilter =
            traffic.usesUDP
            ? .datagrams(to: port, destinations: destinations)
            : .frames(of: traffic.effectiveEtherType, to: destinations)
        let portGuard: PortGuard? = if traffic.usesUDP { try guarding(port: port, &console) } else { nil }
        // Answers are stamped as they leave, too.
        var lease = try HardwareLease(
            on: interface, replies ? [.receive, .transmit] : .receive, traffic.receiveFilters,
            traffic.hardware, &console)
        defer { lease.end(&console) }
        let plan = ListenPlan(
            filter: captureFilter.map { probes.and($0) } ?? probes,
            usesRing: usesRing, threads: threads, prefersHardware: traffic.hardware != .off,
            stampFilters: traffic.receiveFilters, groups: groups, isPromiscuous: isPromiscuous,
            count: traffic.count, deadline: traffic.deadline, statisticsInterval: statisticsInterval,
            replyLimit: replies ? replyLimit : nil, isQuiet: traffic.output.isQuiet,
            spins: traffic.spins)
        let hasMeasured = try listen(on: interface, plan, lease, signals, &console)
        _ = consume portGuard
        guard !hasMeasured else { return .measured }
        throw Failure(
            status: .nothingCame, message: "No probe came",
            hint: "send some from another host: afprobe send -i IF -d \(interface.address)")
    }

    /// Listens in the way that the plan says.
    ///
    /// - Returns: whether any probe came.
    private func listen(
        on interface: NetworkInterface, _ plan: ListenPlan, _ lease: borrowing HardwareLease,
        _ signals: RunSignals, _ console: inout Console
    ) throws(Failure) -> Bool {
        func run<Source: ProbeSource & ~Copyable>(
            _ open: () throws(SystemError) -> Source
        ) throws(Failure) -> Bool {
            var listener = try Listener(on: interface, plan, open: open)
            let schedule = try Schedule(traffic.schedule, &console)
            try dropPrivileges(keepingThoseOf: lease)
            try listener.run(signals, &console)
            _ = consume schedule
            return listener.hasMeasured
        }
        func receiver(_ filter: SocketFilter) throws(SystemError) -> Receiver {
            try plan.openReceiver(on: interface, filter)
        }
        func ring(_ filter: SocketFilter) throws(SystemError) -> RingReceiver {
            try plan.openRing(on: interface, filter)
        }
        switch (plan.usesRing, plan.threads) {
        case (false, 1): return try run { () throws(SystemError) in try receiver(plan.filter) }
        case (true, 1): return try run { () throws(SystemError) in try ring(plan.filter) }
        case (false, let count):
            return try run { () throws(SystemError) in
                try FanOutReceiver(count, taking: plan.filter, open: receiver)
            }
        case (true, let count):
            return try run { () throws(SystemError) in
                try FanOutReceiver(count, taking: plan.filter, open: ring)
            }
        }
    }

    private func compile(_ text: String) throws(Failure) -> SocketFilter {
        // libpcap would look for the tag in the frame, in vain, and the filter would match nothing.
        if text.split(whereSeparator: { !$0.isLetter }).contains("vlan") {
            throw .usage(
                "Option --filter cannot test VLAN tags",
                hint: "the kernel takes them out of frames before a filter runs; -v shows each frame's")
        }
        do throws(PcapError) { return try SocketFilter(expression: text) } catch {
            throw .pcap(error, of: "--filter", "Invalid value '\(text)' for --filter", status: .usage)
        }
    }
}

/// Keeps the kernel from answering the datagrams to a port with ICMP port unreachable.
func guarding(port: UInt16, _ console: inout Console) throws(Failure) -> PortGuard? {
    do throws(SystemError) { return try PortGuard(port: port) } catch
        where error.code == .addressInUse || error.code == .accessDenied
    {
        let why = error.code == .addressInUse ? "belongs to another program" : "needs CAP_NET_BIND_SERVICE"
        console.report(.warning, "UDP port \(port) \(why) and is not guarded") { line in
            line.string("hint", "where nobody else listens, the kernel answers by ICMP port unreachable")
        }
        return nil
    } catch {
        throw Failure("Cannot take UDP port \(port)", error)
    }
}
