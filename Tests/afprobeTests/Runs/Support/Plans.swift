import AFPacketKit

@testable import afprobe

let microsecond: Int64 = 1_000
let millisecond: Int64 = 1_000_000
let second: Int64 = 1_000_000_000

extension FrameShape {
    /// From this host to the other.
    static var scripted: FrameShape {
        FrameShape(
            destination: ScriptedNetwork.peer, source: ScriptedNetwork.address,
            carrier: .ethernet(.localExperimental1))
    }
}

extension TransmitPlan {
    static func scripted(
        size: Int = 150, options: TransmitOptions = TransmitOptions(), interval: Int64 = 100 * millisecond,
        count: UInt64? = 3, warmup: UInt64 = 0, deadline: Int64? = nil, timeout: Int64 = second,
        spins: Bool = false, batch: Int = 1, statisticsInterval: Int64? = nil
    ) -> TransmitPlan {
        TransmitPlan(
            shape: .scripted, size: size, options: options, interval: interval, count: count, warmup: warmup,
            deadline: deadline, timeout: timeout, spinsUntilDue: spins, batch: batch,
            statisticsInterval: statisticsInterval)
    }
}

extension PingPlan {
    static func scripted(
        _ transmit: TransmitPlan = .scripted(), hasStages: Bool = false, isSynchronised: Bool = false,
        isAdaptive: Bool = false, spins: Bool = false
    ) -> PingPlan {
        PingPlan(
            transmit: transmit, receive: ReceiveOptions(filter: .rejectAll), stampFilters: [.everything],
            hasStages: hasStages, isSynchronised: isSynchronised, isAdaptive: isAdaptive, spins: spins)
    }
}

/// The outcome of a run.
struct Played<Result> {
    let ending: RunEnding?
    let error: RunError?
    let result: Result
}

/// Lets a loop drive a run.
func play(
    _ run: inout some Run & ~Copyable, on network: ScriptedNetwork
) -> (ending: RunEnding?, error: RunError?) {
    var loop = RunLoop(ScriptedSources(network: network))
    do throws(RunError) { return (try loop.run(&run), nil) } catch { return (nil, error) }
}
