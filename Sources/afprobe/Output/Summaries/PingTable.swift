/// The figures of `ping` for people, in 80 columns: a row for each figure with values, stages in the order of a round
/// trip.
struct PingTable {
    private static let columns: [Statistic] = [.min, .mean, .p50, .p90, .p99, .p999, .max, .stddev]
    private static let nameWidth = 16
    private static let columnWidth = 8

    /// The order of the rows: parts follow their wholes.
    private static let order: [Figure] =
        [.rtt, .network, .turnaround, .requestOneWay, .replyOneWay, .total] + Figure.stages + [.link]

    let style: TextStyle
    let distribution: (Figure) -> Distribution?

    /// The table; empty if nothing was measured.
    var text: String {
        let rows = Self.order.compactMap { figure in
            distribution(figure).flatMap { $0.count > 0 ? (figure, $0) : nil }
        }
        guard !rows.isEmpty else { return "" }
        let names = Self.columns.map { $0.rawValue.rightAligned(Self.columnWidth) }.joined()
        var text = style.heading(String(repeating: " ", count: Self.nameWidth) + names) + "\n"
        for (figure, values) in rows { text += row(figure, values) }
        for (figure, values) in rows { text += notes(figure, values) }
        return text
    }

    private func row(_ figure: Figure, _ values: Distribution) -> String {
        let isPart = Figure.stages.contains(figure) || figure == .link
        let name = (isPart ? "  " : "") + figure.name
        // The leading blank remains if a value is too long for its column.
        let statistics = values.statistics
        let cells = Self.columns.map { statistic in
            " " + (statistics[statistic].map(style.rounded) ?? "").rightAligned(Self.columnWidth - 1)
        }
        return name.leftAligned(Self.nameWidth) + cells.joined() + "\n"
    }

    private func notes(_ figure: Figure, _ values: Distribution) -> String {
        var text = ""
        if figure == .rtt, let spread = values.spread {
            text += "rtt spread (p95 - p50) \(style.rounded(spread))"
            if let jitter = values.jitter { text += ", jitter (RFC 3550) \(style.rounded(jitter))" }
            text += "\n"
        }
        if values.negatives > 0 {
            text +=
                "\(values.negatives) of \(values.count) \(figure.name) values are negative: was a clock set?\n"
        }
        return text
    }
}

extension Tail {
    /// The stages that slow down the slowest round trips, for people, the largest share first:
    ///
    ///     above p99, 12 round trips take 1.204ms more than usual:
    ///       turnaround 96.1%, network 3.9%
    func text(_ style: TextStyle) -> String {
        let parts = shares.map { ($0.figure.name, $0.percent) } + [("unattributed", unattributed)]
        let shown = parts.filter { $0.1.magnitude >= 0.05 }.sorted { $0.1 > $1.1 }
            .map { "\($0.0) \(tenths($0.1))%" }
        let trips = count == 1 ? "1 round trip takes" : "\(count) round trips take"
        return "above p\(percentile.name), \(trips) \(style.rounded(excess)) more than usual:\n"
            + lines(of: shown)
    }

    /// Parts separated by commas, in lines of at most 80 columns.
    private func lines(of parts: [String]) -> String {
        var lines = [""]
        for (index, part) in parts.enumerated() {
            let word = index + 1 < parts.count ? part + "," : part
            if lines[lines.count - 1].count + word.count + 3 > 80 { lines.append("") }
            lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "  " : " ") + word
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func tenths(_ number: Double) -> String {
        (number < 0 ? "-" : "") + fixedPoint((number.magnitude * 10).saturated, decimals: 1)
    }
}

extension Percentile {
    /// `99` or `99.9`.
    var name: String {
        var text = TextBuffer(capacity: 8)
        text.append(thousandths / 1000)
        text.appendFraction(thousandths % 1000, digits: 3)
        return text.string
    }
}

extension Double {
    fileprivate var saturated: UInt64 { UInt64(exactly: rounded()) ?? .max }
}
