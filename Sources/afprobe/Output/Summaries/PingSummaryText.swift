import AFPacketKit

/// The summary of `ping` for people: ping(8)'s lines, then figures that ping(8) lacks.
struct PingSummaryText {
    let result: PingResult
    let tails: [Tail]
    let peer: Peer
    let elapsed: Int64
    let missingHardware: [String]
    var facts: ResponderFacts = [:]
    let drawsHistogram: Bool
    let style: TextStyle

    var text: String {
        var text = "\n--- \(peer) ping statistics ---\n" + bias + countsLine + losses + roundTrips
        guard let clock = result.roundTripClock else { return text }
        // The only part of a round trip is no news.
        for tail in tails where tail.shares.count != 1 { text += tail.text(style) }
        text +=
            "\n"
            + PingTable(style: style, worst: result.largestPart?.part) {
                result.figures.contains($0) ? result[$0] : nil
            }.text
        if result.counts[.clockSteps] > 0 {
            let times = result.counts[.clockSteps] == 1 ? "once" : "\(result.counts[.clockSteps]) times"
            text += "this host's clock was set \(times) during the run\n"
        }
        text += clocks(clock)
        if drawsHistogram, let values = result[.rtt] {
            text += "\n" + HistogramDrawing(style: style, distribution: values).text
        }
        return text
    }

    private var countsLine: String {
        let counts = result.counts
        var text = "\(counts[.sent]) packets transmitted, \(counts[.received]) received"
        for counter in Counter.allCases where counts[counter] > 0 {
            if let label = counter.label { text += ", +\(counts[counter]) \(label)" }
        }
        let loss = "\(percentage(counts[.lost], of: counts[.sent])) packet loss"
        text += ", " + (counts[.lost] > 0 ? style.alarm(loss) : loss)
        return text + ", time \(elapsed / 1_000_000)ms\n"
    }

    private var bias: String {
        guard let bias = result.turnaroundBias else { return "" }
        return "turnaround is known for \(bias.knownCount) of \(bias.allCount) replies, which are "
            + "\(bias.known < bias.all ? "faster" : "slower") than the rest:\n"
            + "  rtt p\(bias.percentile.name) \(style.rounded(bias.known)) against \(style.rounded(bias.all))\n"
    }

    /// The places where requests and replies were lost, as far as something names them.
    private var losses: String {
        let lost = result.counts[.lost]
        // Without any reply, the failure says more.
        guard lost > 0, result.counts[.received] + result.counts[.late] > 0 else { return "" }
        var parts: [String] = []
        if var reached = result.value(of: .lostReached) {
            let before = reached
            for (counter, what) in [
                (Counter.responderRefused, "refused by the responder's send queue"),
                (.responderSuppressed, "suppressed by its reply limit"),
            ] {
                let count = min(reached, result.value(of: counter) ?? 0)
                reached -= count
                if count > 0 { parts.append("\(count) \(what)") }
            }
            if reached > 0 { parts.append("\(reached) after they reached the responder") }
            if lost > before { parts.append("\(lost - before) at an unknown place") }
        } else {
            parts.append("all at an unknown place")
        }
        if result.counts[.drops] > 0 {
            parts.append("up to \(result.counts[.drops]) in this host's receive queue")
        }
        if let drops = result.value(of: .responderDrops), drops > 0 {
            parts.append("up to \(drops) in the responder's receive queue")
        }
        // A single reason stands on the same line.
        return parts.count == 1 ? "\(lost) lost: \(parts[0])\n" : "of \(lost) lost:\n" + indented(parts)
    }

    private var roundTrips: String {
        guard let clock = result.roundTripClock, let values = result[.rtt], let minimum = values.minimum,
            let mean = values.mean, let maximum = values.maximum, let deviation = values.standardDeviation
        else { return "" }
        let figures = [minimum, mean, maximum, deviation].map(milliseconds).joined(separator: "/")
        return "rtt min/avg/max/mdev = \(figures) ms (\(clock.name) stamps)\n" + largestPart
    }

    /// The part that takes most of the time on average.
    private var largestPart: String {
        guard let (part, whole) = result.largestPart, let time = result[part]?.mean,
            let all = result[whole]?.mean, time > 0, all > 0
        else { return "" }
        let tenths = UInt64((Double(time) / Double(all) * 1000).rounded())
        return style.warning(
            "most of it is \(part.name): \(fixedPoint(tenths, decimals: 1))% of the mean \(whole.name)")
            + "\n"
    }

    /// The worth of another program's times.
    private var trust: String {
        var text = ""
        if result.resolution.isUnseparated {
            text +=
                "the responder does not separate arrival from departure: network includes its turnaround\n"
        }
        if let resolution = result.resolution.coarseResolution {
            text +=
                "the responder's times have a resolution of \(style.rounded(Int64(clamping: resolution)))\n"
        }
        if !facts.isEmpty {
            let said = ResponderFact.allCases.compactMap { key in
                facts[key].map { "\(key.rawValue)=\($0.words)" }
            }
            text += "the responder says: " + said.joined(separator: " ") + "\n"
        }
        return text
    }

    private func clocks(_ clock: StampClock) -> String {
        var text = ""
        if !result.protocolName.tellsTime {
            text += "the responder tells no time: network includes its turnaround\n"
        } else if result.protocolName != .afprobe {
            text +=
                (result[.turnaround] == nil
                    ? "no reply has usable times of the responder: its turnaround is not known\n"
                    : "turnaround as the responder tells it\n") + trust
        } else if let turnaround = result.turnaroundClock, turnaround != clock {
            text += "turnaround by \(turnaround.name) stamps\n"
        }
        if result.counts[.missingHardware] > 0, !missingHardware.isEmpty {
            text +=
                "\(result.counts[.missingHardware]) without hardware stamps: "
                + missingHardware.joined(separator: "; ") + "\n"
        }
        if let offset = result.bounds.offset {
            text +=
                "the responder's \(clock.name) clock is \(style.difference(offset.offset, style.rounded)) ours, "
                + "give or take \(style.rounded(offset.error))\n"
        }
        if let error = result.crossingError {
            text += "figures from a NIC's clock to the system's are true to \(style.rounded(error))\n"
        }
        return text
    }
}

/// Nanoseconds as milliseconds with three decimals.
private func milliseconds(_ nanoseconds: Int64) -> String {
    (nanoseconds < 0 ? "-" : "") + fixedPoint((nanoseconds.magnitude + 500) / 1000, decimals: 3)
}
