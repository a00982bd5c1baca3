import AFPacketKit
import Testing

@testable import afprobe

/// Late is not lost: whatever the delay and the rate, each request sent is accounted for exactly once.
@Suite struct PingLateTests {
    private let script = PingScript()

    private func accounted(_ outcome: PingScript.Outcome) -> UInt64 {
        let counts = outcome.result.counts
        return [.received, .late, .lost, .unknown, .inFlight].reduce(0) { $0 + counts[$1] }
    }

    /// 1.5 s of delay, a timeout of 1 s, and many more requests in between than the window has slots.
    @Test(arguments: [100 * millisecond, 10 * millisecond, 2 * millisecond])
    func aLongPathIsLateAndNotLost(interval: Int64) {
        script.peer.path.requestWire = 1_500 * millisecond
        let count = UInt64(4 * second / interval)
        let outcome = script.run(
            .scripted(.scripted(interval: interval, count: nil, deadline: 4 * second)))
        let counts = outcome.result.counts
        // What was sent up to 1.5 s before the end was answered; after that the timeout decides.
        #expect(counts[.sent] == count && accounted(outcome) == count)
        #expect(counts[.received] == 0 && counts[.unmatched] == 0 && counts[.unknown] == 0)
        let inFlight = UInt64(second / interval)
        #expect(counts[.inFlight] >= inFlight - 1 && counts[.inFlight] <= inFlight + 1)
        #expect(counts[.late] >= UInt64(2_490 * millisecond / interval) - 1)
        #expect(counts[.reordered] == 0 && counts[.duplicates] == 0)
    }

    /// The responder was stopped for 2 s, and answers everything then.
    @Test func aResponderThatWasStopped() {
        script.peer.answers = { [network = script.network] _ in
            let pause = max(0, 3 * second - network.elapsed)
            guard network.elapsed > second, pause > 0 else { return [.reply, .followUp] }
            return [.reply(after: pause), .followUp(after: pause)]
        }
        let outcome = script.run(.scripted(.scripted(interval: 10 * millisecond, count: 500)))
        let counts = outcome.result.counts
        #expect(counts[.sent] == 500 && accounted(outcome) == 500)
        #expect(counts[.lost] == 0 && counts[.late] >= 99 && counts[.late] <= 101)
    }

    /// Its round trip is known by CLOCK_MONOTONIC when the stamps of the request are not any more.
    @Test func aLateReplyHasARoundTrip() throws {
        script.peer.path.requestWire = 1_500 * millisecond
        _ = script.run(.scripted(.scripted(interval: 10 * millisecond, count: nil, deadline: 2 * second)))
        let first = try #require(script.events.late.first)
        #expect(first.number == 1 && first.roundTripClock == .userspace)
        #expect(first.values[.rtt] == script.peer.path.total - script.peer.path.replyWakeup)
        #expect(first.exchange.requestReceived.software != nil && first.values[.network] == nil)
    }

    @Test func aLateReplyThatComesTwiceIsADuplicate() throws {
        script.peer.answers = {
            $0 == 1 ? [.reply(after: 3 * second), .reply(after: 4 * second)] : [.reply, .followUp]
        }
        let outcome = script.run(.scripted(.scripted(interval: 10 * millisecond, count: 500)))
        #expect(outcome.counts["late"] == 1 && outcome.counts["duplicates"] == 1)
        #expect(outcome.counts["received"] == 499 && outcome.counts["lost"] == nil)
        let again = try #require(script.events.duplicates.first)
        #expect(again.number == 1 && again.values[.rtt] == nil && again.roundTripClock == nil)
    }

    /// Its request was answered, and has left the window long since.
    @Test func aReplyThatComesAgainMuchLaterIsADuplicate() {
        script.peer.answers = {
            $0 == 1 ? [.reply, .followUp, .reply(after: 4 * second)] : [.reply, .followUp]
        }
        let outcome = script.run(.scripted(.scripted(interval: 10 * millisecond, count: 500)))
        #expect(outcome.counts["duplicates"] == 1 && outcome.counts["received"] == 500)
        #expect(outcome.counts["unmatched"] == nil)
    }

    @Test func whatIsStillUnderWayIsInFlight() {
        script.peer.answers = { _ in [] }
        let outcome = script.run(
            .scripted(.scripted(interval: 100 * millisecond, count: nil, deadline: 2_050 * millisecond)))
        #expect(outcome.counts["sent"] == 21 && outcome.counts["lost"] == 11)
        #expect(outcome.counts["in_flight"] == 10)
    }

    /// Delays, losses and repeats at random: none is counted twice or left out.
    @Test(arguments: 0..<20)
    func eachRequestIsInOneCount(seed: UInt64) {
        var random = Xorshift(seed: seed + 1)
        let longest = Int64.random(in: 1..<4, using: &random) * 700 * millisecond
        script.peer.answers = { _ in
            guard Int.random(in: 0..<10, using: &random) > 0 else { return [] }
            let delay = Int64.random(in: 0..<longest, using: &random)
            let isRepeated = Int.random(in: 0..<10, using: &random) == 0
            return [.reply(after: delay)] + (isRepeated ? [.reply(after: delay + 5 * millisecond)] : [])
                + (Int.random(in: 0..<10, using: &random) == 0 ? [] : [.followUp(after: delay)])
        }
        var transmit = TransmitPlan.scripted(interval: 20 * millisecond, count: nil, deadline: 5 * second)
        transmit.followUpTimeout = second
        let outcome = script.run(.scripted(transmit))
        #expect(outcome.counts["sent"] == 250 && accounted(outcome) == 250)
        #expect(outcome.result[.rtt]?.count == outcome.counts["received"])
        let told = script.events.answered.count
        #expect(UInt64(told) == outcome.counts["received"])
    }

    // MARK: Follow-ups

    /// It goes through the same queue as the reply: slow replies must not lose theirs for that.
    @Test func aFollowUpIsAwaitedBeyondTheTimeout() {
        script.peer.answers = { _ in
            [.reply(after: 700 * millisecond), .followUp(after: 1_400 * millisecond)]
        }
        var transmit = TransmitPlan.scripted()
        transmit.followUpTimeout = second
        let outcome = script.run(.scripted(transmit))
        #expect(outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3])
        #expect(outcome.result[.turnaround]?.count == 3)
    }

    /// Meanwhile others time out as they do otherwise.
    @Test func aFollowUpThatIsAwaitedHoldsUpNobody() {
        script.peer.answers = { $0 == 1 ? [.reply] : [] }
        var transmit = TransmitPlan.scripted()
        transmit.followUpTimeout = second
        var told: [String: Int64] = [:]
        script.events.whenTold = { [network = script.network] in told[$0] = network.elapsed }
        _ = script.run(.scripted(transmit))
        #expect(told["lost 2"] == 1_100 * millisecond && told["lost 3"] == 1_200 * millisecond)
        #expect(told["answered 1"] == 2 * second)
    }

    /// The window is full of answered requests, the oldest of which lacks its follow-up: the next ones go on.
    @Test func aLostFollowUpDoesNotHoldUpAFullWindow() {
        script.peer.answers = { $0 == 1 ? [.reply] : [.reply, .followUp] }
        var transmit = TransmitPlan.scripted(interval: 0, count: 5_000)
        transmit.followUpTimeout = second
        let outcome = script.run(.scripted(transmit))
        #expect(outcome.counts["received"] == 5_000 && outcome.counts["missing_follow_ups"] == 1)
        #expect(script.network.elapsed < 900 * millisecond)
    }

    /// The program was stopped meanwhile, and more replies wait than one turn of the loop reads.
    @Test func manyRepliesThatWaitedAreInTime() {
        script.peer.answers = { _ in [.reply(after: 700 * millisecond)] }
        script.network.at(1_000 * millisecond) { [network = script.network] in
            network.advance(to: network.now + 2 * second)
        }
        let outcome = script.run(.scripted(.scripted(interval: 200 * microsecond, count: 5_000)))
        #expect(outcome.counts["received"] == 5_000 && outcome.counts["late"] == nil)
        #expect(!script.events.log.contains { $0.hasPrefix("lost") })
    }

    @Test func anIncompleteFollowUpIsCounted() {
        script.peer.edit = { if $0.number == 2, $0.kind == .followUp { $0.flags.insert(.isIncomplete) } }
        #expect(script.run(.scripted()).counts["incomplete_follow_ups"] == 1)
    }
}

@Suite struct OverdueRequestsTests {
    private let time = MonotonicTime(nanoseconds: 1_000_000_000)

    @Test func anAnswerIsFoundOnce() {
        var overdue = OverdueRequests()
        for number in 1...1000 as ClosedRange<UInt64> {
            _ = overdue.add(number, sentAt: time + Int64(number), at: time)
        }
        let (first, again, never) = (overdue.remove(7), overdue.remove(7), overdue.remove(1001))
        #expect(first?.sentAt == time + 7 && again == nil && never == nil)
    }

    /// A request forgotten after two minutes was lost; before that, nobody knows.
    @Test(arguments: [(119 * second, 10), (121 * second, 0)] as [(Int64, UInt64)])
    func whatIsForgottenIsUnknownOrLost(age: Int64, expected: UInt64) {
        var overdue = OverdueRequests()
        for number in 1...10 as ClosedRange<UInt64> { _ = overdue.add(number, sentAt: time, at: time) }
        let last = UInt64(OverdueRequests.capacity)
        let before = overdue.add(last - 1, sentAt: time + age, at: time + age)
        #expect(before == 0 && overdue.isKnown(5))
        let forgotten = overdue.add(last, sentAt: time + age, at: time + age)
        #expect(forgotten == expected && !overdue.isKnown(5))
        let answer = overdue.remove(5)
        #expect(answer == nil)
    }

    /// A jump over everything it remembers.
    @Test func aLongWayWithoutLossForgetsAll() {
        var overdue = OverdueRequests()
        for number in 1...10 as ClosedRange<UInt64> { _ = overdue.add(number, sentAt: time, at: time) }
        let forgotten = overdue.add(10 * UInt64(OverdueRequests.capacity), sentAt: time, at: time)
        #expect(forgotten == 10)
    }

    /// Its send time was overwritten by that of another.
    @Test func aRequestIsKnownForLongerThanItsSendTime() {
        var overdue = OverdueRequests()
        for number in [5, 5 + 65_536] as [UInt64] { _ = overdue.add(number, sentAt: time, at: time) }
        let answer = overdue.remove(5)
        #expect(answer != nil && answer?.sentAt == nil)
    }
}
