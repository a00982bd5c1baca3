import AFPacketKit
import Testing

@testable import afprobe

/// The outcome of each request, by the answers that come.
@Suite struct PingAnswerTests {
    private let script = PingScript()
    private var log: [String] { script.events.log }

    /// Requests a second apart, so that what comes after the time-out of one still finds the run.
    private func slowly(_ count: UInt64 = 4) -> PingPlan {
        .scripted(.scripted(interval: second, count: count))
    }

    private func answer(_ number: UInt64, by answers: [ScriptedPeer.Answer]) {
        script.peer.answers = { $0 == number ? answers : [.reply, .followUp] }
    }

    @Test func allAreAnswered() throws {
        let outcome = script.run(.scripted())
        #expect(outcome.ending == .finished)
        #expect(outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3])
        #expect(log == ["answered 1", "answered 2", "answered 3"])
        #expect(script.network.sender.sent.map(\.at) == [0, 100 * millisecond, 200 * millisecond])
        let first = try #require(script.events.answered.first)
        #expect(first.peer == .station(ScriptedNetwork.peer))
        #expect(first.roundTripClock == .software && first.turnaroundClock == .software)
        let figures: [Figure] = [.rtt, .turnaround, .network]
        #expect(figures.map { first.values[$0] ?? 0 } == [15_040, 2_020, 13_020])
    }

    @Test func aRequestIsLost() {
        answer(2, by: [])
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 2, "lost": 1, "missing_hardware": 2])
        #expect(log == ["answered 1", "answered 3", "lost 2"])
        // It is given up a time-out after it was sent.
        #expect(script.network.elapsed == 1_100 * millisecond)
        #expect(outcome.result.value(of: .lostReached) == 1)
    }

    @Test func aRequestThatDidNotArriveWasNotReached() {
        script.peer.isReached = { $0 != 2 }
        let outcome = script.run(.scripted())
        #expect(outcome.counts["lost"] == 1)
        #expect(outcome.result.value(of: .lostReached) == 0)
    }

    @Test func nobodyAnswers() {
        script.peer.answers = { _ in [] }
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "lost": 3])
        #expect(log == ["lost 1", "lost 2", "lost 3"])
        #expect(outcome.result.value(of: .lostReached) == nil)
    }

    /// Told as lost first, and counted as late in the end: never as both.
    @Test func aReplyIsLate() {
        answer(2, by: [.reply(after: 1_500 * millisecond)])
        let outcome = script.run(slowly())
        #expect(
            outcome.counts == ["sent": 4, "received": 3, "late": 1, "reordered": 1, "missing_hardware": 3])
        #expect(log == ["answered 1", "lost 2", "answered 3", "late 2", "answered 4"])
        #expect(script.events.late.map { $0.values[.rtt] ?? 0 } == [1_500 * millisecond + 15_040])
        #expect(outcome.result[.rtt]?.count == 3)
    }

    @Test func aReplyAfterALateOneIsADuplicate() {
        answer(2, by: [.reply(after: 1_500 * millisecond), .reply(after: 1_600 * millisecond)])
        let outcome = script.run(slowly())
        #expect(outcome.counts["late"] == 1 && outcome.counts["duplicates"] == 1)
        #expect(outcome.counts["lost"] == nil)
    }

    /// The program was stopped meanwhile: when a reply came counts, and not when it was read.
    @Test func aReplyThatWaitedToBeReadIsInTime() {
        script.events.whenTold = { [network = script.network] line in
            if line == "answered 1" { network.advance(to: network.now + 3 * second) }
        }
        answer(2, by: [.reply(after: 900 * millisecond), .followUp])
        script.peer.followUpGap = 950 * millisecond
        let outcome = script.run(.scripted(.scripted(interval: 500 * millisecond)))
        #expect(outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3])
    }

    @Test func aReplyComesTwice() {
        answer(2, by: [.reply, .reply(after: microsecond), .followUp])
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 3, "duplicates": 1, "missing_hardware": 3])
        #expect(log == ["answered 1", "duplicate 2", "answered 2", "answered 3"])
        #expect(script.events.duplicates.map { $0.values[.rtt] ?? 0 } == [16_040])
    }

    @Test func aReplyComesAgainAfterAllWasSettled() {
        answer(2, by: [.reply, .followUp, .reply(after: 50 * millisecond)])
        let outcome = script.run(.scripted())
        #expect(outcome.counts["duplicates"] == 1 && outcome.counts["received"] == 3)
        #expect(log == ["answered 1", "answered 2", "duplicate 2", "answered 3"])
    }

    @Test func repliesOvertakeEachOther() {
        answer(1, by: [.reply(after: 5 * millisecond), .followUp(after: 5 * millisecond)])
        let outcome = script.run(.scripted(.scripted(interval: millisecond)))
        #expect(outcome.counts == ["sent": 3, "received": 3, "reordered": 1, "missing_hardware": 3])
        #expect(log == ["answered 2", "answered 3", "answered 1"])
    }

    // MARK: Follow-ups

    @Test func aFollowUpIsLost() throws {
        answer(2, by: [.reply])
        let outcome = script.run(.scripted())
        #expect(
            outcome.counts == ["sent": 3, "received": 3, "missing_follow_ups": 1, "missing_hardware": 3])
        #expect(log == ["answered 1", "answered 3", "answered 2"])
        let second = try #require(script.events.answered.last)
        #expect(second.values[.rtt] == 15_040)
        #expect(second.values[.turnaround] == nil && second.values[.network] == nil)
        #expect(outcome.result[.rtt]?.count == 3 && outcome.result[.turnaround]?.count == 2)
    }

    @Test func aFollowUpIsLate() {
        answer(2, by: [.reply, .followUp(after: 1_500 * millisecond)])
        let outcome = script.run(slowly())
        #expect(outcome.counts["missing_follow_ups"] == 1 && outcome.counts["late_follow_ups"] == 1)
        #expect(outcome.counts["received"] == 4)
        #expect(outcome.result[.turnaround]?.count == 3)
    }

    /// It says all that the reply does, and more.
    @Test func aFollowUpOvertakesItsReply() throws {
        answer(2, by: [.reply, .followUp(after: -30 * microsecond)])
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3])
        let reply = try #require(script.events.answered.first { $0.number == 2 })
        #expect(reply.values[.rtt] == 15_040 && reply.values[.turnaround] == 2_020)
        // Nothing more was waited for.
        #expect(log == ["answered 1", "answered 2", "answered 3"])
    }

    @Test func aFollowUpComesTwice() {
        answer(2, by: [.reply, .followUp, .followUp(after: millisecond)])
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 3, "late_follow_ups": 1, "missing_hardware": 3])
    }

    @Test func aFollowUpComesWithoutItsReply() {
        answer(2, by: [.followUp])
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 2, "lost": 1, "missing_hardware": 2])
        #expect(log == ["answered 1", "answered 3", "lost 2"])
    }
}
