import AFPacketKit

/// Tells whether a run may turn on hardware timestamping.
enum HardwareMode: String, CaseIterable {
    /// Turn it on for the run if possible.
    case auto
    /// The same, and fail if it is not possible.
    case on
    /// Leave the NIC as it is.
    case off
}

/// The hardware stamps that a run needs.
struct HardwareNeed: OptionSet {
    let rawValue: Int
    static let transmit = HardwareNeed(rawValue: 1)
    static let receive = HardwareNeed(rawValue: 2)
}

/// The NIC's timestamping, turned on for a run as far as the run needs it and the NIC has it. Every change is told.
struct HardwareLease: ~Copyable {
    private var lease: TimestampingLease?
    private let interface: NetworkInterface
    /// The state of the interface with the lease in force.
    let snapshot: TimestampingSnapshot

    /// - Parameters:
    ///   - filters: NIC filters any of which has the received frames stamped, the narrowest first.
    ///   - isTest: whether the stamps themselves are tested, so that they are asked for in any case.
    init(
        on interface: NetworkInterface, _ need: HardwareNeed, _ filters: [ReceiveFilter],
        _ mode: HardwareMode, isTest: Bool = false, _ events: some RunEvents
    ) throws(RunError) {
        self.interface = interface
        var (found, need) = (TimestampingSnapshot(of: interface), need)
        lease = nil
        if need.contains(.transmit), found.claimsTransmitHardware {
            found.unasked = Self.unasked(on: interface, mode, isTest: isTest, events)
            if found.unasked != nil { need.remove(.transmit) }
        }
        if mode != .off, !need.isEmpty {
            do throws(HardwareRefused) {
                lease = try Self.borrow(interface, found, need, filters)
            } catch {
                if !Self.suffices(found.setting, need, filters) || error.isBusy {
                    guard mode == .auto else { throw RunError(error.refusal) }
                    // Most NICs stamp nothing; hwstamp and the lines themselves tell that.
                    if found.setting != nil { events.diagnosed(.timestampingRefused(error.refusal)) }
                }
            }
        }
        if let granted = lease?.granted { found.setting = granted }
        found.leasedDevice = lease?.device.index
        if found.unasked == nil, !found.stampsTransmitHardware { found.unasked = .settingOff }
        snapshot = found
        guard let device = lease?.device.name else { return }
        if let note = lease?.leftOn { events.diagnosed(.timestampingLeftOn(device, note)) }
        guard let change = lease?.change else { return }
        events.diagnosed(.timestampingChanged(device, from: change.found, to: change.granted))
    }

    private static func suffices(
        _ setting: HardwareTimestampingSetting?, _ need: HardwareNeed, _ filters: [ReceiveFilter]
    ) -> Bool {
        guard let setting else { return false }
        return (!need.contains(.transmit) || setting.transmitType != .off)
            && (!need.contains(.receive) || filters.contains(where: setting.receiveFilter.includes))
    }

    /// The reason not to ask for the transmit stamps of a NIC that has them.
    private static func unasked(
        on interface: NetworkInterface, _ mode: HardwareMode, isTest: Bool, _ events: some RunEvents
    ) -> TransmitUnasked? {
        guard mode != .off else { return .byUser }
        guard interface.hasPTPParticipant() else { return nil }
        guard mode == .auto, !isTest else {
            events.diagnosed(.transmitStampsShared(interface.name))
            return nil
        }
        events.diagnosed(.transmitStampsLeft(interface.name))
        return .leftToPTP
    }

    private struct HardwareRefused: Error {
        let refusal: HardwareRefusal
        /// Tells whether it may be otherwise in a moment.
        var isBusy: Bool { if case .lease(.busy) = refusal.reason { true } else { false } }
    }

    /// Borrows what is needed, or throws the reason why it cannot.
    private static func borrow(
        _ interface: NetworkInterface, _ state: TimestampingSnapshot, _ need: HardwareNeed,
        _ filters: [ReceiveFilter]
    ) throws(HardwareRefused) -> TimestampingLease {
        func refused(_ reason: HardwareRefusal.Reason) -> HardwareRefused {
            HardwareRefused(refusal: HardwareRefusal(interface: interface, reason: reason))
        }
        let lease: TimestampingLease
        let capabilities: TimestampingCapabilities
        do throws(SystemError) {
            capabilities =
                if let known = state.capabilities { known } else { try interface.timestampingCapabilities() }
        } catch { throw refused(.lease(.system(error))) }
        do throws(TimestampingLeaseError) {
            lease = try TimestampingLease(on: interface) { Self.widened($0, capabilities, need, filters) }
        } catch { throw refused(.lease(error)) }
        if need.contains(.transmit), lease.granted.transmitType == .off { throw refused(.transmitType) }
        if need.contains(.receive), !filters.contains(where: lease.granted.receiveFilter.includes) {
            throw refused(.receiveFilter(lease.granted.receiveFilter))
        }
        return lease
    }

    /// The setting that a run needs: the current one, or a wider one that takes nothing away from others.
    private static func widened(
        _ current: HardwareTimestampingSetting, _ capabilities: TimestampingCapabilities,
        _ need: HardwareNeed, _ filters: [ReceiveFilter]
    ) -> HardwareTimestampingSetting {
        var wanted = current
        if need.contains(.transmit), current.transmitType == .off, capabilities.transmitTypes.contains(.on) {
            wanted.transmitType = .on
        }
        if need.contains(.receive), !filters.contains(where: current.receiveFilter.includes) {
            let wider = filters.first {
                $0.includes(current.receiveFilter) && capabilities.receiveFilters.contains($0)
            }
            if let wider { wanted.receiveFilter = wider }
        }
        return wanted
    }

    /// Returns whether this run may have to restore the setting: even if it changed nothing, as it may be the last of
    /// those that share the lease.
    func mayHaveToRestore() -> Bool {
        // No optional chaining: it would copy the lease.
        switch lease {
        case .some(let lease): lease.mayRestore
        case .none: false
        }
    }

    /// Returns whether another device may stamp the interface's frames during the run: that of a bond.
    func mayChangeDevice() -> Bool {
        switch lease {
        case .some(let lease): lease.isOfBondPort
        case .none: false
        }
    }

    /// Restores the setting.
    mutating func end(_ events: some RunEvents) {
        guard let device = lease?.device, let original = lease?.original else { return }
        let ending: TimestampingLease.Ending?
        do throws(TimestampingLeaseError) { ending = try lease?.end() } catch {
            return events.diagnosed(.timestampingNotRestored(device, original, error))
        }
        switch ending {
        case nil, .unchanged: return
        case .restored(let setting): events.diagnosed(.timestampingRestored(device.name, setting))
        case .narrowed(let setting): events.diagnosed(.timestampingNarrowed(device.name, setting))
        case .stillInUse(let process): events.diagnosed(.timestampingInUse(device.name, by: process))
        case .abandoned(let process):
            events.diagnosed(.timestampingAbandoned(device.name, to: process, before: original))
        case .changedByOthers(let setting): events.diagnosed(.timestampingLeft(device.name, setting))
        case .leftToPTP: events.diagnosed(.timestampingLeftToPTP(device.name, before: original))
        case .gone: events.diagnosed(.timestampingGone(device.name, before: original))
        }
    }
}

extension TimestampingLease {
    /// The change of the setting; nil if there was none.
    fileprivate var change: (found: HardwareTimestampingSetting, granted: HardwareTimestampingSetting)? {
        found == granted ? nil : (found, granted)
    }
}
