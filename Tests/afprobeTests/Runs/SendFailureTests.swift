import Testing

@testable import AFPacketKit
@testable import afprobe

/// Frames that send cannot send, launch times, and frames of a capture.
@Suite struct SendFailureTests {
    private let script = SendScript()
    private var log: [String] { script.events.log }
    private let start = ScriptedNetwork.start + ScriptedNetwork.epoch

    // MARK: Calls that fail

    @Test(arguments: [true, false])
    func aDroppedFramePacedIsLeftOut(usesKey: Bool) throws {
        script.sender.outcomes = [
            2: .failed(.noBufferSpace, usesKey: usesKey), 4: .failed(.noBufferSpace, usesKey: usesKey),
        ]
        let outcome = script.run(.scripted(count: 5))
        #expect(outcome.result.sent == 3 && outcome.result.failed == 2)
        #expect(log == ["completed 1", "frames dropped: 105", "completed 3", "completed 5"])
        #expect(try script.sender.sent.map { try decode($0.bytes).message.number } == [1, 3, 5])
        #expect(outcome.tally == ["software": 3, "missing hardware": 3])
    }

    /// As fast as it goes is no faster: the same frame is sent again a millisecond later, and none is lost.
    @Test(arguments: [1, 8])
    func aDroppedFrameFlatOutIsSentAgain(batch: Int) throws {
        script.sender.outcomes = [17: .failed(.noBufferSpace), 18: .failed(.noBufferSpace)]
        let outcome = script.run(.scripted(interval: 0, count: 50, batch: batch))
        #expect(outcome.result.sent == 50 && outcome.result.failed == 0)
        #expect(try script.sender.sent.map { try decode($0.bytes).message.number } == Array(1...50))
        #expect(script.sentAt.prefix(16).allSatisfy { $0 == 0 })
        #expect(script.sentAt.dropFirst(16).allSatisfy { $0 == 2 * millisecond })
        #expect(outcome.tally == ["software": 50, "missing hardware": 50])
        #expect(!log.contains { $0.hasPrefix("frames dropped") })
    }

    /// Behind a frame that was taken an error is not told; the one that failed has used up a key all the same.
    @Test func aFailureInTheMiddleOfABatch() throws {
        script.sender.outcomes = [4: .failed(.noBufferSpace)]
        let outcome = script.run(.scripted(interval: 0, count: 16, batch: 8))
        #expect(try script.sender.sent.map { try decode($0.bytes).message.number } == Array(1...16))
        #expect(script.sender.sent.map(\.key).prefix(5) == [0, 1, 2, 4, 5])
        #expect(outcome.tally == ["software": 16, "missing hardware": 16])
    }

    @Test func theLinkGoesDownAndComesUp() {
        script.network.setLink(.down, at: 150 * millisecond)
        script.network.setLink(.up, at: 420 * millisecond)
        let outcome = script.run(.scripted(count: 7))
        #expect(
            log == [
                "completed 1", "completed 2", "link down", "link up", "completed 4", "completed 5",
                "completed 6", "completed 7",
            ])
        #expect(script.sentAt.map { $0 / millisecond } == [0, 100, 450, 450, 500, 600])
        #expect(outcome.result.sent == 6 && outcome.result.failed == 1)
    }

    @Test func theInterfaceGoes() throws {
        script.network.setLink(.gone, at: 150 * millisecond)
        let outcome = script.run()
        let error = try #require(outcome.error)
        guard case .findInterface = error.operation else {
            Issue.record("\(error)")
            return
        }
        #expect(outcome.result.sent == 2 && outcome.tally["software"] == 2)
    }

    @Test func anotherErrorEndsTheRun() throws {
        script.sender.outcomes = [2: .failed(.messageTooLong)]
        let outcome = script.run()
        let error = try #require(outcome.error)
        guard case .send = error.operation, case .system(let reason) = error.reason else {
            Issue.record("\(error)")
            return
        }
        #expect(reason.code == .messageTooLong && outcome.result.sent == 1)
    }

    // MARK: Launch times

    private func launching(count: UInt64 = 3) -> TransmitPlan {
        var plan = TransmitPlan.scripted(
            options: TransmitOptions(launchClock: .tai), count: count, timeout: 300 * millisecond)
        plan.launchOffset = 20 * millisecond
        return plan
    }

    /// The time-out counts from the launch time, and so does the schedule error.
    @Test func aFrameIsDueAtItsLaunchTime() {
        script.sender.stamps = { $0 == 1 ? .none : ScriptedSocket.Stamps(software: 20 * millisecond + 700) }
        let outcome = script.run(launching(count: 2))
        #expect(script.sentAt == [0, 100 * millisecond])
        #expect(script.network.elapsed == 320 * millisecond)
        #expect(outcome.scheduleErrors?[.max] == 700 && outcome.result.hasLaunchTimes)
    }

    private func failing(_ failure: LaunchFailure, _ number: Int) {
        script.sender.stamps = { $0 == number ? .none : .software }
        script.sender.whenSent = { [sender = script.sender, network = script.network] frame in
            guard frame.serial == number else { return }
            let words = Ancillary(launchFailure: failure)
            // It comes twice, as for the rest of a batch that is sent again.
            network.after(20 * millisecond) { sender.complete(frame.bytes, words) }
            network.after(21 * millisecond) { sender.complete(frame.bytes, words) }
        }
    }

    @Test(arguments: [(LaunchFailure.missed, "launch missed"), (.invalid, "launch invalid")])
    func aFrameThatIsNotLaunchedIsSettled(failure: LaunchFailure, name: String) throws {
        failing(failure, 2)
        let outcome = script.run(launching())
        #expect(
            outcome.tally == [name: 1, "software": 2, "missing software": 1, "missing hardware": 3])
        #expect(log == ["completed 1", "completed 2", "completed 3"])
        let second = try #require(script.events.completed.dropFirst().first)
        #expect(second.stamps.launchFailure == failure)
        #expect(second.missing.software == .notLaunched(failure))
        #expect(outcome.result.missingSoftware == [.some(.notLaunched(failure), 1)])
    }

    /// A qdisc refuses a launch time by ENOBUFS, and then says why in a completion.
    @Test func aRefusedLaunchTimeIsNoDroppedFrame() {
        script.sender.outcomes = [2: .failed(.noBufferSpace)]
        let frame = ProbeFrame(
            ProbeMessage(number: 2, kind: .probe, session: 1), in: .scripted, size: 150)
        script.network.at(101 * millisecond) { [sender = script.sender] in
            // Only the number tells it: the session is chosen by the run.
            sender.complete(frame.bytes, Ancillary(launchFailure: .invalid))
        }
        let outcome = script.run(launching())
        #expect(outcome.result.failed == 0 && outcome.result.sent == 3)
        #expect(outcome.tally["launch invalid"] == 1 && outcome.tally["software"] == 2)
    }

    // MARK: Replay and capture

    private func replay() -> ReplayFrames {
        var frames = ReplayFrames()
        for (index, time) in [0, 30, 40].enumerated() {
            var bytes = FrameShape.scripted.frameBytes(index)
            bytes[20] = UInt8(index)
            let stamp = Timestamp(nanoseconds: start + Int64(time) * millisecond)
            _ = frames.add(CaptureInput.Frame(bytes: bytes.span, length: bytes.count, time: stamp))
        }
        return frames
    }

    @Test(arguments: [true, false])
    func framesOfACaptureAreSent(keepsDistances: Bool) {
        var plan = TransmitPlan.scripted()
        (plan.replay, plan.keepsDistances) = (replay(), keepsDistances)
        let outcome = script.run(plan)
        #expect(script.sender.sent.map { $0.bytes[20] } == [0, 1, 2])
        #expect(script.sender.sent.map(\.bytes.count) == [60, 61, 62])
        let times: [Int64] = keepsDistances ? [0, 30, 40] : [0, 100, 200]
        #expect(script.sentAt == times.map { $0 * millisecond })
        #expect(outcome.tally == ["software": 3, "missing hardware": 3])
        #expect(script.events.completed.map(\.size) == [60, 61, 62])
    }

    @Test func aReplayedFrameThatFailsKeepsItsNumber() {
        var plan = TransmitPlan.scripted()
        plan.replay = replay()
        script.sender.outcomes = [2: .failed(.noBufferSpace)]
        let outcome = script.run(plan)
        #expect(script.sender.sent.map { $0.bytes[20] } == [0, 2])
        #expect(log == ["completed 1", "frames dropped: 105", "completed 3"])
        #expect(outcome.tally["software"] == 2)
    }

    @Test func framesAreCapturedAsTheyWereSent() throws {
        script.events.takesCaptures = true
        script.sender.stamps = { $0 == 2 ? .none : .software }
        _ = script.run()
        let sent = script.sender.sent.map(\.bytes)
        try #require(sent.count == 3)
        #expect(script.events.captures.map(\.bytes) == [sent[0], sent[2], sent[1]])
        let times = script.events.captures.map { $0.time.nanoseconds - start }
        #expect(times == [500, 200 * millisecond + 500, 100 * millisecond])
    }
}

extension FrameShape {
    /// A frame that is so many bytes longer than the shortest.
    fileprivate func frameBytes(_ more: Int) -> [UInt8] {
        ProbeFrame(ProbeMessage(number: 1, kind: .probe), in: self, size: 60 + more).bytes
    }
}
