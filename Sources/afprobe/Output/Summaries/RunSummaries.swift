import AFPacketKit

// The summaries of send and listen: sentences for people, else a line. With -v people get the line, too.

extension Console {
    func write(_ result: SendResult, _ tally: borrowing TransmitTally) {
        if !isForPeople || isDetailed { writeLine(result, tally) }
        guard isForPeople else { return }
        write(text: SendSummaryText(result, tally, self).text)
    }

    private func writeLine(_ result: SendResult, _ tally: borrowing TransmitTally) {
        let (dropped, uncaptured) = (droppedLines, droppedCaptures.map { Int64($0) })
        let interface = context.interface
        let scheduleErrors = tally.scheduleErrors
        write(.info, "TX Summary") { line in
            line.integer("failed", result.failed)
            line.string("host", Origin.host)
            line.integer("in_flight", result.inFlight)
            line.string("interface", interface)
            line.integer("late_hardware", tally.lateHardware)
            line.integer("late_software", tally.lateSoftware)
            line.integer("launch_invalid", result.hasLaunchTimes ? Int64(tally.launchInvalid) : nil)
            line.integer("launch_missed", result.hasLaunchTimes ? Int64(tally.launchMissed) : nil)
            line.integer("lines_dropped", dropped)
            line.integer("mismatched", tally.mismatched)
            line.missing(
                "missing_hardware", tally.missingHardware, because: "missing_hardware_reason",
                result.missingHardware)
            line.missing(
                "missing_software", tally.missingSoftware, because: "missing_software_reason",
                result.missingSoftware)
            line.integer("pcap_dropped", uncaptured)
            line.integer("queue_overflows", result.overflows)
            line.add(scheduleErrors: scheduleErrors)
            line.integer("sent", result.sent)
            line.integer("stamped_hardware", tally.stampedHardware)
            line.integer("stamped_software", tally.stampedSoftware)
            line.integer("unmatched", tally.unmatched)
            line.string("version", Origin.version)
            line.integer("warmup", result.warmedUp)
        }
    }

    func write(_ result: ListenResult) {
        if !isForPeople || isDetailed { writeLine(result) }
        if isForPeople { write(text: ListenSummaryText(result, self).text) }
    }

    private func writeLine(_ result: ListenResult) {
        let interface = context.interface
        let (faults, total, replies, tally) = (
            result.faults, result.statistics, result.replies, result.tally
        )
        let (dropped, uncaptured) = (droppedLines, droppedCaptures.map { Int64($0) })
        let otherForms = result.otherForms.map { Int64($0) }
        write(.info, "RX Summary") { line in
            line.integer("corrupt", faults.corrupt)
            line.integer("drops", total.drops)
            line.integer("follow_ups", replies.followUps)
            line.integer("foreign", faults.foreign)
            line.string("host", Origin.host)
            line.string("interface", interface)
            line.integer("lines_dropped", dropped)
            line.missing(
                "missing_hardware", tally.missingHardware, because: "missing_hardware_reason",
                result.missingHardware)
            line.integer("missing_software", tally.missingSoftware)
            line.integer("other_form", otherForms)
            line.integer("other_version", faults.otherVersion)
            line.integer("packets", total.packets)
            line.integer("pcap_dropped", uncaptured)
            line.integer("probes", tally.probes)
            line.integer("queue_freezes", total.queueFreezes)
            line.integer("replies", replies.replies)
            line.integer("replies_failed", replies.failed)
            line.integer("replies_refused", replies.refused)
            line.integer("replies_suppressed", replies.suppressed)
            line.integer("stamped_hardware", tally.stampedHardware)
            line.integer("stamped_software", tally.stampedSoftware)
            line.integer("truncated", faults.truncated)
            line.string("version", Origin.version)
        }
    }
}

extension Line {
    /// The number of missing stamps and, if any, the reasons.
    fileprivate mutating func missing(
        _ key: StaticString, _ count: UInt64, because reasonKey: StaticString, _ reasons: [MissingCount]
    ) {
        let texts = reasons.map(\.text)
        integer(key, count)
        if format == .json {
            list(reasonKey, texts)
        } else if !texts.isEmpty {
            string(reasonKey, texts.joined(separator: "; "))
        }
    }
}
