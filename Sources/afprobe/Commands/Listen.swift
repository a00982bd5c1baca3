import AFPacketKit

struct ListenOptions: HasTraffic {
    var traffic = TrafficOptions()
    var filter: String?
    var groups: [MACAddress] = []
    var isPromiscuous = false
    var replies = true
    var replyLimit: UInt64?
    var replyAddresses: [IPAddress] = []
    var allowsRouted = false
    var usesRing = false
    var threads = 1
}

extension CommandSpec<ListenOptions> {
    static var listen: CommandSpec {
        CommandSpec(
            name: "listen",
            summary: "Print the receive stamps of probes, and answer pings",
            discussion: """
                Prints a line "RX Recvmsg" for each probe that is addressed to the interface, to broadcast or to a \
                group address (--group), with its stamps: hardware (the NIC received the frame), software (the \
                kernel) and userspace (afprobe). Answers the requests of afprobe ping.
                """,
            initial: ListenOptions(),
            options: [
                .interface,
                .hardware,
                .value(
                    "group", nil, "MAC", in: .target,
                    help:
                        "Also receive probes to this group address, and have the NIC let them through. May be given "
                        + "several times.",
                    as: parseGroupAddress
                ) { $0.groups.append($1) },
                .flag(
                    "promiscuous", in: .target,
                    help:
                        "Turn on promiscuous mode, for probes that the NIC's own filters would drop, such as its VLAN "
                        + "filter."
                ) { $0.isPromiscuous = true },
                .value(
                    "filter", nil, "EXPRESSION", in: .target,
                    help: "Receive only probes that a pcap-filter(7) expression also matches; needs libpcap.",
                    as: parseText
                ) { $0.filter = $1 },
                .flag("no-reply", in: .target, help: "Answer no pings.") { $0.replies = false },
                .value(
                    "reply-limit", nil, "N", in: .target,
                    help:
                        "Answer at most N pings a second, of all hosts together. Default: 100000. The answers take at "
                        + "most 500 Mb/s in any case.",
                    as: numberParser(1...1_000_000_000, "a number of pings a second")
                ) { $0.replyLimit = $1 },
                .value(
                    "address", nil, "ADDR", in: .target,
                    help:
                        "With --udp: also answer pings to this address, which the interface does not have. May be given "
                        + "several times.",
                    as: parseOwnAddress
                ) { $0.replyAddresses.append($1) },
                .flag(
                    "allow-routed", in: .target,
                    help:
                        "With --udp: also answer hosts behind routers, whose addresses are not on the link."
                ) { $0.allowsRouted = true },
                .count("End after N probes. Default: no limit."),
                .deadline,
                .ring, .fanOut,
                .realtime, .cpu, .spinForFrames,
                .etherType,
                .udp("Receive probes in UDP datagrams, over IPv4 and IPv6."),
                .destinationPort(),
                .ptp,
                .statistics(
                    "Time between two lines RX Stats, with the kernel's counters. Default: 5s; with -q, at the end alone."
                ),
            ] + OptionSpec.outputOptions(verbose: "Show more of each frame: addresses, kind, size, VLAN."),
            operands: [], exclusions: sharedExclusions, wordsStandFor: ["interface"])
    }
}

extension OptionSpec<ListenOptions> {
    fileprivate static var ring: OptionSpec {
        .flag(
            "ring", in: .pace,
            help:
                "Receive through a ring of 64 MiB shared with the kernel, for load: frames come in blocks, up to 8 ms "
                + "late. Each has the hardware stamp or, if the NIC took none or --hardware is off, the software stamp, "
                + "not both. All frames of a block have one userspace stamp."
        ) { $0.usesRing = true }
    }

    fileprivate static var fanOut: OptionSpec {
        .value(
            "fanout", nil, "N", in: .pace,
            help:
                "Receive in N threads, 1 to 8, which get the frames in turn. Lines are in order within each thread "
                + "only. Default: 1.",
            as: numberParser(1...8, "a number of threads")
        ) { $0.threads = Int($1) }
    }
}

extension ListenOptions {
    func check() throws(ArgumentError) {
        try traffic.checkUDPOptions()
        try checkReplyOptions()
    }

    func run(_ console: Console) throws(Failure) -> ExitStatus {
        if threads > 1, traffic.captureFile != nil {
            throw .usage("--pcap and --fanout exclude each other", hint: "leave one of them out")
        }
        let captureFilter: SocketFilter? =
            if let filter { try compile(filter) } else { nil }
        let interface = try openInterface(traffic.interface, hardware: traffic.hardware, console)
        console.context.interface = interface.name
        let signals = try console.begin(capturingTo: traffic.captureFile)
        let plan = plan(on: interface, captureFilter)
        let failure = try reportingFailures { () throws(RunError) in
            try listen(on: interface, plan, signals, console)
        }
        if let failure { throw failure }
        return .measured
    }

    /// Rejects options about replies if there are none, or none of that kind.
    private func checkReplyOptions() throws(ArgumentError) {
        let given = [
            (replyLimit != nil, "--reply-limit", needsUDP: false),
            (!replyAddresses.isEmpty, "--address", needsUDP: true),
            (allowsRouted, "--allow-routed", needsUDP: true),
        ]
        for (isGiven, option, needsUDP) in given where isGiven {
            guard replies else { throw .excluded("--no-reply", option) }
            guard !needsUDP || traffic.usesUDP else { throw .meaningless(option, without: "--udp") }
        }
    }

    private func rules(on interface: NetworkInterface) -> ReplyRules {
        ReplyRules(
            limit: replyLimit ?? 100_000, given: replyAddresses, allowsRouted: allowsRouted,
            addresses: (try? interface.interfaceAddresses()) ?? [],
            isOnLink: { (try? interface.isOnLink($0)) ?? false })
    }

    private func plan(on interface: NetworkInterface, _ captureFilter: SocketFilter?) -> ListenPlan {
        func taken(at address: MACAddress) -> SocketFilter {
            traffic.carrier.filter(to: [address, .broadcast] + groups)
        }
        func filter(for address: MACAddress) -> SocketFilter { restricted(taken(at: address)) }
        func restricted(_ filter: SocketFilter) -> SocketFilter {
            captureFilter.map { filter.and($0) } ?? filter
        }
        return ListenPlan(
            receive: ReceiveOptions(
                filter: filter(for: interface.address), usesRing: usesRing, threads: threads,
                prefersHardware: traffic.hardware != .off, groups: groups, isPromiscuous: isPromiscuous),
            carrier: traffic.carrier, isPTP: traffic.isPTP, filter: filter(for:),
            otherForms: { restricted(.otherForms(than: taken(at: $0))) },
            stampFilters: traffic.receiveFilters,
            count: traffic.count, deadline: traffic.deadline,
            statisticsInterval: traffic.statisticsInterval ?? (traffic.output.isQuiet ? nil : 5_000_000_000),
            replies: replies ? rules(on: interface) : nil,
            spins: traffic.spins)
    }

    /// Receives until the run ends, and writes the summary, even after a failure.
    ///
    /// - Returns: the failure if no probe was received; else nil.
    private func listen(
        on interface: NetworkInterface, _ plan: ListenPlan, _ signals: RunSignals, _ console: Console
    ) throws(RunError) -> Failure? {
        // The responder's answers need transmit stamps.
        var lease = try HardwareLease(
            on: interface, replies ? [.receive, .transmit] : .receive, plan.stampFilters, traffic.hardware,
            console)
        defer { lease.end(console) }
        let snapshot = lease.snapshot
        func run<Source: ProbeSource & ~Copyable>(
            _ open: () throws(SystemError) -> Source
        ) throws(RunError) -> Failure? {
            // After the lease, to which it would look like a PTP program.
            let portGuard: PortGuard? =
                if traffic.usesUDP { try guardPort(traffic.effectiveDestinationPort, console) } else { nil }
            var run = try ListenRun(on: interface, plan, snapshot, console, open: open)
            let start = start(on: interface, snapshot, plan)
            // A script that wants no lines does not want this one either.
            if !traffic.output.isQuiet || console.areDiagnosticsForPeople { console.log(Message(start)) }
            let failure = try carryOut(&run, traffic.scheduling, under: lease, signals, console)
            _ = consume portGuard
            if failure == nil { run.tellStatistics() }
            let result = run.finish()
            console.write(result)
            if let failure { throw failure }
            return run.hasMeasured ? nil : .noProbe(start, otherForms: result.otherForms)
        }
        let receive = plan.receive
        switch (receive.usesRing, receive.threads) {
        case (false, 1): return try run { () throws(SystemError) in try receive.openReceiver(on: interface) }
        case (true, 1): return try run { () throws(SystemError) in try receive.openRing(on: interface) }
        case (false, let count):
            return try run { () throws(SystemError) in
                try FanOutReceiver(count) { (group: inout FanOutGroup, bell) throws(SystemError) in
                    try receive.startReceiver(on: interface, in: &group, bell)
                }
            }
        case (true, let count):
            return try run { () throws(SystemError) in
                try FanOutReceiver(count) { (group: inout FanOutGroup, bell) throws(SystemError) in
                    try receive.startRing(on: interface, in: &group, bell)
                }
            }
        }
    }

    private func start(
        on interface: NetworkInterface, _ snapshot: TimestampingSnapshot, _ plan: ListenPlan
    ) -> ListenStart {
        ListenStart(
            form: ListenForm(interface: interface, carrier: plan.carrier, isPTP: traffic.isPTP),
            addresses: ((try? interface.interfaceAddresses()) ?? []).map(\.own), given: replyAddresses,
            answers: replies, hindrance: snapshot.receiveHardwareHindrance(stampedBy: plan.stampFilters))
    }

    private func compile(_ text: String) throws(Failure) -> SocketFilter {
        // libpcap would look for the tag in the frame, which no longer has it, and the filter would match nothing.
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
