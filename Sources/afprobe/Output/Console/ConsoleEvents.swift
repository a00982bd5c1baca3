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
        write(.info, "RX Stats") { line in
            line.integer("drops", statistics.drops)
            line.integer("packets", statistics.packets)
            line.integer("queue_freezes", statistics.queueFreezes)
        }
    }

    func listenStatus(probes: UInt64) {
        log(.info, "RX Status") { line in line.integer("probes", probes) }
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

    func lost(_ number: UInt64, peer: Peer) {
        write(.pingTimeout(PingTimeoutLine(number: number, peer: peer)))
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

extension Console: VerifyEvents {
    func verified(_ claim: StampClaim) {
        write(.info, claim.frames == .sent ? "Verify Transmit" : "Verify Receive") { line in
            if claim.frames == .received { line.integer("arrived", UInt64(claim.count)) }
            line.boolean("claimed", claim.isClaimed)
            line.string("interface", claim.interface)
            if let latenesses = claim.latenesses {
                line.durationTwins("late_max", "late_max_ns", latenesses.lateness(1))
                line.durationTwins("late_p50", "late_p50_ns", latenesses.lateness(0.5))
                line.durationTwins("late_p99", "late_p99_ns", latenesses.lateness(0.99))
            }
            if claim.frames == .sent { line.integer("sent", UInt64(claim.count)) }
            line.string("shape", claim.shape.rawValue)
            line.string("stamp", claim.clock.name)
            line.integer("stamped", UInt64(claim.stamped))
            line.string("verdict", claim.verdict.rawValue)
        }
    }

    func verified(_ arrivals: Arrivals, of shape: TrialShape, by peer: MACAddress) {
        let counts = [
            (StampClock.hardware, arrivals.peer.receivedHardware, arrivals.peer.sentHardware),
            (.software, arrivals.peer.receivedSoftware, arrivals.peer.sentSoftware),
        ]
        for (clock, received, sent) in counts {
            write(.info, "Verify Peer") { line in
                line.integer("answered", UInt64(arrivals.count))
                line.address("peer", peer)
                line.integer("received_stamped", UInt64(received))
                line.integer("sent_stamped", UInt64(sent))
                line.string("shape", shape.rawValue)
                line.string("stamp", clock.name)
            }
        }
    }

    func verified(_ rate: StampRate) {
        write(.info, "Verify Rate") { line in
            line.string("interface", rate.interface)
            line.integer("skipping_rate", (rate.skipping?.rate).map { Int64($0) })
            line.integer("skipping_sent", rate.skipping.map { Int64($0.sent) })
            line.integer("skipping_stamped", rate.skipping.map { Int64($0.hardware.count) })
            line.integer("sustained_rate", rate.sustained.map { Int64($0) })
        }
    }
}

extension Line {
    /// A duration under two keys: readable in text only, and in nanoseconds.
    fileprivate mutating func durationTwins(
        _ key: StaticString, _ keyInNanoseconds: StaticString, _ nanoseconds: Int64?
    ) {
        readableDuration(key, nanoseconds)
        integer(keyInNanoseconds, nanoseconds)
    }
}
