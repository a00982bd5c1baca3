/// The summary of `send` for people: the verdict first.
struct SendSummaryText {
    let text: String

    init(_ result: SendResult, _ tally: borrowing TransmitTally, _ console: Console) {
        var text = SummaryText("send", console)
        let asksStamps = !result.missingSoftware.contains(.all(.notAskedFor))
        text.add(result.sent == 1 ? "1 frame sent" : "\(result.sent) frames sent")
        if asksStamps {
            text.add(stamped: tally.stampedSoftware, by: "software", of: result.sent)
            text.add(stamped: tally.stampedHardware, by: "hardware", of: result.sent)
        }
        text.endLine()
        if asksStamps {
            text.add(missing: tally.missingSoftware, of: "software", result.missingSoftware)
            text.add(missing: tally.missingHardware, of: "hardware", result.missingHardware)
        }
        if let errors = tally.scheduleErrors, errors.count > 0 {
            text.add(spread: "schedule error", errors)
        }
        text.addCounts([
            (result.failed, "not taken by the system"), (result.inFlight, "in flight"),
            (tally.lateHardware, "hardware stamps too late"),
            (tally.lateSoftware, "software stamps too late"),
            (result.hasLaunchTimes ? tally.launchMissed : 0, "launch times missed"),
            (result.hasLaunchTimes ? tally.launchInvalid : 0, "launch times refused"),
            (tally.mismatched, "mismatched completions"), (tally.unmatched, "unmatched completions"),
            (result.overflows, "times the error queue was full"), (result.warmedUp, "warm-up"),
        ])
        self.text = text.finished(console)
    }
}
