import AFPacketKit

/// The options of `afprobe hwstamp`.
struct HWStampOptions {
    var interfaces: [String] = []
    var output = OutputOptions()
}

extension CommandSpec<HWStampOptions> {
    static var hwstamp: CommandSpec {
        CommandSpec(
            name: "hwstamp",
            summary: "Show what network cards can stamp, and their present setting",
            discussion: """
                Prints a line "Hardware Timestamping" for each interface named, or for every Ethernet \
                interface: the stamps that its driver and NIC can take, the NIC's clock (phc) and the \
                setting now in force. Where the clock may be read, its offset to the system's clock is \
                shown with the error of that. Needs no privilege. The names are those of ethtool -T.
                """,
            initial: HWStampOptions(),
            options: OptionSpec.formatOptions(\.output),
            operands: [
                OperandSpec(
                    "IF", isRequired: false, isRepeated: true, completion: .interfaces,
                    help: "The interfaces to show. Default: all Ethernet interfaces.",
                    as: parseInterfaceName
                ) { $0.interfaces.append($1) }
            ],
            run: { (values: HWStampOptions, console: inout Console) throws(Failure) in
                try values.run(&console)
            },
            output: \.output)
    }
}

extension HWStampOptions {
    fileprivate func run(_ console: inout Console) throws(Failure) -> ExitStatus {
        var failure: Failure?
        for interface in try selectedInterfaces() {
            // One that cannot be asked does not hide the others.
            do throws(Failure) { try describe(interface, &console) } catch {
                if let failure { console.report(failure) }
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
        // One that goes away between the two calls is left out.
        let found = names.compactMap { try? NetworkInterface(named: $0) }.filter(\.isEthernet)
        guard !found.isEmpty else {
            throw .refused("This network namespace has no Ethernet interface")
        }
        return found
    }

    private func describe(_ interface: NetworkInterface, _ console: inout Console) throws(Failure) {
        let capabilities = try reading("what it can stamp", interface) {
            () throws(SystemError) in try interface.timestampingCapabilities()
        }
        let setting = try reading("its setting", interface) {
            () throws(SystemError) in try interface.hardwareTimestampingSetting()
        }
        let driver = try? interface.driver()
        let clock = capabilities?.clockIndex.flatMap(compare)
        console.write(.info, "Hardware Timestamping") { line in
            line.list("capabilities", capabilities?.flags.names ?? [])
            line.name("driver", driver)
            line.string("interface", interface.name)
            line.name("phc", clock: capabilities?.clockIndex)
            line.integer("phc_error_ns", clock?.error)
            line.string("phc_method", clock?.method.rawValue)
            line.readableDuration("phc_offset", clock?.offset)
            line.integer("phc_offset_ns", clock?.offset)
            line.string("phc_timescale", clock.map { Timescale(offset: $0.offset).rawValue })
            line.name("rx_filter", setting?.receiveFilter.description)
            line.list("rx_filters", capabilities?.receiveFilterNames ?? [])
            line.name("tx_type", setting?.transmitType.description)
            line.list("tx_types", capabilities?.transmitTypeNames ?? [])
        }
    }

    /// The NIC's clock against the system's; nil where the device may not be opened or cannot tell.
    private func compare(_ index: Int) -> PTPClock.CrossTimestamp? {
        do throws(SystemError) { return try PTPClock(index: index).crossTimestamp() } catch { return nil }
    }

    /// What the driver says; nil where it does not have that, which is an answer.
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
    /// A name; `none` in text and null in JSON where there is none.
    fileprivate mutating func name(_ key: StaticString, _ value: String?) {
        string(key, value ?? (format == .json ? nil : "none"))
    }

    /// The number of a NIC's clock, likewise.
    fileprivate mutating func name(_ key: StaticString, clock: Int?) {
        if let clock { integer(key, UInt64(clock)) } else { name(key, nil) }
    }
}

/// Looks an interface up by its name.
func lookUpInterface(_ name: String) throws(Failure) -> NetworkInterface {
    do throws(SystemError) { return try NetworkInterface(named: name) } catch {
        throw .noInterface(name, error)
    }
}
