/// The NIC's time stamping, borrowed: the setting is widened for a while and then put back.
///
/// It is one setting for the whole NIC and everybody who uses it, a PTP daemon for instance. So it is read
/// first and written only when something is missing; it is put back only while it is still the one that was
/// made here, and only by the last of the processes that borrow it together.
public struct TimestampingLease: ~Copyable {
    /// How a lease ended.
    public enum Ending: Hashable, Sendable {
        /// There was nothing to put back.
        case unchanged
        /// The setting found at first is in force again.
        case restored(HardwareTimestampingSetting)
        /// Another process still borrows the setting and will put it back.
        case stillInUse
        /// Somebody else has changed the setting meanwhile; it was left as it is now.
        case changedByOthers(HardwareTimestampingSetting)
    }

    private let interface: NetworkInterface
    private let record: LeaseRecord?
    /// What is to be put back; nil where nothing is.
    private let content: LeaseRecord.Content?
    /// The setting in force when the lease began.
    public let found: HardwareTimestampingSetting
    /// The setting in force since then.
    public let granted: HardwareTimestampingSetting
    private var isEnded = false

    /// Borrows the NIC's time stamping.
    ///
    /// - Parameters:
    ///   - interface: the NIC.
    ///   - widen: gives the setting needed, from the one in force, and must not narrow it; nil where nothing
    ///     is missing, and then nothing is written.
    /// - Throws: `SystemError` of SIOCGHWTSTAMP or SIOCSHWTSTAMP, in which case nothing has changed.
    public init(
        on interface: NetworkInterface,
        widening widen: (HardwareTimestampingSetting) -> HardwareTimestampingSetting?
    ) throws(SystemError) {
        let record = LeaseRecord(of: interface)
        record?.beginChange()
        let outcome: (found: HardwareTimestampingSetting, content: LeaseRecord.Content?)
        do throws(SystemError) {
            outcome = try Self.take(interface, record, widening: widen)
        } catch {
            record?.endChange()
            throw error
        }
        record?.beginUse()
        record?.endChange()
        found = outcome.found
        granted = outcome.content?.widened ?? outcome.found
        content = outcome.content
        self.interface = interface
        self.record = record
    }

    private static func take(
        _ interface: NetworkInterface, _ record: borrowing LeaseRecord?,
        widening widen: (HardwareTimestampingSetting) -> HardwareTimestampingSetting?
    ) throws(SystemError) -> (HardwareTimestampingSetting, LeaseRecord.Content?) {
        let current = try interface.hardwareTimestampingSetting()
        // A record that fits the setting in force was made by a process that still runs, or was killed.
        let earlier = record?.read().flatMap { $0.widened == current ? $0 : nil }
        guard let wanted = widen(current), wanted != current else { return (current, earlier) }
        let granted = try interface.setHardwareTimestamping(wanted)
        let content = LeaseRecord.Content(original: earlier?.original ?? current, widened: granted)
        record?.write(content)
        return (current, content)
    }

    deinit {
        guard !isEnded else { return }
        _ = try? Self.restore(content, record, interface)
    }

    /// The setting in force, if somebody else has changed it since the lease began.
    public func changeByOthers() -> HardwareTimestampingSetting? {
        guard let content, let current = try? interface.hardwareTimestampingSetting(),
            current != content.widened
        else { return nil }
        return current
    }

    /// Puts the setting back, if it is still this lease's and nobody else borrows it.
    ///
    /// - Throws: `SystemError` where it could not be put back.
    public mutating func end() throws(SystemError) -> Ending {
        isEnded = true
        return try Self.restore(content, record, interface)
    }

    private static func restore(
        _ content: LeaseRecord.Content?, _ record: borrowing LeaseRecord?, _ interface: NetworkInterface
    ) throws(SystemError) -> Ending {
        record?.beginChange()
        defer {
            record?.endUse()
            record?.endChange()
        }
        guard let content else { return .unchanged }
        guard record?.isUnused() ?? true else { return .stillInUse }
        // Another process may have widened it further, and gone.
        let latest = record?.read() ?? content
        let current = try interface.hardwareTimestampingSetting()
        record?.write(nil)
        guard current == latest.widened else { return .changedByOthers(current) }
        guard current != latest.original else { return .unchanged }
        return .restored(try interface.setHardwareTimestamping(latest.original))
    }
}
