import AFPacketKit

/// The summary of `listen` for people: the verdict first.
struct ListenSummaryText {
    let text: String

    init(_ result: ListenResult, _ console: Console) {
        let (tally, replies, faults) = (result.tally, result.replies, result.faults)
        var text = SummaryText("listen", console)
        text.add(tally.probes == 1 ? "1 probe received" : "\(tally.probes) probes received")
        text.add(stamped: tally.stampedSoftware, by: "software", of: tally.probes)
        text.add(stamped: tally.stampedHardware, by: "hardware", of: tally.probes)
        text.endLine()
        text.add(missing: tally.missingHardware, of: "hardware", result.missingHardware)
        let drops = "\(result.statistics.drops) dropped in the receive queue"
        text.add("\(result.statistics.packets) frames came")
        text.add(result.statistics.drops > 0 ? console.style.alarm(drops) : drops)
        text.endLine()
        if replies.replies > 0 {
            text.add("\(replies.replies) pings answered")
            text.add("\(replies.followUps) followed up")
            text.endLine()
        }
        text.addCounts([
            (replies.suppressed, "pings beyond the reply limit"),
            (replies.refused, "pings refused for their addresses"), (replies.failed, "answers not sent"),
            (faults.corrupt, "corrupt frames"), (faults.truncated, "truncated frames"),
            (faults.otherVersion, "of another version"), (faults.foreign, "frames of others"),
            (result.statistics.queueFreezes, "times the ring was full"),
        ])
        self.text = text.finished(console)
    }
}
