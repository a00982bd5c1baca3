import AFPacketKit
import Testing

@testable import afprobe

/// Checks of a responder's words before they are believed, and of the places where requests were lost.
@Suite struct PingTrustTests {
    private let script = PingScript()

    private func summary(of result: PingResult) -> String {
        PingSummaryText(
            result: result, tails: [], peer: .station(ScriptedNetwork.peer), elapsed: 0, missingHardware: [],
            drawsHistogram: false, style: TextStyle()
        ).text
    }

    // MARK: Implausible stamps

    /// Longer than the round trip, or negative: never subtracted.
    @Test(arguments: [second, -second, 14_000])
    func anImplausibleTurnaroundIsNotBelieved(error: Int64) throws {
        script.peer.edit = {
            guard $0.number == 2, let sent = $0.info[.sentSoftware] else { return }
            $0.info[.sentSoftware] = sent + error
        }
        let outcome = script.run(.scripted(hasStages: true))
        #expect(outcome.counts["implausible"] == 1 && outcome.counts["received"] == 3)
        #expect(outcome.result[.rtt]?.count == 3)
        for figure in [Figure.turnaround, .network, .link, .respond] {
            #expect(outcome.result[figure]?.count == 2, "\(figure)")
        }
        #expect(outcome.result[.network]?[.min] == 13_020)
        let told = script.events.log.filter { $0.hasPrefix("implausible") }
        #expect(told == ["implausible turnaround at \(ScriptedNetwork.peer)"])
    }

    /// It may be so with every reply, and is told once; a limit on what is not known is exceeded.
    @Test func aLiarHasNoNetwork() throws {
        script.peer.edit = { if let sent = $0.info[.sentSoftware] { $0.info[.sentSoftware] = sent + second } }
        let outcome = script.run(.scripted(.scripted(count: 20)))
        #expect(outcome.counts["implausible"] == 20 && outcome.result[.network] == nil)
        #expect(script.events.log.filter { $0.hasPrefix("implausible") }.count == 1)
        let limit = try parseLimits("network.mean>1s")[0]
        #expect(limit.violation(by: outcome.result)?.absence == .implausible)
    }

    /// The reason why a figure has no values.
    @Test func whatIsNotMeasuredHasAReason() {
        let plain = script.run(.scripted()).result
        #expect(plain.absence(of: .wire) == .onlyWithStages && plain.absence(of: .total) == .onlyWithStages)
        #expect(plain.absence(of: .replyOneWay) == .onlyWithSynchronisedClocks)
        let staged = PingScript().run(.scripted(hasStages: true)).result
        #expect(staged[.wire] == nil && staged.absence(of: .wire) == .notStamped)
        let silent = PingScript()
        silent.peer.answers = { _ in [] }
        #expect(silent.run(.scripted()).result.absence(of: .rtt) == .noReply)
        let short = PingScript()
        short.peer.answers = { _ in [.reply] }
        let result = short.run(.scripted()).result
        #expect(result[.network] == nil && result.absence(of: .network) == .noFollowUp)
    }

    /// Two clocks that drift apart make a network of nothing negative: that is no lie.
    @Test func driftIsPlausible() {
        script.peer.edit = {
            if let sent = $0.info[.sentSoftware] { $0.info[.sentSoftware] = sent + 13_020 + 15 }
        }
        let outcome = script.run(.scripted())
        #expect(outcome.counts["implausible"] == nil)
        #expect(outcome.result[.network]?.negatives == 3 && outcome.result[.network]?[.max] == -15)
    }

    // MARK: Bias

    /// Fast replies have a turnaround, slow ones do not.
    @Test func theBiasOfTheTurnaroundIsMeasured() throws {
        script.peer.answers = { $0 % 3 == 0 ? [.reply, .followUp] : [.reply(after: 10 * millisecond)] }
        let outcome = script.run(.scripted(.scripted(interval: millisecond, count: 300)))
        #expect(outcome.result[.turnaround]?.count == 100 && outcome.result[.rtt]?.count == 300)
        let bias = try #require(outcome.result.turnaroundBias)
        #expect(bias.percentile == .p50 && bias.knownCount == 100 && bias.allCount == 300)
        #expect(bias.known < 16_000 && bias.all > 10 * millisecond)
        // The summary says so before anything else.
        #expect(
            summary(of: outcome.result).hasPrefix(
                """

                --- 02:00:00:00:00:0b ping statistics ---
                turnaround is known for 100 of 300 replies, which are faster than the rest:
                  rtt p50 15.04µs against 10.02ms
                300 packets transmitted,
                """), "\(summary(of: outcome.result))")
    }

    /// The replies without a turnaround are like the rest.
    @Test func thereIsNoBiasWhereRepliesAreAlike() {
        script.peer.answers = { $0 % 3 == 0 ? [.reply] : [.reply, .followUp] }
        let outcome = script.run(.scripted(.scripted(interval: millisecond, count: 300)))
        #expect(outcome.result[.turnaround]?.count == 200 && outcome.result.turnaroundBias == nil)
    }

    // MARK: Where it was lost

    /// Of the ten lost, three were refused by the responder's send call, two suppressed, one lost on its way back.
    @Test func whatNamesARequestTellsWhereItWasLost() {
        script.peer.isReached = { !(10...13).contains($0) }
        script.peer.answers = { (20...25).contains($0) ? [] : [.reply, .followUp] }
        script.peer.edit = {
            guard $0.number > 25 else { return }
            $0.losses = ResponderLosses(refused: 3, dropped: 0)
            $0.info.suppressed = 2
        }
        script.peer.generation = 1
        let result = script.run(.scripted(.scripted(interval: millisecond, count: 50))).result
        let counters: [Counter] = [.lost, .lostReached, .responderRefused, .responderSuppressed]
        #expect(counters.map { result.value(of: $0) } == [10, 6, 3, 2])
        let text = summary(of: result)
        #expect(
            text.contains(
                """
                of 10 lost:
                  3 refused by the responder's send queue, 2 suppressed by its reply limit,
                  1 after they reached the responder, 4 at an unknown place

                """), "\(text)")
    }

    /// Modulo 2¹⁶; those before the first reply are none of this run.
    @Test func theRespondersDropsAreCountedFromTheFirstReplyOn() {
        script.peer.generation = 1
        script.peer.edit = { $0.losses.dropped = UInt16(truncatingIfNeeded: 65_530 + 5 * $0.number) }
        let result = script.run(.scripted(.scripted(interval: millisecond, count: 11))).result
        #expect(result.value(of: .responderDrops) == 50 && result.value(of: .responderRefused) == 0)
    }

    /// More than half of what the counter holds, from one reply to the next.
    @Test func manyDropsAreNoneTheLess() {
        script.peer.generation = 1
        script.peer.edit = { $0.losses.dropped = UInt16(truncatingIfNeeded: 40_000 * $0.number) }
        let result = script.run(.scripted(.scripted(interval: millisecond, count: 6))).result
        #expect(result.value(of: .responderDrops) == 200_000)
    }

    /// The replies to warming up were lost, and later requests on their way there: none of these reached it.
    @Test func lostWarmUpIsNotInTheLosses() {
        script.peer.answers = { $0 <= 5 ? [] : [.reply, .followUp] }
        script.peer.isReached = { !(20..<25).contains($0) }
        let result = script.run(.scripted(.scripted(interval: millisecond, count: 40, warmup: 10))).result
        #expect(result.counts[.lost] == 5 && result.value(of: .lostReached) == 0)
    }

    /// Two hosts answer in turn: the counters of neither tell anything of the run.
    @Test func twoHostsTellNothing() {
        script.peer.generation = 1
        script.peer.answers = { $0 == 5 ? [] : [.reply, .followUp] }
        script.peer.edit = { $0.info.responder = $0.number % 2 == 0 ? 1 : 2 }
        let result = script.run(.scripted(.scripted(interval: millisecond, count: 10))).result
        #expect(result.counts[.lost] == 1)
        #expect(result.value(of: .lostReached) == nil && result.value(of: .responderRefused) == nil)
    }

    @Test func anOldResponderDoesNotTell() {
        let result = script.run(.scripted()).result
        #expect(result.value(of: .responderDrops) == nil && result.value(of: .responderRefused) == nil)
        #expect(result.value(of: .lostReached) == 0)
    }

    /// The responder's table had no room for the session meanwhile: its counters tell nothing any more.
    @Test func aForgottenSessionTellsNothing() {
        script.peer.answers = { $0 == 5 ? [] : [.reply, .followUp] }
        script.peer.edit = { $0.info.generation = $0.number < 5 ? 1 : 72 }
        let result = script.run(.scripted(.scripted(interval: millisecond, count: 10))).result
        #expect(result.counts[.lost] == 1)
        #expect(result.value(of: .lostReached) == nil && result.value(of: .responderRefused) == nil)
    }

    @Test func thisHostsDropsAreCounted() {
        script.network.receiver.statistics = PacketStatistics(packets: 9, drops: 4)
        #expect(script.run(.scripted()).counts["drops"] == 4)
    }
}
