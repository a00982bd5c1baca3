import AFPacketKit

@testable import afprobe

/// A run of `ping` against a scripted peer.
final class PingScript {
    struct Outcome {
        let ending: RunEnding?
        let error: RunError?
        let result: PingResult
        let missingHardware: [MissingCount]

        /// The counters that are not zero, by their names.
        var counts: [String: UInt64] {
            var counts: [String: UInt64] = [:]
            for counter in Counter.allCases where result.counts[counter] > 0 {
                counts[counter.name] = result.counts[counter]
            }
            return counts
        }
    }

    static let session: UInt64 = 42
    let network = ScriptedNetwork()
    let events = RecordedEvents()
    let peer: ScriptedPeer

    init() { peer = ScriptedPeer(network) }

    /// Two NICs that stamp, the clocks of all apart from each other.
    static func withHardware() -> PingScript {
        let script = PingScript()
        script.network.snapshot = .hardware
        script.network.nicOffset = 37 * second
        script.network.comparisonError = 25
        script.peer.clockOffset = 12_345_678
        script.peer.nicOffset = -5 * second
        script.peer.comparisonError = 40
        script.network.sender.stamps = { [peer = script.peer] _ in peer.path.requestStamps }
        return script
    }

    func run(_ plan: PingPlan) -> Outcome {
        var run = PingRun(
            ScriptedPort(network.sender), Receiver(ScriptedPort(network.receiver), on: network.interface),
            session: Self.session, plan, network.snapshot, network.reader, events)
        var (ending, error): (RunEnding?, RunError?)
        do throws(RunError) { try run.begin() } catch let failure { error = failure }
        if error == nil { (ending, error) = play(&run, on: network) }
        run.finish()
        let missing = run.reasonsForMissingHardware()
        return Outcome(
            ending: ending, error: error, result: run.result, missingHardware: missing)
    }
}
