/// A lease of a device's timestamping: the setting is widened for a while and then restored.
///
/// The setting is one for the whole device and all its users, a PTP daemon for instance. So it is read first and
/// written only if something is missing. What a lease restores, and when, is in `LeaseTerms`.
public struct TimestampingLease: ~Copyable {
    /// The outcome of a lease.
    public enum Ending: Hashable, Sendable {
        /// There was nothing to restore.
        case unchanged
        /// The original setting is in force again.
        case restored(HardwareTimestampingSetting)
        /// The setting that the other runs need is in force again.
        case narrowed(HardwareTimestampingSetting)
        /// Another run still needs the setting; nil if it cannot be seen.
        case stillInUse(by: ProcessIdentity?)
        /// A run of a user who does not believe this one's claim still needs the setting, and restores what it found: this
        /// one's. The original is restored by nobody.
        case abandoned(to: ProcessIdentity?)
        /// Another program changed the setting in the meantime; it was left unchanged.
        case changedByOthers(HardwareTimestampingSetting)
        /// A PTP program came in the meantime, which may rely on the setting; it was left unchanged.
        case leftToPTP(HardwareTimestampingSetting)
        /// The device is no longer in this network namespace.
        case gone
    }

    private var host: NICLeaseHost
    private let terms: LeaseTerms
    private var isEnded = false

    /// The device whose setting it is: the interface, or the NIC below it.
    public var device: NetworkInterface { host.device }
    /// Tells whether the interface is a bond, or on top of one: another device may stamp its frames at any time.
    public var isOfBondPort: Bool { host.isBondPort }
    /// The setting in force when the lease began.
    public var found: HardwareTimestampingSetting { terms.found }
    /// The setting in force since then.
    public var granted: HardwareTimestampingSetting { terms.claim.widened }
    /// The change that a killed run has left; nil if none is known.
    public var leftOn: LeaseNote? { terms.leftOn }
    /// Tells whether the end may change the setting.
    public var mayRestore: Bool { terms.claim.original != terms.claim.widened }
    /// The setting that is restored in the end.
    public var original: HardwareTimestampingSetting { terms.claim.original }

    /// Takes a lease of the timestamping of an interface. Needs CAP_NET_ADMIN if something is missing.
    ///
    /// - Parameters:
    ///   - interface: the NIC, or an interface on top of it.
    ///   - widen: returns the needed setting for the one in force, which it must not narrow; nil if nothing is
    ///     missing, and then nothing is written.
    /// - Throws: `TimestampingLeaseError`, and then nothing has changed.
    public init(
        on interface: NetworkInterface,
        widening widen: (HardwareTimestampingSetting) -> HardwareTimestampingSetting?
    ) throws(TimestampingLeaseError) {
        var host = try NICLeaseHost(of: interface)
        terms = try LeaseTerms.take(from: &host, widening: widen)
        self.host = host
    }

    deinit {
        guard !isEnded else { return }
        var host = host
        _ = try? Self.end(terms, &host)
    }

    /// Ends the lease: restores the setting as far as no other run needs it.
    ///
    /// - Throws: `TimestampingLeaseError` if it could not be restored.
    public mutating func end() throws(TimestampingLeaseError) -> Ending {
        isEnded = true
        return try Self.end(terms, &host)
    }

    private static func end(
        _ terms: LeaseTerms, _ host: inout NICLeaseHost
    ) throws(TimestampingLeaseError) -> Ending {
        do throws(TimestampingLeaseError) {
            return try terms.leave(&host) { AbstractSocket.owner(of: $0.name) }
        } catch .system(let error) where error.code == .noSuchDevice {
            return .gone
        } catch { throw error }
    }
}

// MARK: Changes for good

extension TimestampingLease {
    /// Changes the setting for good, even if others share a lease of it; the caller is responsible for the effect on
    /// them.
    ///
    /// - Throws: `TimestampingLeaseError`.
    public static func replace(
        _ setting: HardwareTimestampingSetting, on interface: NetworkInterface,
        via path: ControlPath = .automatic
    ) throws(TimestampingLeaseError) -> HardwareTimestampingSetting {
        let host = try NICLeaseHost(of: interface, via: path)
        try host.lock()
        defer { host.unlock() }
        let granted = try host.change(to: setting)
        host.write(nil)
        return granted
    }

    /// The runs that hold leases of a device, and what one that was killed left on.
    public struct Holders: Sendable {
        /// Each run, as far as it can be seen, and what it restores at its end.
        public let runs: [(process: ProcessIdentity?, original: HardwareTimestampingSetting)]
        /// The note of a run that was killed, if its setting is still in force.
        public let leftOn: LeaseNote?
    }

    /// Returns who holds leases of an interface's device. Needs no privilege.
    ///
    /// - Throws: `TimestampingLeaseError`.
    public static func holders(of interface: NetworkInterface) throws(TimestampingLeaseError) -> Holders {
        try holders(NICLeaseHost(of: interface))
    }

    private static func holders(_ host: NICLeaseHost) throws(TimestampingLeaseError) -> Holders {
        let others = try host.others()
        let current = try host.setting()
        let note = others.isEmpty ? host.note() : nil
        return Holders(
            runs: others.map { (AbstractSocket.owner(of: $0.name), $0.claim.original) },
            leftOn: note?.widened == current ? note : nil)
    }

    /// Restores the setting before a run that was killed, and returns the one in force now; nil if nothing is known to be
    /// left on, or another run holds a lease.
    ///
    /// - Throws: `TimestampingLeaseError`.
    public static func restoreLeftOn(
        _ interface: NetworkInterface, via path: ControlPath = .automatic
    ) throws(TimestampingLeaseError) -> HardwareTimestampingSetting? {
        let host = try NICLeaseHost(of: interface, via: path)
        try host.lock()
        defer { host.unlock() }
        guard let note = try holders(host).leftOn else { return nil }
        let granted = try host.change(to: note.original)
        host.write(nil)
        return granted
    }
}
