import AFPacketKit

struct HWStampOptions: CommandOptions, HasControlPath {
    var interfaces: [String] = []
    var verifies = false
    var receiver: String?
    var peer: MACAddress?
    var path = ControlPath.automatic
    var output = OutputOptions()
}

extension CommandSpec<HWStampOptions> {
    static var hwstamp: CommandSpec {
        CommandSpec(
            name: "hwstamp",
            summary: "Show the timestamping capabilities and settings of NICs",
            discussion: """
                Prints a line "Hardware Timestamping" for each interface named, or for every Ethernet \
                interface: the stamps that its driver and NIC can take, the NIC's clock (phc), the virtual clocks \
                on top of it (vclocks) and the current setting. If the NIC's clock may be opened, its offset from \
                the system's clock is shown, with the error of that offset. Newer kernels also tell the source of \
                the stamps (mac or phy), the provider (its clock and quality) and the driver's counters of \
                transmit stamps: taken (tx_stamped), lost (tx_lost) and failed (tx_errors). tai_offset is the \
                kernel's TAI - UTC offset in seconds; 0 means that it is not set. Needs no privilege. The names \
                are those of ethtool -T.

                The option --verify tests the claims of one interface: afprobe sends a few frames of each shape \
                (plain, VLAN, PTP over Ethernet and over UDP) to a group address that bridges do not forward, and \
                prints which stamps came back, how late, and up to which rate. Exit status 4 if a claim is not kept.
                """,
            initial: HWStampOptions(),
            options: [
                .flag("verify", in: .target, help: "Test the claims of one interface by sending frames.") {
                    $0.verifies = true
                },
                .value(
                    "receiver", nil, "IF", in: .target, completion: .interfaces,
                    help:
                        "With --verify: another interface of this host, cabled to the first. It receives the frames, and "
                        + "its receive stamps are tested, too.",
                    as: parseInterfaceName
                ) { $0.receiver = $1 },
                .value(
                    "peer", nil, "MAC", in: .target,
                    help:
                        "With --verify: the address of a host that runs afprobe listen. The stamps that it reports are "
                        + "shown, and the receive stamps of its answers are tested here. It answers plain frames "
                        + "and, if started with --ptp or --udp, those of that shape.",
                    as: parseStationAddress
                ) { $0.peer = $1 },
            ] + OptionSpec.formatOptions + [.controlPath],
            operands: [
                OperandSpec(
                    "IF", isRequired: false, isRepeated: true, completion: .interfaces,
                    help: "The interfaces to show. Default: all Ethernet interfaces.",
                    as: parseInterfaceName
                ) { $0.interfaces.append($1) }
            ])
    }
}

extension HWStampOptions {
    var isFiltered: Bool { verifies }

    func run(_ console: Console) throws(Failure) -> ExitStatus {
        if verifies { return try verify(console) }
        for (isGiven, option) in [(receiver != nil, "--receiver"), (peer != nil, "--peer")] where isGiven {
            throw .usage("Option \(option) has no meaning without --verify", hint: "add --verify")
        }
        return try describe(console)
    }

    private func verify(_ console: Console) throws(Failure) -> ExitStatus {
        guard interfaces.count == 1, let name = interfaces.first else {
            throw .usage(
                "Option --verify takes one interface", hint: "for instance: afprobe hwstamp --verify eth0")
        }
        if receiver != nil, peer != nil {
            throw .usage("--receiver and --peer exclude each other", hint: "leave one of them out")
        }
        if path != .automatic {
            throw .usage("Option --via has no meaning with --verify", hint: "leave one of them out")
        }
        let interface = try openInterface(name, console)
        let witness: VerificationWitness =
            if let receiver {
                .interface(try openInterface(receiver, console))
            } else if let peer {
                .peer(peer)
            } else {
                .nobody
            }
        let signals = try console.begin()
        let ending = try reportingFailures { () throws(RunError) in
            var verification = StampVerification(of: interface, witness: witness, signals, console)
            return try verification.run()
        }
        switch ending {
        case .kept: return .measured
        case .breached: return .exceeded
        case .unwitnessed: throw .unwitnessed(witness, from: interface)
        case .stopped:
            throw Failure(status: .nothingCame, message: "The verification ended before it was complete")
        }
    }

    private func describe(_ console: Console) throws(Failure) -> ExitStatus {
        var failure: Failure?
        for interface in try selectedInterfaces() {
            // A failure of one interface does not hide the others.
            do throws(Failure) { try describe(interface, console) } catch {
                if let failure { console.log(failure) }
                failure = error
            }
        }
        if let failure { throw failure }
        return .measured
    }

    private func selectedInterfaces() throws(Failure) -> [NetworkInterface] {
        if interfaces.isEmpty { return try ethernetInterfaces() }
        var found: [NetworkInterface] = []
        for name in interfaces { found.append(try lookUpInterface(name)) }
        return found
    }

    private func ethernetInterfaces() throws(Failure) -> [NetworkInterface] {
        let names: [String]
        do throws(SystemError) { names = try NetworkInterface.names() } catch {
            throw Failure("Cannot list the network interfaces", error)
        }
        // An interface that disappears between the two calls is left out.
        let found = names.compactMap { try? NetworkInterface(named: $0) }.filter(\.isEthernet)
        guard !found.isEmpty else {
            throw .refused("This network namespace has no Ethernet interface")
        }
        return found
    }

    private func describe(_ interface: NetworkInterface, _ console: Console) throws(Failure) {
        let capabilities = try reading("what it can stamp", interface) {
            () throws(SystemError) in try interface.timestampingCapabilities(via: path)
        }
        let setting = try reading("its setting", interface) {
            () throws(SystemError) in try interface.hardwareTimestampingSetting(via: path)
        }
        let virtualClocks = path == .ioctl ? nil : try? interface.virtualClocks()
        let holders = try? TimestampingLease.holders(of: interface)
        let providers = path == .ioctl ? nil : try? interface.timestampingProviders()
        console.write(.info, "Hardware Timestamping") { line in
            line.name("bus", (try? interface.busAddress()) ?? nil)
            line.list("capabilities", capabilities?.flags.names ?? [])
            line.name("driver", try? interface.driver())
            line.string("interface", interface.name)
            let pids = holders?.runs.map { run in run.process.map { "\($0.process)" } ?? "unknown" }
            line.knownList("lease_pids", pids)
            line.string("original_rx_filter", holders?.runs.first?.original.receiveFilter.description)
            line.string("original_tx_type", holders?.runs.first?.original.transmitType.description)
            line.clock(capabilities?.clockIndex)
            line.string("provider", capabilities?.provider?.description)
            line.knownList("providers", providers?.map(\.description), worthFrom: 2)
            line.name("rx_filter", setting?.receiveFilter.description)
            line.list("rx_filters", capabilities?.receiveFilterNames ?? [])
            line.string("source", capabilities?.source?.description)
            line.integer("source_phy", capabilities?.source?.phyIndex.map(Int64.init))
            line.integer("tai_offset", Int64(Timestamp.kernelTAIOffset()))
            line.counters(capabilities?.statistics)
            line.name("tx_type", setting?.transmitType.description)
            line.list("tx_types", capabilities?.transmitTypeNames ?? [])
            line.knownList("vclocks", virtualClocks?.map { "ptp\($0)" })
        }
        if let note = holders?.leftOn { console.diagnosed(.timestampingLeftOn(interface.name, note)) }
    }

    /// The driver's answer; nil if the driver does not support the request, which is also an answer.
    private func reading<Answer>(
        _ what: String, _ interface: NetworkInterface, _ read: () throws(SystemError) -> Answer
    ) throws(Failure) -> Answer? {
        do throws(SystemError) { return try read() } catch  where error.code == .notSupported {
            return nil
        } catch {
            throw Failure(
                "Cannot ask interface \(interface.name) for \(what)", error, interface: interface)
        }
    }
}

extension Line {
    /// A name; if nil, `none` in text and null in JSON.
    fileprivate mutating func name(_ key: StaticString, _ value: String?) {
        string(key, value ?? (format == .json ? nil : "none"))
    }

    /// A list that not every kernel provides: shown in text only if it is long enough, null in JSON if unknown.
    fileprivate mutating func knownList(_ key: StaticString, _ values: [String]?, worthFrom least: Int = 1) {
        guard let values else { return string(key, nil) }
        if format == .json || values.count >= least { list(key, values) }
    }

    fileprivate mutating func counters(_ statistics: TimestampingStatistics?) {
        integer("tx_errors", statistics?.errors.map(Int64.init(clamping:)))
        integer("tx_lost", statistics?.lost.map(Int64.init(clamping:)))
        integer("tx_onestep_unconfirmed", statistics?.oneStepUnconfirmed.map(Int64.init(clamping:)))
        integer("tx_stamped", statistics?.stamped.map(Int64.init(clamping:)))
    }

    /// The NIC's clock and its offset from the system clock; without the offset if the device cannot be opened or
    /// read.
    fileprivate mutating func clock(_ index: Int?) {
        if let index { integer("phc", UInt64(index)) } else { name("phc", nil) }
        let offset = index.flatMap(offset(ofPTPClock:))
        integer("phc_error_ns", offset?.error)
        string("phc_method", offset?.method.rawValue)
        readableDuration("phc_offset", offset?.offset)
        integer("phc_offset_ns", offset?.offset)
        string(
            "phc_timescale",
            offset.map { Timescale(offset: $0.offset, kernelTAIOffset: Timestamp.kernelTAIOffset()).rawValue }
        )
    }
}

private func offset(ofPTPClock index: Int) -> PTPClock.CrossTimestamp? {
    do throws(SystemError) { return try PTPClock(index: index).crossTimestamp() } catch { return nil }
}
