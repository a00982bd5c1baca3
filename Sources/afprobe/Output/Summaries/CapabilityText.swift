import AFPacketKit

extension CapabilityReport {
    /// The table for people. Its first line answers whether the card stamps:
    ///
    ///     eth0: hardware TX yes, RX PTP only; software TX and RX; clock /dev/ptp0
    ///       driver       igb, at 0000:00:02.0
    func text(_ style: TextStyle) -> String {
        var text = style.heading("\(interface): \(answer)") + "\n"
        for (name, value) in rows(style) {
            let body = wrap(value, indent: Self.valueColumn)
            text += "  " + name.leftAligned(Self.valueColumn - 2) + body.dropFirst(Self.valueColumn)
        }
        return text
    }

    private static let valueColumn = 15

    private var answer: String {
        let clock = capabilities?.clockIndex.map { "clock /dev/ptp\($0)" } ?? "no clock"
        return "\(hardware); \(software); \(clock)"
    }

    private var hardware: String {
        let types = capabilities?.transmitTypes ?? []
        let filters = capabilities?.receiveFilters ?? []
        let transmits = types.contains(.on) ? "TX yes" : "TX no"
        let receives =
            if filters.contains(.everything) { "RX yes" } else if filters.contains(where: \.isForPTP) {
                "RX PTP only"
            } else if filters.contains(where: { $0 != .none }) { "RX some" } else { "RX no" }
        return (transmits, receives) == ("TX no", "RX no")
            ? "no hardware stamps" : "hardware \(transmits), \(receives)"
    }

    private var software: String {
        let flags = capabilities?.flags ?? []
        return switch (flags.contains(.transmitSoftware), flags.contains(.receiveSoftware)) {
        case (true, true): "software TX and RX"
        case (true, false): "software TX only"
        case (false, true): "software RX only"
        case (false, false): "no software stamps"
        }
    }

    private func rows(_ style: TextStyle) -> [(String, String)] {
        var rows: [(String, String)] = []
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { rows.append((name, value)) }
        }
        add("driver", driver.map { $0 + (bus.map { ", at \($0)" } ?? "") })
        add("setting now", setting.map { "TX \($0.transmitType), RX \($0.receiveFilter)" })
        add("TX types", capabilities?.transmitTypeNames.joined(separator: " "))
        add("RX filters", capabilities?.receiveFilterNames.joined(separator: " "))
        add(
            "clock",
            clockOffset.map { offset in
                "\(style.difference(offset.offset, style.exact)) the system's, give or take "
                    + "\(style.rounded(offset.error)) (\(timescale?.rawValue ?? ""), by \(offset.method.rawValue))"
            })
        add("vclocks", virtualClocks?.map { "ptp\($0)" }.joined(separator: " "))
        if let providers, providers.count > 1 {
            add("providers", providers.map(\.description).joined(separator: ", "))
        }
        add("source", capabilities?.source.map { "\($0)" + ($0.phyIndex.map { " \($0)" } ?? "") })
        add("used by", users.map { $0.map { "process \($0)" }.joined(separator: ", ") })
        add(
            "before that",
            holders?.runs.first.map { run in
                "TX \(run.original.transmitType), RX \(run.original.receiveFilter)"
            })
        add("TX stamps", capabilities?.statistics.map(counters))
        return rows
    }

    private func counters(_ statistics: TimestampingStatistics) -> String {
        let counters: [(String, UInt64?)] = [
            ("taken", statistics.stamped), ("lost", statistics.lost), ("failed", statistics.errors),
            ("one-step, unconfirmed", statistics.oneStepUnconfirmed),
        ]
        return counters.compactMap { name, count in count.map { "\($0) \(name)" } }.joined(separator: ", ")
    }
}
