/// The figures of `ping` for people, in 80 columns: a row for each figure with values, stages in the order of a round
/// trip; one unit down each column, so that values compare at a glance.
struct PingTable {
    private static let columns: [Statistic] = [.min, .mean, .p50, .p90, .p99, .p999, .max]
    private static let nameWidth = 16
    private static let columnWidth = 8

    /// The order of the rows: parts follow their wholes.
    private static let order: [Figure] =
        [.rtt, .network, .turnaround, .requestOneWay, .replyOneWay, .total] + Figure.stages + [.link]

    let style: TextStyle
    /// The row that stands out: the part that takes most of a round trip.
    var worst: Figure?
    let distribution: (Figure) -> Distribution?

    /// The table; empty if nothing was measured.
    var text: String {
        let rows = Self.order.compactMap { figure in
            distribution(figure).flatMap { $0.count > 0 ? (figure, $0) : nil }
        }
        guard !rows.isEmpty else { return "" }
        let measured = rows.map { $0.1.statistics }
        let columns = Self.columns.map { statistic in
            Column(of: measured.map { $0[statistic] }, style)
        }
        let indent = String(repeating: " ", count: Self.nameWidth)
        let names = (["n"] + Self.columns.map(\.rawValue)).map(cell).joined()
        let units = ([""] + columns.map(\.unit)).map(cell).joined()
        var text = style.heading(indent + names) + "\n" + indent + units + "\n"
        for (index, (figure, values)) in rows.enumerated() {
            let row =
                name(of: figure) + (["\(values.count)"] + columns.map { $0.cells[index] }).map(cell).joined()
            text += (figure == worst ? style.warning(row) : row) + "\n"
        }
        for (figure, values) in rows { text += notes(figure, values) }
        return text
    }

    private func name(of figure: Figure) -> String {
        let isPart = Figure.stages.contains(figure) || figure == .link
        return ((isPart ? "  " : "") + figure.name).leftAligned(Self.nameWidth)
    }

    /// The leading blank remains if a value is too long for its column.
    private func cell(_ text: String) -> String { " " + text.rightAligned(Self.columnWidth - 1) }

    /// A statistic of all figures, in one unit.
    private struct Column {
        let unit: String
        let cells: [String]

        init(of values: [Int64?], _ style: TextStyle) {
            let known = values.compactMap(\.self)
            // The sign takes the room of a digit.
            let scale = DurationScale(
                largest: known.map(\.magnitude).max() ?? 0, digits: known.contains { $0 < 0 } ? 5 : 6,
                finest: 3)
            unit = known.isEmpty ? "" : "\(scale.unit(isUnicode: style.isUnicode))"
            cells = values.map { value in
                guard let value else { return style.absent }
                var text = TextBuffer(capacity: 24)
                text.append(value, in: scale)
                return text.string
            }
        }
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
                "\(values.negatives) of \(values.count) \(figure.name) values are negative\n"
        }
        return text
    }
}

extension Tail {
    /// The stages that slow down the slowest round trips, for people, the largest share first:
    ///
    ///     above rtt p99, 12 round trips take 1.204ms more than usual:
    ///       turnaround 96.1%, network 3.9%
    func text(_ style: TextStyle) -> String {
        let trips = count == 1 ? "1 round trip takes" : "\(count) round trips take"
        let heading = "above rtt p\(percentile.name), \(trips) \(style.rounded(excess)) more than usual"
        guard let unattributed else {
            let stages = missing.map { "\($0.figure.name) in \($0.count) of \(count)" }
            return heading + ";\n  in which stage is not known, because these are missing:\n"
                + indented(stages)
        }
        let parts = shares.map { ($0.figure.name, $0.percent) } + [("unattributed", unattributed)]
        let shown = parts.filter { $0.1.magnitude >= 0.05 }.sorted { $0.1 > $1.1 }
            .map { "\($0.0) \(tenths($0.1))%" }
        return heading + ":\n" + indented(shown)
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
