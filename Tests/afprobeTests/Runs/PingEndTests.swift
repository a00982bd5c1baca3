import AFPacketKit
import Testing

@testable import afprobe

/// The begin and the end of a run of ping.
@Suite struct PingEndTests {
    private let script = PingScript()
    private var log: [String] { script.events.log }

    private var sentAt: [Int64] { script.network.sender.sent.map(\.at) }

    @Test func warmUpIsInNoFigure() {
        let outcome = script.run(.scripted(.scripted(count: 2, warmup: 2)))
        #expect(outcome.counts == ["sent": 2, "received": 2, "warmup": 2, "missing_hardware": 2])
        #expect(log == ["answered 3", "answered 4"])
        #expect(outcome.result[.rtt]?.count == 2)
        #expect(sentAt.count == 4)
    }

    /// Nothing of what belongs to warming up is counted: not its losses, its repeats, its late follow-ups.
    @Test func warmUpIsInNoCount() {
        script.peer.answers = {
            switch $0 {
            case 1: []
            case 2: [.reply, .reply(after: 5), .followUp, .followUp(after: 5)]
            case 3: [.reply(after: 1_050 * millisecond)]
            default: [.reply, .followUp]
            }
        }
        let outcome = script.run(.scripted(.scripted(interval: second, count: 2, warmup: 3)))
        #expect(outcome.counts == ["sent": 2, "received": 2, "warmup": 3, "missing_hardware": 2])
    }

    @Test func onlyWarmUpWasSent() {
        let outcome = script.run(.scripted(.scripted(count: 5, warmup: 5, deadline: 50 * millisecond)))
        #expect(outcome.counts == ["warmup": 1])
    }

    @Test func theDeadlineEndsIt() {
        let outcome = script.run(.scripted(.scripted(count: nil, deadline: 250 * millisecond)))
        #expect(outcome.ending == .finished)
        #expect(sentAt == [0, 100 * millisecond, 200 * millisecond])
        #expect(script.network.elapsed == 250 * millisecond)
        #expect(outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3])
    }

    @Test func whatIsInFlightAtTheEndIsNotLost() {
        script.peer.answers = { $0 == 3 ? [.reply(after: 500 * millisecond)] : [.reply, .followUp] }
        let outcome = script.run(.scripted(.scripted(count: nil, deadline: 250 * millisecond)))
        #expect(outcome.counts == ["sent": 3, "received": 2, "in_flight": 1, "missing_hardware": 2])
        #expect(log == ["answered 1", "answered 2"])
    }

    /// A reply that has come is recorded, whatever else of it is still out.
    @Test func aReplyWithoutItsFollowUpCountsAtTheEnd() {
        script.peer.answers = { _ in [.reply] }
        let outcome = script.run(.scripted(.scripted(count: nil, deadline: 150 * millisecond)))
        #expect(
            outcome.counts == ["sent": 2, "received": 2, "missing_follow_ups": 2, "missing_hardware": 2])
        #expect(log == ["answered 1", "answered 2"])
    }

    // MARK: Intervals

    /// The intervals add up to the run, and the last one is shorter.
    @Test func eachIntervalIsTold() {
        script.peer.answers = { $0 == 3 ? [] : [.reply, .followUp] }
        let plan = TransmitPlan.scripted(
            interval: 100 * millisecond, count: 5, timeout: 50 * millisecond,
            statisticsInterval: 150 * millisecond)
        let outcome = script.run(.scripted(plan))
        #expect(outcome.counts["lost"] == 1)
        #expect(
            log == [
                "answered 1", "answered 2", "interval 2 2 0", "lost 3", "interval 1 0 1", "answered 4",
                "answered 5", "interval 2 2 0",
            ])
    }

    /// A request that is due when an interval ends is the next one's, with its reply.
    @Test func requestsDueAtTheBoundsAreSpreadEvenly() {
        let plan = TransmitPlan.scripted(
            interval: 100 * millisecond, count: 6, statisticsInterval: 200 * millisecond)
        _ = script.run(.scripted(plan))
        let intervals = script.events.log.filter { $0.hasPrefix("interval") }
        #expect(intervals == ["interval 2 2 0", "interval 2 2 0", "interval 2 2 0"])
    }

    /// In the interval in which it happened, and not at the end of the run.
    @Test func aSendThatFailsCountsInItsInterval() {
        script.network.sender.outcomes[1] = .failed(.noBufferSpace)
        let plan = TransmitPlan.scripted(
            interval: 100 * millisecond, count: 5, statisticsInterval: 150 * millisecond)
        _ = script.run(.scripted(plan))
        #expect(script.events.failedInIntervals.first == 1)
        #expect(script.events.failedInIntervals.dropFirst().allSatisfy { $0 == 0 })
    }

    @Test func withoutIntervalsNoneIsTold() {
        _ = script.run(.scripted(.scripted(count: 20)))
        #expect(!log.contains { $0.hasPrefix("interval") } && log.count == 20)
    }

    // MARK: Signals

    /// It is looked for after the first send, which is due at once.
    @Test func stopsBeforeAnyAnswer() {
        script.network.signal(.stop, at: 0)
        let outcome = script.run(.scripted())
        #expect(outcome.ending == .stopped)
        #expect(outcome.counts == ["sent": 1, "in_flight": 1])
        #expect(script.network.elapsed == 0)
    }

    @Test func stopsBeforeTheFirstSend() {
        script.network.sender.outcomes = [1: .full(for: second)]
        script.network.signal(.stop, at: 5 * millisecond)
        let outcome = script.run(.scripted())
        #expect(outcome.ending == .stopped)
        #expect(outcome.counts == [:])
        #expect(script.network.elapsed == 5 * millisecond)
    }

    @Test func stopsBetweenRequestAndReply() {
        script.network.signal(.stop, at: 10 * microsecond)
        let outcome = script.run(.scripted())
        #expect(outcome.ending == .stopped)
        #expect(outcome.counts == ["sent": 1, "in_flight": 1])
        #expect(log == [])
        #expect(script.network.elapsed == 10 * microsecond)
    }

    @Test func stopsBetweenReplyAndFollowUp() {
        script.network.signal(.stop, at: 20 * microsecond)
        let outcome = script.run(.scripted())
        #expect(outcome.ending == .stopped)
        #expect(
            outcome.counts == ["sent": 1, "received": 1, "missing_follow_ups": 1, "missing_hardware": 1])
        #expect(log == ["answered 1"])
        #expect(script.events.answered.map { $0.values[.turnaround] == nil } == [true])
    }

    /// While only a frame is waited for the receive call waits, which no signal ends: at most 50 ms long.
    @Test func stopsWhileTheReceiveCallWaits() {
        script.peer.answers = { _ in [] }
        script.network.signal(.stop, at: 10 * millisecond)
        let outcome = script.run(.scripted(.scripted(interval: second)))
        #expect(outcome.ending == .stopped)
        #expect(script.network.elapsed == 500 + TimestampedSocket.maxWait)
    }

    @Test func tellsTheStatusAndGoesOn() {
        for time in [10 * microsecond, 20 * microsecond, 150 * millisecond] {
            script.network.signal(.status, at: time)
        }
        let outcome = script.run(.scripted())
        #expect(outcome.ending == .finished && outcome.counts["received"] == 3)
        #expect(
            log == [
                "status 1 0", "status 1 1", "answered 1", "answered 2", "status 2 2", "answered 3",
            ])
    }

    @Test func aStatusBeforeTheFirstSend() {
        script.network.sender.outcomes = [1: .full(for: 10 * millisecond)]
        script.network.signal(.status, at: 5 * millisecond)
        _ = script.run(.scripted(.scripted(count: 1)))
        #expect(log == ["status 0 0", "answered 1"])
    }

    /// Both wait to be read: the status is told before the end.
    @Test func aStatusAndAStopTogether() {
        script.network.signal(.status, at: 10 * microsecond)
        script.network.signal(.stop, at: 10 * microsecond)
        let outcome = script.run(.scripted())
        #expect(outcome.ending == .stopped)
        #expect(log == ["status 1 0"])
    }

    @Test func theReaderOfTheOutputGoes() {
        script.network.loseReader(at: 150 * millisecond)
        let outcome = script.run(.scripted())
        #expect(outcome.ending == .closed)
        #expect(log == ["answered 1", "answered 2", "closed"])
        #expect(outcome.counts["sent"] == 2)
    }

    @Test func tellsTheProgressWhenItIsDue() {
        script.events.progressDue = MonotonicTime(nanoseconds: ScriptedNetwork.start + 150 * millisecond)
        _ = script.run(.scripted())
        #expect(log == ["answered 1", "answered 2", "progressed 2", "answered 3"])
        #expect(script.network.waits.contains(150 * millisecond))
    }

    /// A request that the driver never stamped did not leave this host, if it stamps others.
    @Test func requestsThatThisHostDroppedAreKnown() {
        script.peer.answers = { _ in [] }
        script.network.sender.stamps = { $0 == 2 ? .software : .none }
        #expect(script.run(.scripted(.scripted(timeout: millisecond))).result.lostUnstamped == 2)
    }

    /// A stamp that comes after the timeout shows that the driver stamps late.
    @Test func lateStampsProveNothing() {
        script.peer.answers = { _ in [] }
        script.network.sender.stamps = { _ in .init(software: 500, readable: 5 * millisecond) }
        let outcome = script.run(.scripted(.scripted(timeout: millisecond)))
        #expect(outcome.counts["lost"] == 3 && outcome.result.lostUnstamped == 0)
    }

    @Test func aDriverWithoutStampsProvesNothing() {
        script.network.snapshot = .scripted([], setting: nil)
        script.peer.answers = { _ in [] }
        script.network.sender.stamps = { _ in .none }
        #expect(script.run(.scripted(.scripted(timeout: millisecond))).result.lostUnstamped == 0)
    }
}
