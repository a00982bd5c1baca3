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
        let address = target == "\(peer)" ? "" : " (\(peer))"
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
        write(.ping(PingLine(message: "PING Reply", detail: replyDetail, reply: copy reply)))
    }

    func late(_ reply: borrowing PingReply) {
        write(.ping(PingLine(message: "PING Late", detail: replyDetail, reply: copy reply)))
    }

    func duplicate(_ reply: borrowing PingReply) {
        write(.ping(PingLine(message: "PING Duplicate", detail: replyDetail, reply: copy reply)))
    }

    func lost(_ number: UInt64, peer: Peer, sent: Timestamp?) {
        write(.pingTimeout(PingTimeoutLine(number: number, peer: peer, sent: sent)))
    }

    func pingStatus(_ result: borrowing PingResult) {
        log(.info, "PING Status") { line in
            line.integer("lost", result.counts[.lost])
            line.integer("received", result.counts[.received])
            line.integer("rtt_mean_ns", result[.rtt]?.mean)
            line.integer("sent", result.counts[.sent])
        }
    }

    var progressDue: MonotonicTime { nextStatus }

    func progressed(_ result: borrowing PingResult, at now: MonotonicTime) {
        showStatus(at: now) {
            let mean = result[.rtt]?.mean.map { ", rtt mean \(durationText($0))" } ?? ""
            let (sent, lost) = (result.counts[.sent], result.counts[.lost])
            return "\(sent) sent, \(result.counts[.received]) received, "
                + "\(percentage(lost, of: sent)) lost\(mean)"
        }
    }
}
