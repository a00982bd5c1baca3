@testable import AFPacketKit
@testable import afprobe

/// A run of `send` whose kernel is a script.
final class SendScript {
    struct Outcome {
        let ending: RunEnding?
        let error: RunError?
        let result: SendResult
        let hasMeasured: Bool
        /// The tally's numbers, by their names, where they are not zero.
        let tally: [String: UInt64]
        let scheduleErrors: Distribution?
    }

    let network = ScriptedNetwork()
    let events = RecordedEvents()

    var sender: ScriptedSocket { network.sender }
    var sentAt: [Int64] { sender.sent.map(\.at) }

    static func withHardware() -> SendScript {
        let script = SendScript()
        script.network.snapshot = .hardware
        script.network.nicOffset = 37 * second
        script.sender.stamps = { _ in .all }
        return script
    }

    func run(_ plan: TransmitPlan = .scripted()) -> Outcome {
        var run = SendRun(
            ScriptedPort(network.sender), plan, network.snapshot, network.reader, events)
        var (ending, error): (RunEnding?, RunError?)
        do throws(RunError) { try run.begin() } catch let failure { error = failure }
        if error == nil { (ending, error) = play(&run, on: network) }
        let result = run.finish()
        return Outcome(
            ending: ending, error: error, result: result, hasMeasured: run.hasMeasured,
            tally: Self.numbers(run.tally), scheduleErrors: run.tally.scheduleErrors)
    }

    private static func numbers(_ tally: borrowing TransmitTally) -> [String: UInt64] {
        let all: [String: UInt64] = [
            "software": tally.stampedSoftware, "hardware": tally.stampedHardware,
            "missing software": tally.missingSoftware, "missing hardware": tally.missingHardware,
            "late software": tally.lateSoftware, "late hardware": tally.lateHardware,
            "launch missed": tally.launchMissed, "launch invalid": tally.launchInvalid,
            "mismatched": tally.mismatched, "unmatched": tally.unmatched,
        ]
        return all.filter { $0.value > 0 }
    }
}
