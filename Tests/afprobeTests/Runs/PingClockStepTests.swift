import AFPacketKit
import Testing

@testable import afprobe

/// CLOCK_REALTIME is set in mid-run, between a request and its reply.
///
/// The specification wants such a step noticed and counted, and the exchange kept out of the figures. Neither happens
/// today; these tests say what does, so that a change shows.
@Suite struct PingClockStepTests {
    private let script = PingScript()

    private func run(step: Int64) -> PingScript.Outcome {
        script.network.at(100 * millisecond + 8_000) { [network = script.network] in network.epoch += step }
        return script.run(.scripted())
    }

    /// The reply seems to have taken ten seconds: it counts as late, though it came in time.
    @Test func aStepForwardMakesAReplyLate() {
        let outcome = run(step: 10 * second)
        #expect(outcome.counts["late"] == 1 && outcome.counts["received"] == 2)
        #expect(script.events.log == ["answered 1", "late 2", "answered 3"])
        #expect(outcome.result[.rtt]?[.max] == 15_040)
    }

    /// A step within the time-out goes into the figures as it is.
    @Test func aSmallStepForwardIsInTheFigures() {
        let outcome = run(step: 1_000_000)
        #expect(outcome.counts["received"] == 3 && outcome.counts["late"] == nil)
        #expect(outcome.result[.rtt]?[.max] == 1_015_040)
    }

    @Test func aStepBackwardGivesANegativeRoundTrip() {
        let outcome = run(step: -10 * second)
        #expect(outcome.counts["received"] == 3 && outcome.counts["late"] == nil)
        #expect(outcome.result[.rtt]?[.min] == 15_040 - 10 * second)
    }

    /// Time-outs and pacing go by CLOCK_MONOTONIC, which nobody sets.
    @Test func pacingAndTimeOutsDoNotFollow() {
        script.peer.answers = { $0 == 2 ? [] : [.reply, .followUp] }
        let outcome = run(step: 10 * second)
        #expect(outcome.counts["lost"] == 1 && outcome.counts["received"] == 2)
        #expect(script.network.sender.sent.map(\.at) == [0, 100 * millisecond, 200 * millisecond])
        #expect(script.network.elapsed == 1_100 * millisecond)
    }

    /// A responder whose clock is set between its stamps: its part is longer than the round trip.
    @Test func aStepOfTheResponderMakesTheNetworkNegative() throws {
        script.peer.edit = {
            guard $0.number == 2, let sent = $0.info[.sentSoftware] else { return }
            $0.info[.sentSoftware] = sent + second
        }
        let outcome = script.run(.scripted())
        let network = try #require(outcome.result[.network])
        #expect(network[.min] == 13_020 - second && network[.max] == 13_020)
    }

    /// The NIC's clock is none of CLOCK_REALTIME: round trips by it stay right.
    @Test func roundTripsByTheNICStayRight() {
        let script = PingScript.withHardware()
        script.network.at(100 * millisecond + 8_000) { [network = script.network] in
            network.epoch -= 10 * second
        }
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 3])
        #expect(outcome.result[.rtt]?[.min] == 14_030 && outcome.result[.rtt]?[.max] == 14_030)
    }
}
