/// The NIC's time stamping, borrowed: the setting is widened for a while and then put back.
///
/// It is one setting for the whole NIC and everybody who uses it, a PTP daemon for instance. So it is read
/// first and written only when something is missing; it is put back only while it is still the one that was
/// made here, and only by the last of the processes that borrow it together.
public struct TimestampingLease: ~Copyable {
    /// The outcome of a lease.
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
    /// The setting that this lease has to put back by itself, if it shares no record.
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
    ///   - widen: gives the setting needed, from the one in force, and must not narrow it; nil if nothing
    ///     is missing, and then nothing is written.
    /// - Throws: `SystemError` where the setting cannot be read or written, in which case nothing has changed.
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
        /// The setting that this lease has to put back by itself, if it shares no record.
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

    /// The setting that is to be in force when nobody borrows it any more. A record that fits the setting found
    /// was made by a process that still runs, or was killed; any other is out of date.
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
        // Written first: whoever is killed from here on leaves behind what has to be put back.
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

    /// Changes the setting for good, whoever borrows it: what they find at their end is left to the caller.
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

    /// Puts the setting back, if it is still the borrowed one and nobody else borrows it.
    ///
    /// - Throws: `SystemError` if it could not be put back.
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
        // It may have another name by now.
        let interface = try NetworkInterface(index: interface.index)
        let current = try interface.hardwareTimestampingSetting()
        // The record is what counts: others may have widened the setting meanwhile, and gone.
        guard let latest = content ?? record?.read() else {
            return current == granted ? .unchanged : .changedByOthers(current)
        }
        guard record?.isUnused() ?? true else { return .stillInUse }
        guard current == latest.widened else {
            record?.write(nil)
            return .changedByOthers(current)
        }
        // Erased only afterwards, so that a failure leaves it to the next run.
        let restored = try interface.setHardwareTimestamping(latest.original)
        record?.write(nil)
        return .restored(restored)
    }
}
