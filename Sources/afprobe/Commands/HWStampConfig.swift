import AFPacketKit

struct HWStampConfigOptions: CommandOptions, HasControlPath {
    var interface = ""
    var transmitType: TransmitType?
    var receiveFilter: ReceiveFilter?
    var restores = false
    var path = ControlPath.automatic
    var output = OutputOptions()
}

extension CommandSpec<HWStampConfigOptions> {
    static var hwstampConfig: CommandSpec {
        let types = TransmitType.all.map(\.description)
        let filters = ReceiveFilter.all.map(\.description)
        return CommandSpec(
            name: "hwstamp-config",
            summary: "Show or change the hardware timestamping setting of a NIC",
            discussion: """
                Prints a line "Current settings". With --tx or --rx, changes the setting and prints the one that \
                the driver granted as "New settings". The whole NIC has one setting, for all its users, such as a \
                running PTP daemon. It stays until it is changed again. Changing it needs CAP_NET_ADMIN.

                Other commands restore the setting that they found. A run that is killed cannot; if there is a \
                folder /run/afprobe, it has left a note there, which the next run, hwstamp and --restore use.
                """,
            initial: HWStampConfigOptions(),
            options: [
                .value(
                    "tx", nil, "TYPE", in: .target, completion: .values(types),
                    help: "Which transmitted frames to stamp: \(types.joined(separator: ", ")).",
                    as: nameParser(TransmitType.self, among: types)
                ) { $0.transmitType = $1 },
                .value(
                    "rx", nil, "FILTER", in: .target, completion: .values(filters),
                    help: "Which received frames to stamp: \(filters.joined(separator: ", ")).",
                    as: nameParser(ReceiveFilter.self, among: filters)
                ) { $0.receiveFilter = $1 },
                .flag(
                    "restore", in: .target,
                    help: "Restore the setting that was in force before an afprobe that was killed."
                ) { $0.restores = true },
            ] + OptionSpec.formatOptions + [.controlPath],
            operands: [
                OperandSpec(
                    "IF", isRequired: true, completion: .ethernetInterfaces,
                    help: "The interface whose setting it is.",
                    as: parseInterfaceName
                ) { $0.interface = $1 }
            ],
            operandOption: ("interface", "i"))
    }
}

extension HWStampConfigOptions {
    var isFiltered: Bool { false }

    func run(_ console: Console) throws(Failure) -> ExitStatus {
        guard !restores || transmitType == nil && receiveFilter == nil else {
            throw .usage("--restore and --tx or --rx exclude each other", hint: "leave one of them out")
        }
        let interface = try lookUpInterface(interface)
        let current: HardwareTimestampingSetting
        do throws(SystemError) { current = try interface.hardwareTimestampingSetting(via: path) } catch {
            let goal =
                error.code == .notSupported
                ? "Interface \(interface.name) has no hardware timestamping to set"
                : "Cannot ask interface \(interface.name) for its setting"
            throw Failure(goal, error, interface: interface)
        }
        console.write(current, as: "Current settings", of: interface)
        if restores { return try restore(interface, console) }
        guard transmitType != nil || receiveFilter != nil else { return .measured }
        var wanted = current
        if let transmitType { wanted.transmitType = transmitType }
        if let receiveFilter { wanted.receiveFilter = receiveFilter }
        let granted: HardwareTimestampingSetting
        do throws(TimestampingLeaseError) {
            granted = try TimestampingLease.replace(wanted, on: interface, via: path)
        } catch {
            throw Failure(
                "Cannot set interface \(interface.name) to tx_type \(wanted.transmitType), "
                    + "rx_filter \(wanted.receiveFilter)", error, on: interface)
        }
        console.write(granted, as: "New settings", of: interface)
        let holders = try? TimestampingLease.holders(of: interface)
        for run in holders?.runs ?? [] {
            console.diagnosed(.timestampingSetDuringRun(interface.name, run.process, before: run.original))
        }
        return .measured
    }

    private func restore(_ interface: NetworkInterface, _ console: Console) throws(Failure) -> ExitStatus {
        let users: [ProcessIdentity?]
        do throws(TimestampingLeaseError) {
            if let granted = try TimestampingLease.restoreLeftOn(interface, via: path) {
                console.write(granted, as: "Restored settings", of: interface)
                return .measured
            }
            users = try TimestampingLease.holders(of: interface).runs.map(\.process)
        } catch {
            throw Failure("Cannot restore interface \(interface.name)", error, on: interface)
        }
        throw .nothingToRestore(on: interface, usedBy: users)
    }
}

extension Console {
    fileprivate func write(
        _ setting: HardwareTimestampingSetting, as message: String, of interface: NetworkInterface
    ) {
        write(.info, message, isOfReference: true) { line in
            line.string("interface", interface.name)
            line.string("rx_filter", setting.receiveFilter.description)
            line.string("tx_type", setting.transmitType.description)
        }
    }
}
