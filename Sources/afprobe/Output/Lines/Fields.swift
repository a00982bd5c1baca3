/// A value in a line. If nil, it is null in JSON and left out in text.
enum Field: Equatable {
    case integer(Int64?)
    case count(UInt64?)
    case text(String?)
    /// `yes` or `no`; true or false in JSON.
    case flag(Bool?)
    /// A number in units of its last decimal.
    case decimal(Int64?, decimals: Int)
    /// An array in JSON, even if empty.
    case reasons([String])

    /// A share of a whole in per cent, with three decimals; nil if there is no whole.
    static func share(_ part: UInt64, of whole: UInt64) -> Field {
        .decimal(whole > 0 ? Int64(thousandthsOfPercent(min(part, whole), of: whole)) : nil, decimals: 3)
    }

    var isAbsent: Bool {
        switch self {
        case .integer(nil), .count(nil), .text(nil), .flag(nil), .decimal(nil, _), .reasons([]): true
        default: false
        }
    }
}

/// The keys and values of a line that come from several sources in any order.
struct Fields {
    private var values: [(key: String, field: Field)] = []

    mutating func add(_ key: String, _ field: Field) { values.append((key, field)) }

    /// The statistics of a figure: `rtt_jitter_ns`, `rtt_max_ns` and so on, in nanoseconds; and `rtt_count`, the number
    /// of its values, and `rtt_negatives`, of those below zero.
    mutating func add(_ figure: Figure, _ distribution: Distribution?) {
        add("\(figure.name)_count", .count(distribution?.count ?? 0))
        add("\(figure.name)_negatives", .count(distribution?.negatives ?? 0))
        let statistics = distribution?.statistics ?? [:]
        for statistic in Statistic.allCases {
            add("\(figure.name)_\(statistic.keyName)_ns", .integer(statistics[statistic]))
        }
    }

    /// Adds all fields to a line in ascending order of the keys' bytes.
    func write(to line: inout Line) {
        let sorted = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (key, field) in sorted { line.field(key, field) }
    }
}

extension Tail {
    /// - Parameter stages: those of the run, with or without a share.
    func fields(of stages: [Figure]) -> Fields {
        var fields = Fields()
        fields.add("excess_ns", .integer(excess))
        fields.add("percentile", .text(percentile.name))
        fields.add("round_trips", .count(count))
        func tenths(_ percent: Double) -> Field { .decimal(Int64(saturating: 10 * percent), decimals: 1) }
        fields.add("unattributed_percent", unattributed.map(tenths) ?? .decimal(nil, decimals: 1))
        for stage in stages {
            let share = shares.first { $0.figure == stage }?.percent
            fields.add("\(stage.name)_percent", share.map(tenths) ?? .decimal(nil, decimals: 1))
            fields.add("\(stage.name)_missing", .count(missing.first { $0.figure == stage }?.count))
        }
        return fields
    }
}

extension Bias {
    var fields: Fields {
        var fields = Fields()
        fields.add("percentile", .text(percentile.name))
        fields.add("replies", .count(allCount))
        fields.add("rtt_ns", .integer(all))
        fields.add("rtt_with_turnaround_ns", .integer(known))
        fields.add("with_turnaround", .count(knownCount))
        return fields
    }
}

extension Statistic {
    /// The name in a key, without a dot, which jq would treat as a path.
    fileprivate var keyName: String { self == .p999 ? "p99_9" : rawValue }
}

extension Violation {
    /// The reason why there is no value: none was measured, or too few for a percentile.
    private var reason: String? {
        if let absence { return absence.text }
        guard value == nil, case .duration(_, let statistic, _) = limit.bound, let count, count > 0,
            statistic.neededCount > count
        else { return nil }
        return "\(statistic.rawValue) needs \(statistic.neededCount) values, and there are \(count)"
    }

    /// For people: `rtt.p99>1us, and it is 883.7µs`.
    func sentence(_ style: TextStyle) -> String {
        switch value {
        case .duration(let nanoseconds): "\(limit.text), and it is \(style.rounded(nanoseconds))"
        case .count(let number): "\(limit.text), and it is \(number)"
        case .loss(let lost, let sent): "\(limit.text), and it is \(percentage(lost, of: sent))"
        case nil: "\(limit.text) is not measured, and counts as exceeded" + (reason.map { ": \($0)" } ?? "")
        }
    }

    func write(to line: inout Line) {
        line.string("limit", limit.text)
        line.string("reason", reason)
        switch value {
        case .duration(let nanoseconds): line.duration("value", nanoseconds)
        case .count(let number): line.integer("value", number)
        case .loss(let lost, let sent) where line.format == .json:
            line.percentage("value_percent", lost, of: sent)
        case .loss(let lost, let sent): line.string("value", percentage(lost, of: sent))
        case nil where line.format != .json: line.string("value", "none")
        case nil where limit.isOnDuration: line.duration("value", nil)
        case nil where limit.isOnLoss: line.percentage("value_percent", 0, of: 0)
        case nil: line.string("value", nil)
        }
    }
}
