// Lines about the intervals of --stats.

extension PingInterval {
    func fields(in context: LineContext) -> Fields {
        var fields = Fields()
        for counter in Self.counters {
            fields.add(counter.name, .count(counts[counter]))
        }
        fields.add("loss_percent", .share(counts[.lost], of: counts[.sent]))
        fields.add("interface", .text(context.interface))
        fields.add("target", .text(context.target))
        fields.add("interval_ns", .integer(length))
        for (figure, distribution) in figures { fields.add(figure, distribution) }
        return fields
    }
}

extension Line {
    /// Writes an interval of ping in a short line, in the unit of those before.
    mutating func write(_ interval: PingInterval, _ unit: inout RunUnit) {
        add(interval[.rtt]?.statistics ?? [:], [(.p50, "rtt_p50"), (.p99, "p99"), (.max, "max")], &unit)
        integer("sent", interval.counts[.sent])
        integer("lost", interval.counts[.lost])
    }

    /// Writes an interval of send in a short line.
    mutating func write(_ interval: SendInterval, _ unit: inout RunUnit) {
        integer("sent", interval.sent)
        if interval.failed > 0 { integer("failed", interval.failed) }
        if interval.missingSoftware > 0 { integer("missing_software", interval.missingSoftware) }
        add(
            interval.scheduleErrors?.statistics ?? [:],
            [(.p50, "schedule_error_p50"), (.p99, "p99"), (.max, "max")], &unit)
    }

    /// Adds the schedule errors of a run of send, or of an interval of it; nil without due times.
    mutating func add(scheduleErrors: Distribution?) {
        let statistics = scheduleErrors?.statistics ?? [:]
        integer("schedule_error_count", scheduleErrors.map { Int64($0.count) })
        integer("schedule_error_max_ns", statistics[.max])
        integer("schedule_error_min_ns", statistics[.min])
        integer("schedule_error_p50_ns", statistics[.p50])
        integer("schedule_error_p99_ns", statistics[.p99])
    }

    /// Adds statistics in one unit, as far as the values are enough for them.
    private mutating func add(
        _ statistics: [Statistic: Int64], _ shown: [(Statistic, StaticString)], _ unit: inout RunUnit
    ) {
        guard !statistics.isEmpty else { return }
        for (statistic, key) in shown {
            guard let value = statistics[statistic] else { continue }
            duration(key, value, in: unit.scale(for: value))
        }
    }
}
