/// Sentences of a summary, each of parts separated by commas, in 80 columns.
struct SummaryText {
    private var text: String
    private var parts: [String] = []
    private let style: TextStyle

    init(_ command: String, _ console: Console) {
        style = console.style
        text = "\n--- \(console.context.interface ?? "") \(command) statistics ---\n"
    }

    mutating func add(_ part: String) { parts.append(part) }

    mutating func add(stamped count: UInt64, by clock: String, of whole: UInt64) {
        let number = count == whole && whole > 0 ? "all" : "\(count)"
        add("\(number) with \(clock) stamps")
    }

    mutating func endLine() {
        text += wrap(parts.joined(separator: ", "), indent: 0)
        parts = []
    }

    /// Adds the reasons for missing stamps, if any are missing.
    mutating func add(missing count: UInt64, of clock: String, _ reasons: [MissingCount]) {
        guard count > 0 else { return }
        let why = reasons.isEmpty ? "" : ": " + reasons.map(\.text).joined(separator: "; ")
        text += wrap("\(count) without \(clock) stamps\(why)", indent: 0)
    }

    /// The percentiles that so many values can carry.
    mutating func add(spread name: String, _ values: Distribution) {
        let statistics = values.statistics
        let shown: [Statistic] = [.min, .p50, .p99, .max]
        let figures = shown.map { statistic in
            "\(statistic.rawValue) "
                + (statistics[statistic].map(style.rounded) ?? style.absent)
        }
        text += "\(name) \(figures.joined(separator: ", ")) (n \(values.count))\n"
    }

    /// Adds the counts that are 0 in a run without trouble.
    mutating func addCounts(_ counts: [(count: UInt64, label: String)]) {
        let present = counts.filter { $0.count > 0 }
        guard !present.isEmpty else { return }
        for (count, label) in present { add("\(count) \(label)") }
        endLine()
    }

    func finished(_ console: Console) -> String {
        var text = text
        if console.droppedLines > 0 {
            text += "\(console.droppedLines) lines dropped: their reader is too slow\n"
        }
        if let dropped = console.droppedCaptures, dropped > 0 {
            text += "\(dropped) frames are not in the capture: its reader is too slow\n"
        }
        return text
    }
}
