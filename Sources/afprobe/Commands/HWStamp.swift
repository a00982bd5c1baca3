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
                    "receiver", nil, "IF", in: .target, completion: .ethernetInterfaces,
                    help:
                        "With --verify: another interface of this host, cabled to the first. It receives the frames, and "
                        + "its receive stamps are tested, too.",
                    as: parseInterfaceName
                ) { $0.receiver = $1 },
                .value(
                    "peer", nil, "MAC", in: .target, completion: .neighbours,
                    help:
                        "With --verify: the address of a host that runs afprobe listen. The stamps that it reports are "
                        + "shown, and the receive stamps of its answers are tested here. It answers plain frames "
                        + "and, if started with --ptp or --udp, those of that shape.",
                    as: parseStationAddress
                ) { $0.peer = $1 },
            ] + OptionSpec.formatOptions + [.controlPath],
            operands: [
                OperandSpec(
                    "IF", isRequired: false, isRepeated: true, completion: .ethernetInterfaces,
                    help: "The interfaces to show. Default: all Ethernet interfaces.",
                    as: parseInterfaceName
                ) { $0.interfaces.append($1) }
            ],
            operandOption: ("interface", "i"))
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
        console.concludeVerification(
            isKept: ending == .kept ? true : ending == .breached ? false : nil)
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
        let holders = try? TimestampingLease.holders(of: interface)
        let report = CapabilityReport(
            interface: interface.name, capabilities: capabilities, setting: setting,
            driver: try? interface.driver(), bus: (try? interface.busAddress()) ?? nil,
            virtualClocks: path == .ioctl ? nil : try? interface.virtualClocks(),
            providers: path == .ioctl ? nil : try? interface.timestampingProviders(), holders: holders,
            clockOffset: capabilities?.clockIndex.flatMap(offset(ofPTPClock:)))
        console.write(report)
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

private func offset(ofPTPClock index: Int) -> PTPClock.CrossTimestamp? {
    do throws(SystemError) { return try PTPClock(index: index).crossTimestamp() } catch { return nil }
}
