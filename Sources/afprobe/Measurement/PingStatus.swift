import AFPacketKit

extension PingResult {
    /// How a run goes, for people.
    func statusText(sent: UInt64) -> String {
        let mean = self[.rtt]?.mean.map { ", rtt mean \(durationText($0))" } ?? ""
        return "\(sent) sent, \(tally.received) received, \(percentage(tally.lost, of: sent)) lost\(mean)"
    }
}

extension Console {
    /// Writes how a run goes.
    mutating func report(_ result: PingResult, sent: UInt64) {
        report(.info, "PING Status") { line in
            line.integer("lost", result.tally.lost)
            line.integer("received", result.tally.received)
            line.integer("rtt_mean_ns", result[.rtt]?.mean)
            line.integer("sent", sent)
        }
    }
}
