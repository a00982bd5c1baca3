import AFPacketKit
import Testing

@testable import afprobe

/// The clocks of a run of ping: which one it goes by, how they are crossed, and what happens when one is set.
@Suite struct PingClockTests {
    private let script = PingScript.withHardware()

    private func answered() -> [(number: UInt64, clock: StampClock?)] {
        script.events.answered.map { ($0.number, $0.roundTripClock) }
    }

    // MARK: The choice

    @Test func theNICsClockIsPreferred() {
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 3])
        #expect(outcome.result.roundTripClock == .hardware && outcome.result.turnaroundClock == .hardware)
        #expect(outcome.missingHardware == [])
        #expect(outcome.result[.rtt]?[.max] == 14_030)
        #expect(outcome.result[.turnaround]?[.max] == 3_030)
        #expect(outcome.result[.network]?[.max] == 11_000)
    }

    /// Three replies in a row without its stamps: the run goes by the next clock, also for those that have them.
    @Test func theNICsClockIsGivenUpAfterThreeReplies() {
        script.peer.hasHardwareStamp = { $0 > 3 }
        let outcome = script.run(.scripted(.scripted(count: 5)))
        #expect(outcome.result.roundTripClock == .software)
        #expect(outcome.result[.rtt]?.count == 5 && outcome.result[.rtt]?[.max] == 15_040)
        #expect(outcome.counts == ["sent": 5, "received": 5, "missing_hardware": 3])
        #expect(answered().map(\.number) == [1, 2, 3, 4, 5])
        #expect(answered().allSatisfy { $0.clock == .software })
    }

    /// The first two lack its stamps: they are told once the third has shown the clock, and are in no figure.
    @Test func theFirstRepliesMayLackTheNICsStamps() {
        script.peer.hasHardwareStamp = { $0 > 2 }
        let outcome = script.run(.scripted(.scripted(count: 4)))
        #expect(outcome.result.roundTripClock == .hardware)
        #expect(outcome.result[.rtt]?.count == 2 && outcome.result[.rtt]?[.max] == 14_030)
        #expect(outcome.counts == ["sent": 4, "received": 4, "missing_hardware": 2])
        #expect(answered().map(\.number) == [1, 2, 3, 4])
        #expect(answered().map(\.clock) == [.software, .software, .hardware, .hardware])
    }

    @Test func theRunEndsBeforeAClockIsChosen() {
        script.peer.hasHardwareStamp = { _ in false }
        let outcome = script.run(.scripted(.scripted(count: 2)))
        #expect(outcome.result.roundTripClock == .software && outcome.result[.rtt]?.count == 2)
        #expect(answered().map(\.number) == [1, 2])
    }

    @Test func withoutStampsTheProgramsClockIsLeft() {
        script.network.snapshot = .scripted([], setting: nil)
        script.network.nicOffset = nil
        script.network.sender.stamps = { _ in .none }
        let outcome = script.run(.scripted(.scripted(count: 2, timeout: 10 * millisecond)))
        #expect(outcome.result.roundTripClock == .userspace && outcome.result[.rtt]?[.max] == 16_250)
        #expect(outcome.counts["missing_software"] == 2)
    }

    /// The responder's NIC stamps, but not each reply: the first one does not choose for all.
    @Test(arguments: [[1], [1, 2], [2]])
    func aFollowUpThatLacksAStampChoosesNoClock(lacking: [UInt64]) {
        script.peer.edit = {
            guard $0.kind == .followUp, lacking.contains($0.number) else { return }
            $0.info[.sentHardware] = nil
            $0.flags.insert(.isIncomplete)
        }
        let outcome = script.run(.scripted(.scripted(count: 5)))
        #expect(outcome.result.roundTripClock == .hardware && outcome.result.turnaroundClock == .hardware)
        #expect(outcome.result[.turnaround]?[.max] == 3_030 && outcome.result[.network]?[.min] == 11_000)
        #expect(outcome.result[.turnaround]?.count == UInt64(5 - lacking.count))
        #expect(answered().map(\.number) == [1, 2, 3, 4, 5])
    }

    /// It never does: its software stamps are what there is.
    @Test(arguments: [1, 2, 4])
    func aNICThatStampsNoReplyIsGivenUp(count: UInt64) {
        script.peer.edit = {
            guard $0.kind == .followUp else { return }
            $0.info[.sentHardware] = nil
            $0.flags.insert(.isIncomplete)
        }
        let outcome = script.run(.scripted(.scripted(count: count)))
        #expect(outcome.result.roundTripClock == .hardware && outcome.result.turnaroundClock == .software)
        #expect(outcome.result[.turnaround]?.count == count)
    }

    // MARK: Crossing

    private func runForStages(_ plan: TransmitPlan = .scripted(options: .stages)) -> PingScript.Outcome {
        script.run(.scripted(plan, hasStages: true))
    }

    /// Both NICs' clocks are far from their hosts', and those from each other.
    @Test func everyStageIsExact() {
        let result = runForStages().result
        let path = script.peer.path
        let expected: [(Figure, Int64)] = [
            (.requestSend, path.requestSend), (.requestQdisc, path.requestQdisc),
            (.requestTxNIC, path.requestTxNIC), (.wire, path.requestWire + path.replyWire),
            (.requestRxNIC, path.requestRxNIC), (.requestWakeup, path.requestWakeup),
            (.respond, path.respond), (.replySend, path.replySend), (.replyQdisc, path.replyQdisc),
            (.replyTxNIC, path.replyTxNIC), (.replyRxNIC, path.replyRxNIC),
            (.replyWakeup, path.replyWakeup), (.total, path.total), (.link, 13_020), (.rtt, 14_030),
            (.turnaround, 3_030), (.network, 11_000),
        ]
        for (figure, value) in expected {
            let (least, most) = (result[figure]?[.min] ?? -1, result[figure]?[.max] ?? -1)
            #expect(least == value && most == value, "\(figure)")
            #expect(result[figure]?.count == 3, "\(figure)")
        }
        #expect(result[.requestOneWay] == nil && result[.replyOneWay] == nil)
    }

    @Test func theStagesSumUpToTheTotal() throws {
        _ = runForStages()
        for reply in script.events.answered {
            let stages = try Figure.stages.map { try #require(reply.values[$0], "\($0)") }
            #expect(stages.reduce(0, +) == reply.values[.total])
        }
        #expect(script.events.answered.count == 3)
    }

    /// If the NICs stamp, the link is known in parts, and is no figure of its own.
    @Test func theLinkIsAFigureOnlyWithoutTheWire() {
        #expect(!runForStages().result.figures.contains(.link))
        let other = PingScript()
        other.network.sender.stamps = { _ in .all }
        let figures = other.run(.scripted(.scripted(options: .stages), hasStages: true)).result.figures
        #expect(figures.contains(.link) && !figures.contains(.wire) && !figures.contains(.requestTxNIC))
    }

    /// The responder's NIC stamps, this host's does not: its receive queue is in the link, and not a second time beside
    /// it.
    @Test func theTailsPartsAreDisjoint() throws {
        script.network.snapshot = .software
        script.network.nicOffset = nil
        script.network.sender.stamps = { [peer = script.peer] _ in
            ScriptedSocket.Stamps(scheduled: peer.path.requestSend, software: 500)
        }
        script.peer.answers = { [peer = script.peer] in
            peer.path.requestRxNIC = $0 % 50 == 0 ? 50_600 : 600
            return [.reply, .followUp]
        }
        let plan = TransmitPlan.scripted(options: .stages, interval: millisecond, count: 500)
        let result = script.run(.scripted(plan, hasStages: true)).result
        #expect(result[.requestRxNIC]?.count == 500 && result[.wire] == nil)
        let tail = try #require(result.tails(above: [.p99]).first)
        #expect(tail.excess == 50_000 && tail.missing.isEmpty)
        #expect(tail.shares.first { $0.figure == .link }?.percent == 100)
        #expect(tail.unattributed == 0 && !tail.shares.contains { $0.figure == .requestRxNIC })
    }

    @Test func stagesAreMeasuredOnlyWhereWanted() {
        let result = script.run(.scripted()).result
        #expect(result.figures == [.rtt, .network, .turnaround])
        #expect(result.crossingError == nil)
    }

    @Test func theCrossingErrorIsTheWorseOfBothHosts() {
        #expect(runForStages().result.crossingError == 40)
        let other = PingScript.withHardware()
        other.network.comparisonError = 60
        let plan = PingPlan.scripted(.scripted(options: .stages), hasStages: true)
        #expect(other.run(plan).result.crossingError == 60)
    }

    /// Within 10 ms a comparison is used again, and grows by what the oscillators may drift apart: 100 ppm.
    @Test func aComparisonThatIsUsedAgainIsLessExact() {
        let plan = TransmitPlan.scripted(options: .stages, interval: 4 * millisecond, count: 3)
        #expect(runForStages(plan).result.crossingError == 25 + 8 * millisecond / 10_000)
    }

    @Test func withoutAComparisonTheNICsStagesAreMissing() {
        script.peer.nicOffset = nil
        let result = runForStages().result
        #expect(result[.requestRxNIC] == nil && result[.replyTxNIC] == nil && result[.wire] == nil)
        #expect(result[.requestTxNIC]?[.max] == 400 && result[.replyRxNIC]?[.max] == 610)
    }

    // MARK: One way

    @Test func oneWayIsTheDifferenceOfSynchronisedClocks() {
        script.network.nicOffset = 37 * second
        (script.peer.clockOffset, script.peer.nicOffset) = (0, 37 * second)
        let result = script.run(.scripted(isSynchronised: true)).result
        #expect(result[.requestOneWay]?[.max] == 5_000 && result[.replyOneWay]?[.max] == 6_000)
    }

    /// Without a word that the clocks are synchronised only their offset is bounded, by the fastest exchange.
    @Test func theOffsetOfTheClocksIsBounded() {
        let difference = script.peer.clockOffset - 5 * second - 37 * second
        let bounds = script.run(.scripted()).result.bounds
        #expect(bounds.minimum == difference - 6_000 && bounds.maximum == difference + 5_000)
        #expect(bounds.offset == ClockOffset(offset: difference - 500, error: 5_500))
        #expect(bounds.restarts == 0)
    }
}
