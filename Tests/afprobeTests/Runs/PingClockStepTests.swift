import AFPacketKit
import Testing

@testable import afprobe

/// CLOCK_REALTIME is set in mid-run, between a request and its reply.
@Suite struct PingClockStepTests {
    private let script = PingScript()

    private func setClock(by step: Int64, at time: Int64) {
        script.network.at(time) { [network = script.network] in network.epoch += step }
    }

    /// The exchange is counted and in no figure; its line has the round trip by CLOCK_MONOTONIC.
    @Test(arguments: [10 * second, -10 * second, millisecond, -millisecond, -10 * microsecond])
    func aStepKeepsTheExchangeOutOfTheFigures(step: Int64) throws {
        setClock(by: step, at: 100 * millisecond + 8_000)
        let outcome = script.run(.scripted())
        #expect(
            outcome.counts == [
                "sent": 3, "received": 3, "clock_steps": 1, "clock_stepped": 1, "missing_hardware": 2,
            ])
        #expect(script.events.log == ["answered 1", "answered 2", "answered 3"])
        let rtt = try #require(outcome.result[.rtt])
        #expect(rtt.count == 2 && rtt[.min] == 15_040 && rtt[.max] == 15_040)
        #expect(outcome.result[.network]?.count == 2)
        let touched = try #require(script.events.answered.first { $0.number == 2 })
        #expect(touched.values[.rtt] == script.peer.path.total && touched.roundTripClock == .userspace)
        #expect(touched.values[.turnaround] == nil && touched.values[.network] == nil)
    }

    /// Two requests are under way, and a third is sent after it.
    @Test func everyExchangeUnderWayIsTouched() {
        script.peer.path.requestWire = 150 * millisecond
        setClock(by: second, at: 120 * millisecond)
        let outcome = script.run(.scripted())
        #expect(outcome.counts["clock_stepped"] == 2 && outcome.counts["clock_steps"] == 1)
        #expect(outcome.result[.rtt]?.count == 1)
    }

    @Test func aStepBetweenExchangesTouchesNone() {
        setClock(by: second, at: 50 * millisecond)
        let outcome = script.run(.scripted())
        #expect(outcome.counts["clock_steps"] == 1 && outcome.counts["clock_stepped"] == nil)
        #expect(outcome.result[.rtt]?.count == 3 && outcome.result[.rtt]?[.max] == 15_040)
    }

    /// Time-outs, lateness and pacing go by CLOCK_MONOTONIC, which nobody sets.
    @Test func pacingAndTimeOutsDoNotFollow() {
        script.peer.answers = { $0 == 2 ? [] : [.reply, .followUp] }
        setClock(by: 10 * second, at: 100 * millisecond + 8_000)
        let outcome = script.run(.scripted())
        #expect(outcome.counts["lost"] == 1 && outcome.counts["received"] == 2)
        #expect(script.network.sender.sent.map(\.at) == [0, 100 * millisecond, 200 * millisecond])
        #expect(script.network.elapsed == 1_100 * millisecond)
    }

    /// A reply that was late by the clock that was set is not, and the other way round.
    @Test(arguments: [(500 * millisecond, 700 * millisecond), (1_200 * millisecond, -700 * millisecond)])
    func latenessDoesNotFollow(delay: Int64, step: Int64) {
        script.peer.answers = {
            $0 == 1 ? [.reply(after: delay), .followUp(after: delay)] : [.reply, .followUp]
        }
        setClock(by: step, at: 300 * millisecond)
        let outcome = script.run(.scripted(.scripted(interval: 2 * second)))
        #expect(outcome.counts["late"] == (delay > second ? 1 : nil))
        #expect(outcome.result[.rtt]?.count == 2)
    }

    /// The responder says so in its follow-up.
    @Test func aStepOfTheRespondersClock() {
        script.peer.edit = {
            guard $0.number == 2, let sent = $0.info[.sentSoftware] else { return }
            $0.info[.sentSoftware] = sent + second
            $0.flags.insert(.clockWasSet)
        }
        let outcome = script.run(.scripted())
        #expect(outcome.counts["clock_stepped"] == 1 && outcome.counts["clock_steps"] == nil)
        #expect(outcome.counts["implausible"] == nil)
        #expect(outcome.result[.network]?[.min] == 13_020 && outcome.result[.rtt]?.count == 2)
    }

    /// The NIC's clock is none of CLOCK_REALTIME: the line has the round trip by it.
    @Test func roundTripsByTheNICStayRight() throws {
        let script = PingScript.withHardware()
        script.network.at(100 * millisecond + 8_000) { [network = script.network] in
            network.epoch -= 10 * second
        }
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 3, "clock_stepped": 1, "clock_steps": 1])
        #expect(script.events.answered.map { $0.values[.rtt] } == [14_030, 14_030, 14_030])
        #expect(outcome.result[.rtt]?.count == 2)
    }

    /// The round trips of the intervals are the run's.
    @Test func noIntervalHasMoreRoundTripsThanTheRun() {
        let script = PingScript.withHardware()
        script.network.at(100 * millisecond + 8_000) { [network = script.network] in
            network.epoch -= 10 * second
        }
        let outcome = script.run(.scripted(.scripted(statisticsInterval: second)))
        #expect(outcome.result[.rtt]?.count == 2)
        #expect(script.events.roundTripsInIntervals == [2])
    }
}
