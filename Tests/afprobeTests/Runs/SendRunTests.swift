import Testing

@testable import AFPacketKit
@testable import afprobe

/// When send sends.
@Suite struct SendRunTests {
    private let script = SendScript()
    private let start = ScriptedNetwork.start + ScriptedNetwork.epoch

    // MARK: Pacing

    @Test func probesLeaveWhenTheyAreDue() throws {
        let outcome = script.run()
        #expect(outcome.ending == .finished && outcome.hasMeasured)
        #expect(script.sentAt == [0, 100 * millisecond, 200 * millisecond])
        #expect(try script.sender.sent.map { try decode($0.bytes).message.number } == [1, 2, 3])
        #expect(outcome.result.sent == 3 && outcome.result.inFlight == 0 && outcome.result.failed == 0)
        #expect(outcome.tally == ["software": 3, "missing hardware": 3])
        #expect(script.events.log == ["completed 1", "completed 2", "completed 3"])
        // The last one's stamp ends the run.
        #expect(script.network.elapsed == 200 * millisecond + 500)
    }

    @Test func eachIntervalIsTold() {
        _ = script.run(.scripted(count: 5, statisticsInterval: 250 * millisecond))
        #expect(
            script.events.log == [
                "completed 1", "completed 2", "completed 3", "interval 3 3", "completed 4", "completed 5",
                "interval 2 2",
            ])
    }

    @Test func dueTimesAreOnTheClockOfTheStamps() {
        let outcome = script.run()
        let stamps = script.events.completed.map(\.stamps)
        #expect(
            stamps.map { ($0.due?.nanoseconds ?? 0) - start } == [0, 100 * millisecond, 200 * millisecond])
        #expect(stamps.map { $0.scheduleError ?? 0 } == [500, 500, 500])
        #expect(outcome.scheduleErrors?.count == 3 && outcome.scheduleErrors?[.max] == 500)
    }

    /// The clock of the stamps is set between two probes: due times follow at once.
    @Test func dueTimesFollowAClockThatIsSet() {
        script.network.at(50 * millisecond) { [network = script.network] in network.epoch += 10 * second }
        let outcome = script.run()
        let due = script.events.completed.map { ($0.stamps.due?.nanoseconds ?? 0) - start }
        #expect(due == [0, 10 * second + 100 * millisecond, 10 * second + 200 * millisecond])
        #expect(outcome.scheduleErrors?[.max] == 500)
        #expect(script.sentAt == [0, 100 * millisecond, 200 * millisecond])
    }

    /// Each wake-up is late, and nothing of it adds up.
    @Test func latenessDoesNotAddUp() {
        script.network.costOfReading = 7
        _ = script.run(.scripted(interval: millisecond, count: 1000))
        let lateness = script.sentAt.enumerated().map { $0.element - Int64($0.offset) * millisecond }
        #expect(lateness.allSatisfy { (0...1000).contains($0) })
        #expect(script.sentAt.count == 1000)
    }

    @Test func missedIntervalsAreLeftOut() {
        script.events.whenTold = { [network = script.network] line in
            if line == "completed 2" { network.advance(to: network.now + 250 * millisecond) }
        }
        _ = script.run(.scripted(count: 5))
        // The second was settled at 100 ms, the machine stopped until 350 ms: 200 ms is left out, 300 ms late.
        let expected: [Int64] = [0, 100 * millisecond, 350 * millisecond + 500, 350 * millisecond + 500]
        #expect(script.sentAt.prefix(4) == expected[...])
        #expect(script.sentAt.last == 400 * millisecond)
    }

    @Test func batchesAreDueTogether() {
        let outcome = script.run(.scripted(interval: 10 * millisecond, count: 10, batch: 4))
        let pause = 40 * millisecond
        #expect(script.sentAt == [0, 0, 0, 0, pause, pause, pause, pause, 2 * pause, 2 * pause])
        #expect(outcome.result.sent == 10 && outcome.tally["software"] == 10)
    }

    /// Until a probe is due the run spins, from the time on by which a sleep may be too long.
    @Test func itSpinsUntilAProbeIsDue() {
        (script.network.oversleep, script.network.costOfReading) = (40_000, 10)
        let outcome = script.run(.scripted(count: 3, spins: true))
        let first = script.sentAt.first ?? 0
        let exact = script.sentAt.map { $0 - first }
        #expect(
            exact.enumerated().allSatisfy { abs($0.element - Int64($0.offset) * 100 * millisecond) < 100 })
        #expect(outcome.result.sent == 3)
        // It woke up twice the measured lateness before the second was due, and no sooner.
        let wait = script.network.waits.first { $0 > first + 50 * millisecond } ?? 0
        #expect(abs(wait - (first + 100 * millisecond - 80_000)) < 200)
    }

    // MARK: Flat out

    @Test func flatOutNothingIsWaitedFor() {
        let outcome = script.run(.scripted(interval: 0, count: 1000))
        #expect(script.sentAt == Array(repeating: 0, count: 1000))
        #expect(outcome.result.sent == 1000 && outcome.tally["software"] == 1000)
        #expect(outcome.scheduleErrors == nil)
        #expect(script.network.elapsed == 500)
    }

    @Test(arguments: [1, 8, 64, 1024])
    func flatOutInBatches(batch: Int) throws {
        let outcome = script.run(.scripted(interval: 0, count: 2500, batch: batch))
        #expect(outcome.result.sent == 2500 && outcome.tally == ["software": 2500, "missing hardware": 2500])
        #expect(try script.sender.sent.map { try decode($0.bytes).message.number } == Array(1...2500))
    }

    /// So many are in flight at most: the next ones wait for stamps.
    @Test func flatOutTheWindowFillsUp() {
        script.sender.stamps = { _ in ScriptedSocket.Stamps(software: 500, readable: millisecond) }
        let plan = TransmitPlan.scripted(interval: 0, count: 10_000)
        let outcome = script.run(plan)
        #expect(plan.windowCapacity == 4096)
        #expect(script.sentAt.count { $0 == 0 } == 4096)
        #expect(script.sentAt.count { $0 == millisecond } == 4096)
        #expect(outcome.result.sent == 10_000)
    }

    @Test func noRoomFlatOut() {
        script.sender.outcomes = [301: .full(for: 3 * millisecond)]
        let outcome = script.run(.scripted(interval: 0, count: 500))
        #expect(script.sentAt.prefix(300).allSatisfy { $0 == 0 })
        #expect(script.sentAt.dropFirst(300).allSatisfy { $0 == 3 * millisecond })
        #expect(outcome.result.sent == 500 && outcome.tally["software"] == 500)
    }

    @Test func noRoomInTheMiddleOfABatch() throws {
        script.sender.outcomes = [6: .full(for: 3 * millisecond)]
        let outcome = script.run(.scripted(interval: 0, count: 16, batch: 8))
        #expect(
            script.sentAt.prefix(5).allSatisfy { $0 == 0 }
                && script.sentAt.dropFirst(5).first == 3 * millisecond)
        #expect(try script.sender.sent.map { try decode($0.bytes).message.number } == Array(1...16))
        #expect(outcome.tally == ["software": 16, "missing hardware": 16])
    }

    // MARK: Ends

    @Test func warmUpIsNotCounted() {
        let outcome = script.run(.scripted(count: 2, warmup: 2))
        #expect(outcome.result.sent == 2 && outcome.result.warmedUp == 2)
        #expect(outcome.tally == ["software": 2, "missing hardware": 2])
        #expect(script.events.log == ["completed 3", "completed 4"])
        #expect(outcome.scheduleErrors?.count == 2)
    }

    /// A batch of which the first frames still belong to warming up.
    @Test func warmUpEndsWithinABatch() {
        let outcome = script.run(.scripted(interval: 0, count: 10, warmup: 3, batch: 8))
        #expect(outcome.result.sent == 10 && outcome.result.warmedUp == 3)
        #expect(script.events.log.first == "completed 4" && script.events.log.count == 10)
    }

    @Test func theDeadlineEndsIt() {
        script.sender.stamps = { $0 == 3 ? .none : .software }
        let outcome = script.run(.scripted(count: nil, deadline: 250 * millisecond))
        #expect(outcome.ending == .finished && script.network.elapsed == 250 * millisecond)
        #expect(outcome.result.sent == 3 && outcome.result.inFlight == 1)
        #expect(outcome.tally["software"] == 2)
    }

    @Test func signalsStopItAndAskForTheStatus() {
        script.network.signal(.status, at: 150 * millisecond)
        script.network.signal(.stop, at: 160 * millisecond)
        let outcome = script.run()
        #expect(outcome.ending == .stopped)
        #expect(script.events.log == ["completed 1", "completed 2", "status 2 2"])
        #expect(outcome.result.sent == 2)
    }

    @Test func theReaderOfTheOutputGoes() {
        script.network.loseReader(at: 50 * millisecond)
        #expect(script.run().ending == .closed)
        #expect(script.sentAt == [0])
    }
}
