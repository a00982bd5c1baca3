import AFPacketKit

// The console as the sink of a verification: a table for people, else a line for each claim.

extension Console: VerifyEvents {
    func verified(_ claims: [StampClaim]) {
        if isForPeople {
            if verifyTable == nil { verifyTable = VerifyTable(style: style) }
            if let row = verifyTable?.row(claims) { write(text: row) }
        } else {
            for claim in claims { write(claim) }
        }
    }

    private func write(_ claim: StampClaim) {
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
        if isForPeople {
            if verifyTable == nil { verifyTable = VerifyTable(style: style) }
            guard arrivals.count > 0 else {
                verifyTable?.add(
                    "\(peer) answered no \(shape.rawValue) frames; this would: afprobe listen -i IF"
                        + shape.listenerOptions)
                return
            }
            let stamped = counts.map { "\($0.0.name) RX \($0.1), TX \($0.2)" }.joined(separator: "; ")
            verifyTable?.add(
                "\(peer) answered \(arrivals.count) \(shape.rawValue) frames, with its stamps: \(stamped)")
            return
        }
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
        guard !isForPeople else { return write(text: wrap(rate.sentence, indent: 0)) }
        write(.info, "Verify Rate") { line in
            line.string("interface", rate.interface)
            line.integer("skipping_rate", (rate.skipping?.rate).map { Int64($0) })
            line.integer("skipping_sent", rate.skipping.map { Int64($0.sent) })
            line.integer("skipping_stamped", rate.skipping.map { Int64($0.hardware.count) })
            line.integer("sustained_rate", rate.sustained.map { Int64($0) })
        }
    }
}

extension Console {
    /// Ends the table of a verification.
    ///
    /// - Parameter isKept: the verdict; nil if there is none.
    func concludeVerification(isKept: Bool?) {
        if let verifyTable { write(text: verifyTable.conclusion(isKept: isKept)) }
    }
}

extension TrialShape {
    /// The options of a listener that answers such frames.
    fileprivate var listenerOptions: String {
        switch self {
        case .plain, .vlan: ""
        case .ptpOverEthernet: " --ptp"
        case .ptpOverUDP: " --udp --ptp"
        }
    }
}

extension StampRate {
    fileprivate var sentence: String {
        let most = sustained.map { "hardware stamps of every frame sent: up to \($0) frames a second" }
        let skips = skipping.map { outcome in
            "at \(outcome.rate.map { "\($0)" } ?? "more") a second \(outcome.hardware.count) of "
                + "\(outcome.sent) were stamped"
        }
        return [most ?? "no rate was found at which every frame sent is stamped", skips].compactMap(\.self)
            .joined(separator: "; ")
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
