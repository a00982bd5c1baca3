import AFPacketKit

/// Finds out why stamps are missing: what the interface could do and was set to when a run began, and what its
/// driver counted meanwhile.
struct MissingStamps {
    private let interface: NetworkInterface
    private let capabilities: TimestampingCapabilities?
    private let setting: HardwareTimestampingSetting?
    /// The setting when it was looked at last.
    private var latest: HardwareTimestampingSetting?
    private let before: [DriverStatistic]
    /// Made once: with -v every frame shows it.
    private let notSupported: String
    /// How many stamps the counters said, when they were looked at last, that the NIC has skipped, and how many
    /// frames have been told that this is why they have none.
    private var skipped: UInt64 = 0
    private var explained: UInt64 = 0
    private var nextCount = MonotonicTime(nanoseconds: 0)
    /// When to look at the setting again; never where there is none.
    private(set) var nextLook: MonotonicTime

    /// The setting and the counters belong to all who use the NIC: they are looked at now and then.
    private static let settingPause: Int64 = 1_000_000_000
    private static let counterPause: Int64 = 100_000_000

    /// Looks at the interface, once a lease has set it up.
    init(on interface: NetworkInterface) {
        self.interface = interface
        capabilities = try? interface.timestampingCapabilities()
        setting = try? interface.hardwareTimestampingSetting()
        latest = setting
        before = Self.counters(of: interface)
        notSupported = ["not supported by the driver", try? interface.driver()].compactMap { $0 }
            .joined(separator: " ")
        nextLook = setting == nil ? .never : .now() + Self.settingPause
    }

    /// Looks, where it is time, whether somebody has changed the setting, and tells.
    ///
    /// - Returns: whether it has been changed since the last look.
    @inline(__always)
    mutating func look(at now: MonotonicTime, _ console: inout Console) -> Bool {
        now >= nextLook && lookNow(now, &console)
    }

    @inline(never)
    private mutating func lookNow(_ now: MonotonicTime, _ console: inout Console) -> Bool {
        nextLook = now + Self.settingPause
        guard let old = latest, let current = try? interface.hardwareTimestampingSetting(), current != old
        else { return false }
        latest = current
        console.report(
            .warning, "The time stamping of interface \(interface.name) was changed during the run"
        ) {
            line in
            line.string("rx_filter", current.receiveFilter.description)
            line.string("rx_filter_before", old.receiveFilter.description)
            line.string("tx_type", current.transmitType.description)
            line.string("tx_type_before", old.transmitType.description)
        }
        return true
    }

    /// The best clock that a round trip through this interface should be stamped by, as it is set.
    ///
    /// - Parameter filters: any of which has the replies stamped.
    func preferredClock(stampedBy filters: [ReceiveFilter]) -> StampClock {
        guard transmitHardwareHindrance != nil || receiveHardwareHindrance(stampedBy: filters) != nil else {
            return .hardware
        }
        return capabilities?.flags.contains(.transmitSoftware) ?? true ? .software : .userspace
    }

    /// Whether no frame sent can have a hardware stamp.
    var hindersTransmitHardware: Bool { transmitHardwareHindrance != nil }

    // MARK: Of one frame

    /// Why a frame that was sent has no hardware stamp.
    mutating func reasonForTransmitHardware(timeout: Int64) -> String {
        if let reason = transmitHardwareHindrance { return reason }
        let now = MonotonicTime.now()
        if now >= nextCount {
            nextCount = now + Self.counterPause
            let counted = risenCounters(prefix: "tx_")
            skipped = counted.reduce(risenLosses(beyond: counted)) { $0 + $1.rise }
        }
        guard explained < skipped else { return overdue(timeout) }
        explained += 1
        return "skipped by the NIC"
    }

    /// Why a frame that was sent has no software stamp.
    func reasonForTransmitSoftware(timeout: Int64) -> String {
        (capabilities?.flags.contains(.transmitSoftware) ?? true) ? overdue(timeout) : notSupported
    }

    /// Why a received frame has no hardware stamp.
    func reasonForReceiveHardware(stampedBy filters: [ReceiveFilter]) -> String {
        receiveHardwareHindrance(stampedBy: filters) ?? "the NIC did not stamp it"
    }

    private func overdue(_ timeout: Int64) -> String { "none came within \(durationText(timeout))" }

    /// Why no frame sent now can have a hardware stamp; nil where one can.
    private var transmitHardwareHindrance: String? {
        guard capabilities?.flags.contains(.transmitHardware) ?? false else { return notSupported }
        guard let setting, setting.transmitType != .off else { return "the setting is off (tx_type)" }
        return latest?.transmitType == .off ? "another program turned it off (tx_type)" : nil
    }

    /// Why no frame received now can have one, if any of these filters is what it needs; nil where one can.
    private func receiveHardwareHindrance(stampedBy filters: [ReceiveFilter]) -> String? {
        guard capabilities?.flags.contains(.receiveHardware) ?? false else { return notSupported }
        guard let setting, setting.receiveFilter != .none else { return "the setting is off (rx_filter)" }
        guard filters.contains(where: setting.receiveFilter.includes) else {
            return "the filter \(setting.receiveFilter) does not match these frames"
        }
        guard let latest, !filters.contains(where: latest.receiveFilter.includes) else { return nil }
        return "another program changed the filter to \(latest.receiveFilter)"
    }

    // MARK: Of a run

    /// The name of the NIC's clock, which hardware stamps are readings of; nil where it has none.
    var clockName: String? { capabilities?.clockIndex.map { "ptp\($0)" } }

    /// Why `count` frames were sent without a hardware stamp.
    ///
    /// - Parameters:
    ///   - late: how many stamps came after the time-out.
    ///   - overflows: how often the error queue was found full.
    ///   - unlaunched: how many frames were dropped because of their launch times.
    mutating func reasonsForTransmitHardware(
        _ count: UInt64, late: UInt64, overflows: UInt64, unlaunched: UInt64 = 0
    ) -> [String] {
        guard count > 0 else { return [] }
        updateSetting()
        if let reason = transmitHardwareHindrance { return [reason] }
        var left = count
        var reasons: [String] = []
        func explain(_ part: UInt64, _ why: String) {
            guard part > 0, left > 0 else { return }
            reasons.append("\(why): \(min(part, left))")
            left -= min(part, left)
        }
        explain(unlaunched, "not launched")
        explain(late, "later than the timeout")
        let counted = risenCounters(prefix: "tx_")
        for (name, rise) in counted { explain(rise, "skipped by the NIC, \(name)") }
        explain(risenLosses(beyond: counted), "lost by the NIC, tx_lost and tx_errors")
        explain(left, overflows > 0 ? "error queue full" : "no report came back")
        return reasons
    }

    /// Why `count` frames were received without a hardware stamp.
    ///
    /// - Parameter filters: any of which has such frames stamped.
    mutating func reasonsForReceiveHardware(_ count: UInt64, stampedBy filters: [ReceiveFilter]) -> [String] {
        guard count > 0 else { return [] }
        updateSetting()
        if let reason = receiveHardwareHindrance(stampedBy: filters) { return [reason] }
        let counted = risenCounters(prefix: "rx_").map { "skipped by the NIC, \($0.name): \($0.rise)" }
        return counted.isEmpty ? ["the NIC did not stamp them"] : counted
    }

    /// Why `count` frames were sent without a software stamp.
    func reasonsForTransmitSoftware(
        _ count: UInt64, late: UInt64, overflows: UInt64, unlaunched: UInt64 = 0
    ) -> [String] {
        guard count > 0 else { return [] }
        guard capabilities?.flags.contains(.transmitSoftware) ?? true else { return [notSupported] }
        let unlaunched = min(count, unlaunched)
        let late = min(count - unlaunched, late)
        let lost = count - unlaunched - late
        let why = overflows > 0 ? "error queue full" : "the frame was dropped, or its report"
        return (unlaunched > 0 ? ["not launched: \(unlaunched)"] : [])
            + (late > 0 ? ["later than the timeout: \(late)"] : [])
            + (lost > 0 ? ["\(why): \(lost)"] : [])
    }

    private mutating func updateSetting() {
        if let current = try? interface.hardwareTimestampingSetting() { latest = current }
    }

    /// The counters of lost stamps that have risen since the beginning, and by how much.
    private func risenCounters(prefix: String) -> [(name: String, rise: UInt64)] {
        let now = Self.counters(of: interface)
        return before.compactMap { old in
            guard old.name.hasPrefix(prefix), let new = now.first(where: { $0.name == old.name }),
                new.value > old.value
            else { return nil }
            return (old.name, new.value - old.value)
        }
    }

    /// How many more stamps were lost since the beginning, by the statistics that are the same for all drivers, than
    /// by the driver's own counters: both tell of the same losses.
    private func risenLosses(beyond counted: [(name: String, rise: UInt64)]) -> UInt64 {
        guard let old = capabilities?.statistics?.missing,
            let new = (try? interface.timestampingCapabilities())?.statistics?.missing, new > old
        else { return 0 }
        return Self.losses(new - old, beyond: counted.map(\.rise))
    }

    /// What remains of a sum of losses once those told by single counters are taken off.
    static func losses(_ sum: UInt64, beyond counted: [UInt64]) -> UInt64 {
        counted.reduce(sum) { $0 - min($0, $1) }
    }

    /// The driver's counters of stamps that the NIC did not take or the driver gave up, such as
    /// `tx_hwtstamp_skipped` and `rx_hwtstamp_cleared`; each driver has its own names.
    private static func counters(of interface: NetworkInterface) -> [DriverStatistic] {
        let all = (try? interface.driverStatistics()) ?? []
        let words = ["skip", "timeout", "clear", "lost", "drop", "err", "late"]
        return all.filter { statistic in
            let name = statistic.name.lowercased()
            return ["hwtstamp", "timestamp", "ptp_"].contains { includes(name, $0) }
                && words.contains { includes(name, $0) }
        }
    }

    /// Whether one text stands in another. What String itself has for that brings the whole of regular expressions into
    /// the executable, and its start-up pays for them.
    private static func includes(_ text: String, _ part: String) -> Bool {
        text.indices.contains { text[$0...].hasPrefix(part) }
    }
}

extension Line {
    /// How many stamps are missing and, where any are, why.
    mutating func missing(
        _ key: StaticString, _ count: UInt64, because reasonKey: StaticString, _ reasons: [String]
    ) {
        integer(key, count)
        if format == .json {
            list(reasonKey, reasons)
        } else if !reasons.isEmpty {
            string(reasonKey, reasons.joined(separator: "; "))
        }
    }
}
