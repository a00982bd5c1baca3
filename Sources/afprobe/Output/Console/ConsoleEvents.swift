import AFPacketKit

// The console as the sink of runs: it turns events into lines, queues frames for the capture file, and wakes the
// writer.

extension Console: RunEvents {
    var takesFrames: Bool { !isQuiet }
    var takesDetails: Bool { isDetailed }
    var takesCaptures: Bool { droppedCaptures != nil }

    func diagnosed(_ diagnostic: Diagnostic) { log(diagnostic.message) }
}

extension Console: SendEvents {
    func completed(_ frame: borrowing SentFrame) { write(.transmit(TransmitLine(frame: copy frame))) }

    func intervalEnded(_ interval: SendInterval) {
        let name = context.interface
        write(.info, "TX Stats") { line in
            guard !line.isShort else { return line.write(interval, &intervalUnit) }
            line.integer("failed", interval.failed)
            line.string("interface", name)
            line.integer("interval_ns", interval.length)
            line.integer("missing_hardware", interval.missingHardware)
            line.integer("missing_software", interval.missingSoftware)
            line.add(scheduleErrors: interval.scheduleErrors)
            line.integer("sent", interval.sent)
            line.integer("stamped_hardware", interval.stampedHardware)
            line.integer("stamped_software", interval.stampedSoftware)
        }
    }

    func sendStatus(sent: UInt64, stampedSoftware: UInt64) {
        log(.info, "TX Status") { line in
            line.integer("sent", sent)
            line.integer("stamped_software", stampedSoftware)
        }
    }
}

extension Console: ListenEvents {
    func received(_ probe: borrowing ReceivedProbe, clock: String?, missing: MissingReason?) {
        write(.receive(ReceiveLine(probe, clock: clock, missingHardware: missing)))
    }

    func counted(_ statistics: PacketStatistics) {
        write(.info, "RX Stats", isOfReference: true) { line in
            line.integer("drops", statistics.drops)
            line.integer("packets", statistics.packets)
            line.integer("queue_freezes", statistics.queueFreezes)
        }
    }

    func listenStatus(probes: UInt64) {
        log(.info, "RX Status") { line in line.integer("probes", probes) }
    }
}

extension Console {
    /// Says to people what is measured, and by which clock.
    func beginPing(to peer: Peer, by name: PingProtocolName) {
        guard isForPeople else { return }
        let target = context.target ?? "\(peer)"
        let addresses = (target == "\(peer)" ? [] : ["\(peer)"]) + (context.station.map { ["\($0)"] } ?? [])
        let address = addresses.isEmpty ? "" : " (\(addresses.joined(separator: ", ")))"
        let clock = context.clock.map { ", \($0.name) stamps" } ?? ""
        write(
            text: wrap(
                "PING \(target)\(address) on \(context.interface ?? ""): \(name.rawValue)\(clock)", indent: 0)
        )
        beginStatus()
    }
}

extension Console: PingEvents {
    func answered(_ reply: borrowing PingReply) {
        write(.ping(PingLine(kind: .reply, detail: replyDetail, reply: copy reply)))
    }

    func late(_ reply: borrowing PingReply) {
        write(.ping(PingLine(kind: .late, detail: replyDetail, reply: copy reply)))
    }

    func duplicate(_ reply: borrowing PingReply) {
        write(.ping(PingLine(kind: .duplicate, detail: replyDetail, reply: copy reply)))
    }

    func lost(_ number: UInt64, peer: Peer, sent: Timestamp?) {
        write(.pingTimeout(PingTimeoutLine(number: number, peer: peer, sent: sent)))
    }

    func intervalEnded(_ interval: borrowing PingInterval) {
        let interval = copy interval
        let context = context
        write(.info, "PING Stats") { line in
            guard !line.isShort else { return line.write(interval, &intervalUnit) }
            interval.fields(in: context).write(to: &line)
        }
    }

    func pingStatus(_ result: borrowing PingResult) {
        log(.info, "PING Status") { line in
            guard !line.isShort else {
                line.integer("sent", result.counts[.sent])
                line.integer("received", result.counts[.received])
                line.integer("lost", result.counts[.lost])
                return line.duration("rtt_mean", result[.rtt]?.mean)
            }
            line.integer("lost", result.counts[.lost])
            line.integer("received", result.counts[.received])
            line.integer("rtt_mean_ns", result[.rtt]?.mean)
            line.integer("sent", result.counts[.sent])
        }
    }

    var progressDue: MonotonicTime { nextStatus }

    func progressed(_ result: borrowing PingResult, at now: MonotonicTime) {
        showStatus(at: now) {
            result.statusLine(style)
        }
    }
}

extension PingResult {
    /// The run so far, in less than 80 columns:
    ///
    ///     1200 sent, 0% lost; last 134.0µs, p50 131.2µs, p99 180.1µs; most turnaround
    fileprivate func statusLine(_ style: TextStyle) -> String {
        let (sent, lost) = (counts[.sent], counts[.lost])
        let loss = "\(percentage(lost, of: sent)) lost"
        var parts = ["\(sent) sent, \(loss)"]
        if let roundTrips = self[.rtt], let latest = roundTrips.latest {
            let ranked = roundTrips.percentiles([.p50, .p99]).map(style.rounded)
            let isRanked = roundTrips.count >= Statistic.p99.neededCount
            let tail = isRanked ? ", p99 \(ranked[1])" : ""
            parts.append("last \(style.rounded(latest)), p50 \(ranked[0])\(tail)")
        }
        if let largestPart { parts.append("most \(largestPart.part.name)") }
        while parts.joined(separator: "; ").count >= 80 { parts.removeLast() }
        if lost > 0 { parts[0] = "\(sent) sent, \(style.alarm(loss))" }
        return parts.joined(separator: "; ")
    }
}
