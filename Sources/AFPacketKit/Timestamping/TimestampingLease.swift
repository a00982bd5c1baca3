/// A lease of the NIC's timestamping: the setting is widened for a while and then restored.
///
/// The setting is one for the whole NIC and all its users, a PTP daemon for instance. So it is read first and written
/// only if something is missing. It is restored only if it is still the setting of the lease, and only by the last of
/// the processes that share the lease.
public struct TimestampingLease: ~Copyable {
    /// The outcome of a lease.
    public enum Ending: Hashable, Sendable {
        /// There was nothing to restore.
        case unchanged
        /// The original setting is in force again.
        case restored(HardwareTimestampingSetting)
        /// Another process still shares the lease and will restore the setting.
        case stillInUse
        /// Another program changed the setting in the meantime; it was left unchanged.
        case changedByOthers(HardwareTimestampingSetting)
    }

    private let interface: NetworkInterface
    private let record: LeaseRecord?
    /// The setting that this lease restores without a shared record.
    private let content: LeaseRecord.Content?
    /// The setting in force when the lease began.
    public let found: HardwareTimestampingSetting
    /// The setting in force since then.
    public let granted: HardwareTimestampingSetting
    private var isEnded = false

    /// Takes the lease of the NIC's timestamping.
    ///
    /// - Parameters:
    ///   - interface: the NIC.
    ///   - widen: returns the needed setting for the one in force, which it must not narrow; nil if nothing is
    ///     missing, and then nothing is written.
    /// - Throws: `SystemError` if the setting cannot be read or written, in which case nothing has changed.
    public init(
        on interface: NetworkInterface,
        widening widen: (HardwareTimestampingSetting) -> HardwareTimestampingSetting?
    ) throws(SystemError) {
        let record = LeaseRecord(of: interface)
        record?.beginChange()
        let outcome: Outcome
        do throws(SystemError) {
            outcome = try Self.take(interface, record, widening: widen)
        } catch {
            record?.endChange()
            throw error
        }
        record?.beginUse()
        record?.endChange()
        found = outcome.found
        granted = outcome.granted
        content = outcome.unshared
        self.interface = interface
        self.record = record
    }

    /// The outcome of a change of the setting.
    private struct Outcome {
        let found: HardwareTimestampingSetting
        let granted: HardwareTimestampingSetting
        /// The setting that this lease restores without a shared record.
        let unshared: LeaseRecord.Content?
    }

    private static func take(
        _ interface: NetworkInterface, _ record: borrowing LeaseRecord?,
        widening widen: (HardwareTimestampingSetting) -> HardwareTimestampingSetting?
    ) throws(SystemError) -> Outcome {
        let found = try interface.hardwareTimestampingSetting()
        let original = original(of: found, record)
        let granted = try apply(widen(found) ?? found, to: found, original, interface, record)
        let isShared = record?.isOpen() ?? false
        let unshared =
            isShared || found == granted
            ? nil : LeaseRecord.Content(original: original, widened: granted)
        return Outcome(found: found, granted: granted, unshared: unshared)
    }

    /// The setting to restore when nobody shares the lease any more. A record that fits the setting found is of a
    /// process that still runs, or was killed; any other is out of date.
    private static func original(
        of found: HardwareTimestampingSetting, _ record: borrowing LeaseRecord?
    ) -> HardwareTimestampingSetting {
        guard let earlier = record?.read() else { return found }
        if earlier.widened == found { return earlier.original }
        record?.write(nil)
        return found
    }

    private static func apply(
        _ wanted: HardwareTimestampingSetting, to found: HardwareTimestampingSetting,
        _ original: HardwareTimestampingSetting, _ interface: NetworkInterface,
        _ record: borrowing LeaseRecord?
    ) throws(SystemError) -> HardwareTimestampingSetting {
        guard wanted != found else { return found }
        let earlier = record?.read()
        // Written first: if this process is killed from here on, the record tells what to restore.
        record?.write(LeaseRecord.Content(original: original, widened: wanted))
        do throws(SystemError) {
            let granted = try interface.setHardwareTimestamping(wanted)
            record?.write(LeaseRecord.Content(original: original, widened: granted))
            return granted
        } catch {
            record?.write(earlier)
            throw error
        }
    }

    /// Changes the setting for good, even if others share a lease of it; the caller is responsible for the effect on
    /// them.
    ///
    /// - Throws: `SystemError` of `setHardwareTimestamping(_:via:)`.
    public static func replace(
        _ setting: HardwareTimestampingSetting, on interface: NetworkInterface,
        via path: ControlPath = .automatic
    ) throws(SystemError) -> HardwareTimestampingSetting {
        let record = LeaseRecord(of: interface)
        record?.beginChange()
        defer { record?.endChange() }
        let granted = try interface.setHardwareTimestamping(setting, via: path)
        record?.write(nil)
        return granted
    }

    deinit {
        guard !isEnded else { return }
        _ = try? Self.restore(content, granted, record, interface)
    }

    /// Restores the setting, if it is still the lease's and nobody else shares the lease.
    ///
    /// - Throws: `SystemError` if it could not be restored.
    public mutating func end() throws(SystemError) -> Ending {
        isEnded = true
        return try Self.restore(content, granted, record, interface)
    }

    private static func restore(
        _ content: LeaseRecord.Content?, _ granted: HardwareTimestampingSetting,
        _ record: borrowing LeaseRecord?, _ interface: NetworkInterface
    ) throws(SystemError) -> Ending {
        record?.beginChange()
        defer {
            record?.endUse()
            record?.endChange()
        }
        // The interface may have been renamed.
        let interface = try NetworkInterface(index: interface.index)
        let current = try interface.hardwareTimestampingSetting()
        // The record counts: others may have widened the setting in the meantime, and ended.
        guard let latest = content ?? record?.read() else {
            return current == granted ? .unchanged : .changedByOthers(current)
        }
        guard record?.isUnused() ?? true else { return .stillInUse }
        guard current == latest.widened else {
            record?.write(nil)
            return .changedByOthers(current)
        }
        // Erased only afterwards, so that after a failure the next run can restore it.
        let restored = try interface.setHardwareTimestamping(latest.original)
        record?.write(nil)
        return .restored(restored)
    }
}
