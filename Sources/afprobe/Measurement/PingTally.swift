import AFPacketKit

/// What a run of `ping` counts. Each request sent is received, lost, late or in flight; warm-up requests
/// are in none of these.
struct PingTally {
    var sent: UInt64 = 0
    /// Requests answered within the time-out.
    private(set) var received: UInt64 = 0
    /// Requests not answered.
    var lost: UInt64 = 0
    /// Requests answered after the time-out.
    var late: UInt64 = 0
    /// Further replies to a request already answered.
    var duplicates: UInt64 = 0
    /// Replies that came after one to a later request.
    private(set) var reordered: UInt64 = 0
    /// Requests whose reply was not waited for, the run having ended.
    var inFlight: UInt64 = 0
    /// Frames that the system did not take.
    var failed: UInt64 = 0
    /// Replies that lack the stamp of the run's clock, and are in no figure.
    var missingSoftware: UInt64 = 0
    /// Replies to requests that were never sent, or too long ago.
    var unmatched: UInt64 = 0
    var warmup: UInt64 = 0
    var roundTrips = RunningStatistics()
    private var highest: UInt64 = 0

    mutating func count(arrivalOf number: UInt64) {
        received += 1
        if number < highest { reordered += 1 }
        highest = max(highest, number)
    }
}

extension Console {
    /// Writes the summary: for people as ping(8) does, else as a line.
    mutating func summarize(
        _ tally: PingTally, _ clock: StampClock?, peer: MACAddress, elapsed: Int64
    ) {
        if isForPeople {
            write(text: summaryText(tally, clock, peer: peer, elapsed: elapsed))
        } else {
            writeSummaryLine(tally, clock, peer: peer, elapsed: elapsed)
        }
    }

    private mutating func writeSummaryLine(
        _ tally: PingTally, _ clock: StampClock?, peer: MACAddress, elapsed: Int64
    ) {
        let times = tally.roundTrips
        let hasTimes = times.count > 0
        write(.info, "PING Summary") { line in
            line.integer("duplicates", tally.duplicates)
            line.integer("elapsed_ns", elapsed)
            line.integer("failed", tally.failed)
            line.integer("in_flight", tally.inFlight)
            line.integer("late", tally.late)
            line.integer("lost", tally.lost)
            line.integer("missing_software", tally.missingSoftware)
            line.address("peer", peer)
            line.integer("received", tally.received)
            line.integer("reordered", tally.reordered)
            line.string("rtt_clock", clock?.rawValue)
            line.integer("rtt_max_ns", hasTimes ? times.maximum : nil)
            line.integer("rtt_mean_ns", times.mean)
            line.integer("rtt_min_ns", hasTimes ? times.minimum : nil)
            line.integer("rtt_stddev_ns", times.standardDeviation)
            line.integer("sent", tally.sent)
            line.integer("unmatched", tally.unmatched)
            line.integer("warmup", tally.warmup)
        }
    }
}

private func summaryText(
    _ tally: PingTally, _ clock: StampClock?, peer: MACAddress, elapsed: Int64
) -> String {
    var text = "\n--- \(peer) ping statistics ---\n"
    text += "\(tally.sent) packets transmitted, \(tally.received) received"
    for (count, name) in [
        (tally.duplicates, "duplicates"), (tally.late, "late"), (tally.reordered, "reordered"),
        (tally.failed, "failed"), (tally.inFlight, "in flight"),
        (tally.missingSoftware, "without software stamps"), (tally.unmatched, "unmatched"),
        (tally.warmup, "warm-up"),
    ] where count > 0 {
        text += ", +\(count) \(name)"
    }
    text += ", \(percentage(tally.lost, of: tally.sent)) packet loss"
    text += ", time \(elapsed / 1_000_000)ms\n"
    let times = tally.roundTrips
    if let clock, let mean = times.mean, let deviation = times.standardDeviation {
        let figures = [times.minimum, mean, times.maximum, deviation].map(milliseconds)
        text += "rtt min/avg/max/mdev = \(figures.joined(separator: "/")) ms (\(clock.rawValue) stamps)\n"
    }
    return text
}

/// A share in per cent with up to three decimals. Some loss is never shown as none, nor as all.
func percentage(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "0%" }
    var thousandths = UInt64((Double(part) / Double(whole) * 100_000).rounded())
    if part > 0 { thousandths = max(thousandths, 1) }
    if part < whole { thousandths = min(thousandths, 99_999) }
    var text = TextBuffer(capacity: 16)
    text.append(thousandths / 1000)
    text.appendFraction(thousandths % 1000, digits: 3)
    text.append("%")
    return String(decoding: text.bytes, as: UTF8.self)
}

/// Nanoseconds as milliseconds with three decimals.
private func milliseconds(_ nanoseconds: Int64) -> String {
    let microseconds = (nanoseconds.magnitude + 500) / 1000
    var text = TextBuffer(capacity: 24)
    if nanoseconds < 0 { text.append("-") }
    text.append(microseconds / 1000)
    text.append(".")
    text.append(microseconds % 1000, digits: 3)
    return String(decoding: text.bytes, as: UTF8.self)
}
