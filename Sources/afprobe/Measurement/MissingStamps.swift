import AFPacketKit

/// Finds out why stamps are missing: what the interface could do and was set to when a run began, and what its
/// driver counted meanwhile.
struct MissingStamps {
    private let interface: NetworkInterface
    private let capabilities: TimestampingCapabilities?
    private let setting: HardwareTimestampingSetting?
    private let before: [DriverStatistic]

    /// Looks at the interface, once a lease has set it up.
    init(on interface: NetworkInterface) {
        self.interface = interface
        capabilities = try? interface.timestampingCapabilities()
        setting = try? interface.hardwareTimestampingSetting()
        before = Self.counters(of: interface)
    }

    /// The name of the NIC's clock, which hardware stamps are readings of; nil where it has none.
    var clockName: String? { capabilities?.clockIndex.map { "ptp\($0)" } }

    /// Why `count` frames were sent without a hardware stamp.
    ///
    /// - Parameter late: how many stamps came after the time-out.
    func reasonsForTransmitHardware(_ count: UInt64, late: UInt64) -> [String] {
        guard count > 0 else { return [] }
        guard capabilities?.flags.contains(.transmitHardware) ?? false else { return [notSupported] }
        guard let setting, setting.transmitType != .off else { return ["the setting is off (tx_type)"] }
        if (try? interface.hardwareTimestampingSetting())?.transmitType == .off {
            return ["another program turned it off (tx_type)"]
        }
        var left = count
        var reasons: [String] = []
        func explain(_ part: UInt64, _ why: String) {
            guard part > 0, left > 0 else { return }
            reasons.append("\(why): \(min(part, left))")
            left -= min(part, left)
        }
        explain(late, "later than the timeout")
        for (name, rise) in risenCounters(prefix: "tx_") { explain(rise, "skipped by the NIC, \(name)") }
        explain(left, "no report came back")
        return reasons
    }

    /// Why `count` frames were received without a hardware stamp.
    ///
    /// - Parameter filters: any of which has such frames stamped.
    func reasonsForReceiveHardware(_ count: UInt64, stampedBy filters: [ReceiveFilter]) -> [String] {
        guard count > 0 else { return [] }
        guard capabilities?.flags.contains(.receiveHardware) ?? false else { return [notSupported] }
        guard let setting, setting.receiveFilter != .none else { return ["the setting is off (rx_filter)"] }
        guard filters.contains(where: setting.receiveFilter.includes) else {
            return ["the filter \(setting.receiveFilter) does not match these frames"]
        }
        if let now = try? interface.hardwareTimestampingSetting(),
            !filters.contains(where: now.receiveFilter.includes)
        {
            return ["another program changed the filter to \(now.receiveFilter)"]
        }
        let counted = risenCounters(prefix: "rx_").map { "skipped by the NIC, \($0.name): \($0.rise)" }
        return counted.isEmpty ? ["the NIC did not stamp them"] : counted
    }

    /// Why `count` frames were sent without a software stamp.
    func reasonsForTransmitSoftware(_ count: UInt64, late: UInt64) -> [String] {
        guard count > 0 else { return [] }
        guard capabilities?.flags.contains(.transmitSoftware) ?? true else { return [notSupported] }
        let lost = count - min(count, late)
        return (late > 0 ? ["later than the timeout: \(min(count, late))"] : [])
            + (lost > 0 ? ["the frame was dropped, or its report: \(lost)"] : [])
    }

    private var notSupported: String {
        (try? interface.driver()).map { "not supported by the driver \($0)" } ?? "not supported by the driver"
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

    /// The driver's counters of stamps that the NIC did not take or the driver gave up, such as
    /// `tx_hwtstamp_skipped` and `rx_hwtstamp_cleared`; each driver has its own names.
    private static func counters(of interface: NetworkInterface) -> [DriverStatistic] {
        let all = (try? interface.driverStatistics()) ?? []
        let words = ["skip", "timeout", "clear", "lost", "drop", "err", "late"]
        return all.filter { statistic in
            let name = statistic.name.lowercased()
            return ["hwtstamp", "timestamp", "ptp_"].contains { name.contains($0) }
                && words.contains { name.contains($0) }
        }
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
