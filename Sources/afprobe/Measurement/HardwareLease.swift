import AFPacketKit

/// What --hardware says.
enum HardwareMode: String, CaseIterable {
    /// Turn hardware stamps on for the run where that is possible.
    case auto
    /// The same, and fail where it is not.
    case on
    /// Leave the NIC as it is.
    case off
}

/// The hardware stamps that a command lives on.
struct HardwareNeed: OptionSet {
    let rawValue: Int
    static let transmit = HardwareNeed(rawValue: 1)
    static let receive = HardwareNeed(rawValue: 2)
}

/// The NIC's time stamping, turned on for a run as far as the run needs it and the NIC has it. Every change is
/// told on standard error.
struct HardwareLease: ~Copyable {
    private var lease: TimestampingLease?
    private let interface: NetworkInterface

    /// - Parameter filters: any of which has the frames stamped that are to be received, the one that takes in
    ///   least first.
    init(
        on interface: NetworkInterface, _ need: HardwareNeed, _ filters: [ReceiveFilter],
        _ mode: HardwareMode,
        _ console: inout Console
    ) throws(Failure) {
        self.interface = interface
        guard mode != .off else {
            lease = nil
            return
        }
        do throws(Failure) {
            lease = try Self.borrow(interface, need, filters)
        } catch {
            guard mode == .auto else { throw error }
            lease = nil
            // A NIC that stamps nothing is the usual case, and told by hwstamp and by the lines themselves.
            if interface.hasHardwareTimestamping { console.report(error, as: .warning) }
            return
        }
        guard let change = lease?.change else { return }
        console.report(.info, "Changed the time stamping of interface \(interface.name) for this run") {
            line in
            line.string("rx_filter", change.granted.receiveFilter.description)
            line.string("rx_filter_before", change.found.receiveFilter.description)
            line.string("tx_type", change.granted.transmitType.description)
            line.string("tx_type_before", change.found.transmitType.description)
        }
    }

    /// Borrows what is needed, or says what of it cannot be had.
    private static func borrow(
        _ interface: NetworkInterface, _ need: HardwareNeed, _ filters: [ReceiveFilter]
    ) throws(Failure) -> TimestampingLease {
        let goal = "Cannot turn on the hardware time stamping of interface \(interface.name)"
        let lease: TimestampingLease
        do throws(SystemError) {
            let capabilities = try interface.timestampingCapabilities()
            lease = try TimestampingLease(on: interface) { current in
                var wanted = current
                if need.contains(.transmit), current.transmitType == .off,
                    capabilities.transmitTypes.contains(.on)
                {
                    wanted.transmitType = .on
                }
                if need.contains(.receive), !filters.contains(where: current.receiveFilter.includes) {
                    // One that does, takes nothing away from others, and is there.
                    let wider = filters.first {
                        $0.includes(current.receiveFilter) && capabilities.receiveFilters.contains($0)
                    }
                    if let wider { wanted.receiveFilter = wider }
                }
                return wanted
            }
        } catch {
            throw Failure(goal, error, interface: interface)
        }
        if need.contains(.transmit), lease.granted.transmitType == .off {
            throw .refused(goal, reason: "it does not stamp what it sends", hint: interface.capabilityHint)
        }
        if need.contains(.receive), !filters.contains(where: lease.granted.receiveFilter.includes) {
            throw .refused(
                goal,
                reason: "it does not stamp all frames of this shape that it receives: its filter is "
                    + "\(lease.granted.receiveFilter)",
                hint: interface.capabilityHint)
        }
        return lease
    }

    /// Whether this run may have to put the setting back: also where it changed nothing, for others may widen the
    /// setting meanwhile and leave before it does.
    func mayHaveToRestore() -> Bool {
        switch lease {
        case .some: true
        case .none: false
        }
    }

    /// Puts the setting back.
    mutating func end(_ console: inout Console) {
        let ending: TimestampingLease.Ending?
        do throws(SystemError) { ending = try lease?.end() } catch {
            return console.report(
                Failure("Cannot put the time stamping of interface \(interface.name) back", error),
                as: .warning)
        }
        switch ending {
        case nil, .unchanged: return
        case .restored(let setting):
            report("Put the time stamping of interface \(interface.name) back", setting, &console)
        case .stillInUse:
            console.report(.info, "Another afprobe uses the time stamping of interface \(interface.name) on")
        case .changedByOthers(let setting):
            report(
                "Another program changed the time stamping of interface \(interface.name); it is left as it is",
                setting, &console)
        }
    }

    private func report(_ message: String, _ setting: HardwareTimestampingSetting, _ console: inout Console) {
        console.report(.info, message) { line in
            line.string("rx_filter", setting.receiveFilter.description)
            line.string("tx_type", setting.transmitType.description)
        }
    }
}

extension TrafficOptions {
    /// The filters by which a NIC stamps the frames of this shape, the one that takes in least first.
    var receiveFilters: [ReceiveFilter] {
        // Over UDP it is the port that makes a PTP event message.
        guard isPTP, !usesUDP || effectiveDestinationPort == PTPHeader.eventPort else { return [.everything] }
        return usesUDP
            ? [.ptpV2DelayRequestOverUDP, .ptpV2DelayRequest, .ptpV2OverUDP, .ptpV2, .everything]
            : [.ptpV2DelayRequestOverEthernet, .ptpV2DelayRequest, .ptpV2OverEthernet, .ptpV2, .everything]
    }
}

extension TimestampingLease {
    /// What the lease changed; nil where nothing was missing.
    fileprivate var change: (found: HardwareTimestampingSetting, granted: HardwareTimestampingSetting)? {
        found == granted ? nil : (found, granted)
    }
}

extension NetworkInterface {
    fileprivate var hasHardwareTimestamping: Bool {
        (try? hardwareTimestampingSetting()) != nil
    }

    fileprivate var capabilityHint: String { "what it can stamp is shown by: afprobe hwstamp \(name)" }
}
