import AFPacketKit
import Testing

@testable import afprobe

/// The calls of a loop to its run, in order.
private final class Calls {
    var log: [String] = []
    var times: [Int64] = []
    var lastReads = 0
}

/// A run that does nothing but write down what is called.
private struct TinyRun: Run, ~Copyable {
    let events = RecordedEvents()
    let network: ScriptedNetwork
    let calls = Calls()
    var spins = false
    var isWaitingForRoom = false
    var housekeepingDue = MonotonicTime.never
    var lastError: RunError?
    /// The result of each step, by its number from 1.
    let steps: (Int, MonotonicTime) throws(RunError) -> RunStep
    private var count = 0

    init(
        on network: ScriptedNetwork, _ steps: @escaping (Int, MonotonicTime) throws(RunError) -> RunStep
    ) {
        (self.network, self.steps) = (network, steps)
    }

    func watch(in poll: inout PollSet) -> Bool { true }

    mutating func step(at now: MonotonicTime) throws(RunError) -> RunStep {
        count += 1
        calls.times.append(network.elapsed)
        return try steps(count, now)
    }

    mutating func handleCompletions(_ read: CompletionsRead) {
        calls.log.append("completions \(read)")
        var batch = MessageBatch(capacity: 64, frameCapacity: 64)
        try? ScriptedPort(network.sender).receiveCompletions(into: &batch, limit: .max)
    }

    mutating func handleFrames(_ read: FramesRead) {
        calls.log.append("frames \(read)")
        var batch = MessageBatch(capacity: 64, frameCapacity: 64)
        let port = ScriptedPort(network.receiver)
        if read == .waiting {
            try? port.receiveWaiting(into: &batch)
        } else {
            try? port.receive(into: &batch, limit: .max)
        }
    }

    mutating func keepHouse(at now: MonotonicTime) {
        calls.log.append("house")
        housekeepingDue = now + 30 * millisecond
    }

    func tellStatus() { calls.log.append("status") }

    mutating func readLast() throws(RunError) {
        calls.lastReads += 1
        if let lastError { throw lastError }
    }
}

@Suite struct RunLoopTests {
    private let network = ScriptedNetwork()

    private func time(_ elapsed: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: ScriptedNetwork.start + elapsed)
    }

    /// Waits until each of these times in turn, and ends then.
    private func waiting(until times: [Int64], framesAlone: Bool = false) -> TinyRun {
        TinyRun(on: network) { [time] count, _ in
            count > times.count ? .end : .wait(until: time(times[count - 1]), framesAlone: framesAlone)
        }
    }

    /// Waits until a time, however often it is woken up before.
    private func waiting(until end: Int64, framesAlone: Bool = false) -> TinyRun {
        TinyRun(on: network) { [time] _, now in
            now >= time(end) ? .end : .wait(until: time(end), framesAlone: framesAlone)
        }
    }

    private func bring(_ queue: ScriptedSocket, at elapsed: Int64) {
        network.at(elapsed) { [network] in
            if queue === network.receiver {
                queue.receive([1], Ancillary())
            } else {
                queue.complete([1], Ancillary())
            }
        }
    }

    // MARK: What has come

    /// The stamps of a request came before its reply.
    @Test func completionsAreHandledBeforeFrames() {
        bring(network.receiver, at: millisecond)
        bring(network.sender, at: millisecond)
        var run = waiting(until: [second])
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.calls.log == ["completions ready", "frames all"])
        #expect(run.calls.times == [0, millisecond])
    }

    @Test func signalsComeLast() {
        bring(network.receiver, at: millisecond)
        network.signal(.status, at: millisecond)
        network.signal(.stop, at: millisecond)
        network.signal(.status, at: millisecond)
        var run = waiting(until: [second])
        #expect(play(&run, on: network).ending == .stopped)
        #expect(run.calls.log == ["frames all", "status"])
    }

    /// A user who stops it means it, whether anybody reads the summary or not.
    @Test func aStopTellsMoreThanAReaderThatHasGone() {
        network.loseReader(at: millisecond)
        network.signal(.stop, at: millisecond)
        var run = waiting(until: [second])
        #expect(play(&run, on: network).ending == .stopped)
        #expect(run.events.isClosed)
    }

    @Test func theReaderGoes() {
        network.loseReader(at: millisecond)
        var run = waiting(until: [second])
        #expect(play(&run, on: network).ending == .closed)
        #expect(run.calls.times == [0])
    }

    @Test func nothingIsDoneForAClosedSink() {
        var run = waiting(until: [second])
        run.events.close()
        #expect(play(&run, on: network).ending == .closed)
        #expect(run.calls.times == [] && run.calls.log == [] && network.waits == [])
    }

    @Test func roomIsWaitedForWhereItIsMissing() {
        network.sender.outcomes = [1: .full(for: 5 * millisecond)]
        _ = try? ScriptedPort(network.sender).send([1].span)
        var run = waiting(until: [second])
        run.isWaitingForRoom = true
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.calls.log == ["completions ready"] && run.calls.times == [0, 5 * millisecond])
    }

    // MARK: Waiting

    @Test func itSleepsUntilSomethingIsDue() {
        var run = waiting(until: [millisecond, 5 * millisecond, 5 * millisecond])
        #expect(play(&run, on: network).ending == .finished)
        // What is due already is not slept for.
        #expect(run.calls.times == [0, millisecond, 5 * millisecond, 5 * millisecond])
        #expect(run.calls.log == [] && run.events.flushes == 3)
    }

    @Test func stepsFollowEachOtherWithoutAWait() {
        var run = TinyRun(on: network) { count, _ in count < 4 ? .again : .end }
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.calls.times == [0, 0, 0, 0] && network.waits == [] && run.events.flushes == 0)
    }

    /// The receive call waits for 50 ms at most; the signals are looked at in between, without sleeping.
    @Test func theReceiveCallWaitsForFramesAlone() {
        bring(network.receiver, at: 70 * millisecond)
        var run = waiting(until: 300 * millisecond, framesAlone: true)
        #expect(play(&run, on: network).ending == .finished)
        let waited = run.calls.log.count { $0 == "frames waiting" }
        #expect(run.calls.log == Array(repeating: "frames waiting", count: waited) && waited == 5)
        // The frame at 70 ms ends one call, and less than 100 ms are slept.
        let polls: [Int64] = [0, 50, 120, 170, 300]
        #expect(network.waits == polls.map { $0 * millisecond })
    }

    @Test func shortWaitsForFramesAloneAreSlept() {
        bring(network.receiver, at: 20 * millisecond)
        var run = waiting(until: 99 * millisecond, framesAlone: true)
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.calls.log == ["frames all"])
        #expect(network.waits == [20 * millisecond, 99 * millisecond])
    }

    // MARK: Housekeeping

    @Test func housekeepingIsDoneWhenItIsDue() {
        var run = waiting(until: 100 * millisecond)
        run.housekeepingDue = time(20 * millisecond)
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.calls.log == ["house", "house", "house"])
        #expect(run.calls.times == [0, 20, 50, 80, 100].map { $0 * millisecond })
    }

    /// It does not wait in the receive call beyond the time at which something is due.
    @Test func housekeepingEndsAWaitForFramesAlone() {
        var run = waiting(until: 10 * second, framesAlone: true)
        run.housekeepingDue = time(90 * millisecond)
        network.signal(.stop, at: 100 * millisecond)
        #expect(play(&run, on: network).ending == .stopped)
        #expect(run.calls.log == ["house"])
        #expect(network.waits == [90 * millisecond, 100 * millisecond])
    }

    // MARK: Spinning

    @Test func aSpinningLoopLooksForFramesInEachTurn() {
        var run = TinyRun(on: network) { count, _ in count > 512 ? .end : .wait(until: .never) }
        run.spins = true
        run.housekeepingDue = time(0)
        #expect(play(&run, on: network).ending == .finished)
        #expect(run.calls.log.count { $0 == "frames spinning" } == 512)
        // In every eighth turn, and behind the frames.
        #expect(run.calls.log.count { $0 == "completions all" } == 64)
        #expect(run.calls.log.firstIndex(of: "completions all") == 8)
        // In every 256th: signals and housekeeping; the clock does not go on, and nothing is slept.
        #expect(network.waits == [0, 0] && run.events.flushes == 2)
        #expect(run.calls.log.count { $0 == "house" } == 1)
    }

    @Test func aSpinningLoopIsStopped() {
        network.costOfReading = 100
        network.signal(.stop, at: 10 * microsecond)
        var run = TinyRun(on: network) { _, _ in .wait(until: .never) }
        run.spins = true
        #expect(play(&run, on: network).ending == .stopped)
        #expect(run.calls.times.count == 256)
    }

    // MARK: Errors

    private var error: RunError { RunError(.send, SystemError("send", .outOfMemory)) }

    @Test func theEndIsReadOnceTheLoopIsOver() {
        var run = waiting(until: [millisecond])
        let (ending, error) = play(&run, on: network)
        #expect(ending == .finished && error == nil && run.calls.lastReads == 1)
    }

    @Test func theEndIsReadAfterAnError() {
        var run = TinyRun(on: network) { [error] _, _ throws(RunError) in throw error }
        #expect(play(&run, on: network).error != nil && run.calls.lastReads == 1)
    }

    @Test func anErrorOfTheLastReadIsTheRuns() throws {
        var run = waiting(until: [millisecond])
        run.lastError = RunError(.readCompletions, SystemError("recvmmsg", .networkDown))
        let failure = try #require(play(&run, on: network).error)
        guard case .readCompletions = failure.operation else {
            Issue.record("\(failure)")
            return
        }
    }

    @Test func anErrorOfAStepEndsTheLoop() throws {
        var run = TinyRun(on: network) { [error] count, _ throws(RunError) in
            guard count < 3 else { throw error }
            return .again
        }
        let failure = try #require(play(&run, on: network).error)
        guard case .send = failure.operation else {
            Issue.record("\(failure)")
            return
        }
    }

    @Test func anErrorOfAWaitEndsTheLoop() throws {
        var run = waiting(until: [second])
        var loop = RunLoop(FailingSources())
        let failure = #expect(throws: RunError.self) { try loop.run(&run) }
        guard case .wait = failure?.operation else {
            Issue.record("\(failure.debugDescription)")
            return
        }
    }
}

private struct FailingSources: RunSources, ~Copyable {
    var linkMayChange: Bool { false }
    func now() -> MonotonicTime { MonotonicTime(nanoseconds: 1) }

    mutating func wait(
        until deadline: MonotonicTime, room isWaitingForRoom: Bool, without paused: PollSet.Members
    ) throws(SystemError) -> PollSet.Members {
        throw SystemError("ppoll", .outOfMemory)
    }

    mutating func nextRequest() -> RunRequest? { nil }
}
