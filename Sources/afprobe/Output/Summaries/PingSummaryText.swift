import AFPacketKit

/// The summary of `ping` for people: ping(8)'s lines, then figures that ping(8) lacks.
struct PingSummaryText {
    let result: PingResult
    let tails: [Tail]
    let peer: MACAddress
    let elapsed: Int64
    let missingHardware: [String]
    let drawsHistogram: Bool
    let style: TextStyle

    var text: String {
        var text = "\n--- \(peer) ping statistics ---\n" + countsLine + roundTrips
        guard let clock = result.roundTripClock else { return text }
        text += "\n" + PingTable(style: style) { result.figures.contains($0) ? result[$0] : nil }.text
        for tail in tails { text += tail.text(style) }
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
        text += ", \(percentage(counts[.lost], of: counts[.sent])) packet loss"
        text += ", time \(elapsed / 1_000_000)ms\n"
        if counts[.lost] > 0, let reached = result.value(of: .lostReached) {
            text += "of \(counts[.lost]) lost, \(reached) had reached the responder\n"
        }
        return text
    }

    private var roundTrips: String {
        guard let clock = result.roundTripClock, let values = result[.rtt], let minimum = values.minimum,
            let mean = values.mean, let maximum = values.maximum, let deviation = values.standardDeviation
        else { return "" }
        let figures = [minimum, mean, maximum, deviation].map(milliseconds).joined(separator: "/")
        return "rtt min/avg/max/mdev = \(figures) ms (\(clock.name) stamps)\n"
    }

    private func clocks(_ clock: StampClock) -> String {
        var text = ""
        if let turnaround = result.turnaroundClock, turnaround != clock {
            text += "turnaround by \(turnaround.name) stamps\n"
        }
        if result.counts[.missingHardware] > 0, !missingHardware.isEmpty {
            text +=
                "\(result.counts[.missingHardware]) without hardware stamps: "
                + missingHardware.joined(separator: "; ") + "\n"
        }
        if let offset = result.bounds.offset {
            let side = offset.offset < 0 ? "behind" : "ahead of"
            text +=
                "the responder's \(clock.name) clock is \(style.rounded(Int64(clamping: offset.offset.magnitude))) "
                + "\(side) ours, give or take \(style.rounded(offset.error))\n"
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
