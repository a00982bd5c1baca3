/// A distribution as bars, in 80 columns. A row begins at the value in front of it and ends where the next begins.
struct HistogramDrawing {
    private static let rowLimit = 20
    private static let width = 80
    private static let shareWidth = 9

    let style: TextStyle
    let distribution: Distribution

    /// The drawing; empty if there are no values.
    var text: String {
        let rows = self.rows
        let maxCount = rows.map(\.count).max() ?? 0
        guard maxCount > 0 else { return "" }
        let labelWidth = max(4, rows.map(\.label.count).max() ?? 0)
        let countWidth = max(5, "\(maxCount)".count)
        let barWidth = Self.width - labelWidth - countWidth - 2 * Self.shareWidth - 4
        let heading =
            "from".rightAligned(labelWidth) + String(repeating: " ", count: barWidth + 3)
            + "count".rightAligned(countWidth + 1) + "share".rightAligned(Self.shareWidth)
            + "cumul.".rightAligned(Self.shareWidth)
        var text = style.heading(heading) + "\n"
        var reached: UInt64 = 0
        for row in rows {
            reached += row.count
            text += row.label.rightAligned(labelWidth) + (style.isUnicode ? " ▕" : " |")
            text += bar(row.count, of: maxCount, width: barWidth).leftAligned(barWidth + 1)
            text += (row.count == 0 ? "" : "\(row.count)").rightAligned(countWidth + 1)
            text += (row.count == 0 ? "" : share(row.count)).rightAligned(Self.shareWidth)
            text += share(reached).rightAligned(Self.shareWidth) + "\n"
        }
        return text
    }

    struct Row: Equatable {
        let label: String
        /// The values that it stands for; of the last, those that there are.
        let range: ClosedRange<Int64>
        let count: UInt64
    }

    var rows: [Row] {
        guard let minimum = distribution.minimum, let maximum = distribution.maximum else { return [] }
        var rows: [Row] = []
        if distribution.negatives > 0 {
            rows.append(Row(label: "< 0s", range: minimum...min(-1, maximum), count: distribution.negatives))
        }
        let buckets = distribution.buckets.filter { $0.range.lowerBound >= 0 }
        guard !buckets.isEmpty else { return rows }
        let layout = HistogramLayout(buckets, rows: Self.rowLimit - rows.count)
        for (index, edge) in layout.edges.enumerated() {
            let isLast = index + 1 == layout.edges.count
            let last = isLast ? max(edge, maximum) : layout.edges[index + 1] - 1
            rows.append(Row(label: style.exact(edge), range: edge...last, count: layout.counts[index]))
        }
        return rows
    }

    /// A bar in eighths of a column; never empty if there are values.
    private func bar(_ count: UInt64, of maxCount: UInt64, width: Int) -> String {
        guard count > 0 else { return "" }
        let eighths = max(1, Int((Double(count) / Double(maxCount) * Double(8 * width)).rounded()))
        guard style.isUnicode else {
            return eighths < 4 ? "." : String(repeating: "#", count: (eighths + 4) / 8)
        }
        let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return String(repeating: "█", count: eighths / 8) + part
    }

    /// A share of all values, with three decimals.
    private func share(_ part: UInt64) -> String {
        fixedPoint(thousandthsOfPercent(part, of: distribution.count), decimals: 3) + "%"
    }
}
