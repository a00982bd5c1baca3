import AFPacketKit
import Testing

@testable import afprobe

/// The completions of requests: which come, when, in which order, and under which keys.
@Suite struct PingStampTests {
    private let script = PingScript()
    private var sender: ScriptedSocket { script.network.sender }

    private func stamp(_ number: Int, _ stamps: ScriptedSocket.Stamps) {
        sender.stamps = { $0 == number ? stamps : .software }
    }

    @Test func aSoftwareStampIsMissing() throws {
        stamp(2, .none)
        let outcome = script.run(.scripted())
        #expect(
            outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3, "missing_software": 1])
        // It was waited for until the time-out.
        #expect(script.events.log == ["answered 1", "answered 3", "answered 2"])
        #expect(script.network.elapsed == 1_100 * millisecond)
        // It is shown on the next clock, which no figure of the run is on.
        let second = try #require(script.events.answered.last)
        #expect(second.roundTripClock == .userspace && second.values[.rtt] == 16_250)
        #expect(outcome.result[.rtt]?.count == 2 && outcome.result[.rtt]?[.max] == 15_040)
    }

    @Test func aLateCompletionChangesNothing() {
        stamp(2, ScriptedSocket.Stamps(software: 500, readable: 1_050 * millisecond))
        let outcome = script.run(.scripted(.scripted(interval: second)))
        #expect(
            outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3, "missing_software": 1])
        #expect(script.events.log == ["answered 1", "answered 2", "answered 3"])
    }

    /// 64 requests and more later nothing is known of it any more.
    @Test func aCompletionOfARequestLongSettled() {
        stamp(1, ScriptedSocket.Stamps(software: 500, readable: 705 * millisecond))
        let plan = TransmitPlan.scripted(
            interval: 10 * millisecond, count: 80, timeout: 10 * millisecond)
        let outcome = script.run(.scripted(plan))
        #expect(plan.windowCapacity == 64)
        #expect(
            outcome.counts == ["sent": 80, "received": 80, "missing_hardware": 80, "missing_software": 1])
    }

    @Test func completionsComeAfterTheFollowUp() {
        sender.stamps = { _ in ScriptedSocket.Stamps(software: 500, readable: 50 * millisecond) }
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3])
        #expect(outcome.result[.rtt]?[.max] == 15_040)
        #expect(script.network.elapsed == 250 * millisecond)
    }

    /// Devices that are stacked repeat the scheduled stamp: the first one counts.
    @Test func aRepeatedCompletionChangesNothing() throws {
        sender.stamps = { _ in .all }
        let answer = sender.whenSent
        sender.whenSent = { [sender] frame in
            let later = Timestamp(nanoseconds: ScriptedNetwork.epoch + ScriptedNetwork.start + 999_999)
            sender.complete(frame, .scheduled, software: later, after: 300)
            sender.complete(frame, .sent, software: later, after: 600)
            answer(frame)
        }
        let outcome = script.run(.scripted(.scripted(options: .stages, count: 1), hasStages: true))
        #expect(outcome.result[.requestSend]?[.max] == 200 && outcome.result[.requestQdisc]?[.max] == 300)
    }

    /// The setting was off when the sockets were opened, and another program turned it on: nothing comes of it here.
    @Test func aStampThatWasNotAskedForIsNotExpected() {
        var snapshot = TimestampingSnapshot.hardware
        #expect(ExpectedStamps(snapshot, TransmitOptions()).contains(.hardware))
        snapshot.unasked = .settingOff
        #expect(!ExpectedStamps(snapshot, TransmitOptions()).contains(.hardware))
    }

    // MARK: Out of order

    private func figure(_ figure: Figure, _ stamps: ScriptedSocket.Stamps) -> Int64? {
        let script = PingScript.withHardware()
        script.network.sender.stamps = { _ in stamps }
        let plan = PingPlan.scripted(.scripted(options: .stages, count: 1), hasStages: true)
        return script.run(plan).result[figure]?[.min]
    }

    /// Negative differences are shown as they are, and not hidden.
    @Test func stampsOutOfOrderGiveNegativeFigures() {
        let scheduledLast = ScriptedSocket.Stamps(scheduled: 600, software: 500, hardware: 900)
        #expect(figure(.requestQdisc, scheduledLast) == -100)
        #expect(figure(.requestSend, scheduledLast) == 600)
        let hardwareFirst = ScriptedSocket.Stamps(scheduled: 200, software: 500, hardware: 400)
        #expect(figure(.requestTxNIC, hardwareFirst) == -100)
        let softwareAfterReply = ScriptedSocket.Stamps(scheduled: 200, software: 20_000, hardware: 900)
        #expect(figure(.link, softwareAfterReply) == 15_540 - 20_000 - 2_020)
    }

    @Test func aSoftwareStampAfterTheReplyGivesANegativeRoundTrip() {
        stamp(1, ScriptedSocket.Stamps(software: 20_000))
        let outcome = script.run(.scripted(.scripted(count: 1)))
        #expect(outcome.result[.rtt]?[.min] == 15_540 - 20_000)
        #expect(outcome.counts["received"] == 1)
    }

    // MARK: Keys

    private let everyStamp: [String: UInt64] = [
        "sent": 4, "received": 4, "missing_hardware": 4, "failed": 1,
    ]

    @Test(arguments: [true, false])
    func keysAreFoundAgainAfterAFailedSend(usesKey: Bool) {
        sender.outcomes = [2: .failed(.noBufferSpace, usesKey: usesKey)]
        let outcome = script.run(.scripted(.scripted(count: 5)))
        #expect(outcome.counts == everyStamp)
        #expect(
            script.events.log
                == ["answered 1", "frames dropped: 105", "answered 3", "answered 4", "answered 5"])
    }

    /// The ledger learns the keys anew after a failure, so that a script can let the kernel's counter wrap soon.
    @Test func keysWrap() {
        sender.nextKey = .max - 2
        sender.outcomes = [1: .failed(.noBufferSpace)]
        let outcome = script.run(.scripted(.scripted(count: 5)))
        #expect(sender.sent.map(\.key) == [.max - 1, .max, 0, 1])
        #expect(outcome.counts == everyStamp)
    }

    /// A completion from before the failure is read after it.
    @Test func aCompletionCrossesAFailure() {
        stamp(1, ScriptedSocket.Stamps(software: 500, readable: 150 * millisecond))
        sender.outcomes = [2: .failed(.noBufferSpace)]
        let outcome = script.run(.scripted(.scripted(count: 5)))
        #expect(outcome.counts == everyStamp)
    }

    @Test func allKeysAreZeroInLinux419() {
        sender.countsKeys = false
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3])
    }

    // MARK: The error queue

    /// The program does not run for a while, and half of the completions find no room meanwhile.
    @Test func theErrorQueueIsFull() {
        sender.queueLimit = 100 * sender.completionSize
        sender.stamps = { serial in
            let left = 500 * millisecond - Int64(serial - 1) * millisecond
            return ScriptedSocket.Stamps(software: 500, readable: left)
        }
        let outcome = script.run(.scripted(.scripted(interval: millisecond, count: 200)))
        #expect(sender.dropped == 100)
        #expect(outcome.counts["missing_software"] == 100 && outcome.counts["received"] == 200)
    }

    /// An error that poll(2) would report without end is taken away.
    @Test func anErrorOfTheSocketIsCleared() {
        script.network.at(50 * millisecond) { [sender] in sender.pendingError = .networkDown }
        let outcome = script.run(.scripted())
        #expect(outcome.counts["received"] == 3)
        #expect(sender.pendingError == nil)
        #expect(script.network.waits.count { $0 == 50 * millisecond } == 1)
    }
}

extension TransmitOptions {
    /// The options of a run that measures the stages.
    static var stages: TransmitOptions { TransmitOptions(stamps: .scheduled) }
}
