import Testing

@testable import AFPacketKit
@testable import afprobe

/// The counts and events of listen.
@Suite struct ListenRunTests {
    private let script = ListenScript()
    private var log: [String] { script.events.log }
    private let start = ScriptedNetwork.start + ScriptedNetwork.epoch

    @Test func probesAreCountedAndTold() {
        for number in 1...3 as ClosedRange<UInt64> {
            script.probe(number, at: Int64(number) * 10 * millisecond)
        }
        let outcome = script.run()
        #expect(outcome.ending == .finished && outcome.hasMeasured)
        #expect(outcome.tally.probes == 3 && outcome.tally.stampedSoftware == 3)
        #expect(outcome.tally.missingHardware == 3)
        #expect(outcome.result.missingHardware == [.all(.notSupported(driver: "scripted"))])
        #expect(log == ["received 1", "received 2", "received 3"])
        #expect(script.network.elapsed == second)
        let userspace = script.events.received.map { $0.userspace.nanoseconds - start }
        #expect(userspace == [10 * millisecond, 20 * millisecond, 30 * millisecond])
        let kernel = script.events.received.map { $0.userspace.nanoseconds - ($0.software ?? 0) }
        #expect(kernel == [300, 300, 300])
        #expect(script.events.missing == Array(repeating: .notSupported(driver: "scripted"), count: 3))
        // Nothing is answered but requests.
        #expect(script.network.sender.calls + script.network.plainSender.calls == 0)
    }

    @Test func nothingComes() {
        let outcome = script.run()
        #expect(outcome.ending == .finished && !outcome.hasMeasured)
        #expect(log == [] && script.network.elapsed == second)
    }

    @Test func theReferencesProbesAreTaken() {
        let message = ProbeMessage(number: 5, kind: .probe)
        script.receive(ProbeFrame(message, in: ListenScript.shape, size: 60).bytes, at: millisecond)
        #expect(script.run().tally.probes == 1)
        #expect(script.events.received.map(\.message.number) == [5])
        #expect(script.events.received.map { $0.message.session == nil } == [true])
    }

    @Test func theLimitEndsItWithinABatch() {
        for number in 1...5 as ClosedRange<UInt64> { script.probe(number, at: 10 * millisecond) }
        let outcome = script.run(ListenScript.plan(count: 2))
        #expect(outcome.ending == .finished && outcome.tally.probes == 2)
        #expect(log == ["received 1", "received 2"])
        #expect(script.network.elapsed == 10 * millisecond)
    }

    /// The last reply is followed up as well.
    @Test func theLimitWaitsForTheLastFollowUp() throws {
        script.request(1, at: 10 * millisecond)
        script.network.sender.stamps = { _ in ScriptedSocket.Stamps(software: 500, readable: millisecond) }
        let outcome = script.run(ListenScript.plan(count: 1))
        #expect(outcome.replies.followUps == 1)
        #expect(script.network.elapsed == 11 * millisecond)
    }

    /// Its stamps never come, and nothing else is due for an hour.
    @Test func theLimitEndsTheRunWithTheLastFollowUpThatTimesOut() throws {
        script.request(1, at: 10 * millisecond)
        script.network.sender.stamps = { _ in ScriptedSocket.Stamps() }
        let outcome = script.run(ListenScript.plan(count: 1, deadline: nil))
        #expect(outcome.replies.followUps == 1)
        #expect(script.network.elapsed == 610 * millisecond)
    }

    @Test(arguments: [true, false])
    func manyProbesComeAtOnce(isQuiet: Bool) {
        script.events.takesFrames = !isQuiet
        for number in 1...200 as ClosedRange<UInt64> { script.probe(number, at: 10 * millisecond) }
        let outcome = script.run(ListenScript.plan(replyLimit: nil))
        #expect(outcome.tally.probes == 200 && outcome.tally.stampedSoftware == 200)
        #expect(script.events.received.count == (isQuiet ? 0 : 200))
        #expect(script.events.received.map(\.message.number) == (isQuiet ? [] : Array(1...200)))
    }

    @Test func aQuietRunEndsAtItsLimit() {
        script.events.takesFrames = false
        for number in 1...200 as ClosedRange<UInt64> { script.probe(number, at: 10 * millisecond) }
        #expect(script.run(ListenScript.plan(count: 130, replyLimit: nil)).tally.probes == 130)
    }

    @Test func aQuietRunAnswersRequests() {
        script.events.takesFrames = false
        script.probe(1, at: 10 * millisecond)
        script.request(2, at: 10 * millisecond)
        script.probe(3, at: 10 * millisecond)
        let outcome = script.run()
        #expect(outcome.tally.probes == 3 && outcome.replies.replies == 1)
    }

    @Test func aTagThatTheKernelTookOutIsTold() throws {
        let tag = try #require(VLANTag(identifier: 100, priority: 5))
        script.receive(ListenScript.bytes(.probe, 1), at: millisecond, tag: tag)
        _ = script.run()
        #expect(script.events.received.map { $0.shape.vlan ?? VLANTag(controlInformation: 0) } == [tag])
        #expect(script.events.received.map(\.size) == [64])
    }

    @Test func probesAreCaptured() {
        script.events.takesCaptures = true
        script.probe(1, at: millisecond)
        _ = script.run()
        #expect(script.events.captures.map(\.bytes) == [ListenScript.bytes(.probe, 1)])
        #expect(script.events.captures.map { $0.time.nanoseconds - start } == [millisecond - 300])
    }

    // MARK: Faults

    @Test func faultsAreCountedByTheirKind() {
        var corrupt = ListenScript.bytes(.probe, 1)
        corrupt[14 + ProbeMessage.sessionOffset] ^= 1
        var other = ListenScript.bytes(.probe, 1)
        other[14 + ProbeMessage.versionOffset] = 9
        mendCheck(&other)
        let cut = Array(ListenScript.bytes(.request, 1).prefix(14 + 100))
        let foreign = ListenScript.bytes(.probe, 1).prefix(14) + [UInt8](repeating: 1, count: 46)
        for (index, frame) in [corrupt, other, cut, cut, Array(foreign)].enumerated() {
            script.receive(frame, at: Int64(index + 1) * millisecond)
        }
        let faults = script.run().result.faults
        #expect(faults.corrupt == 1 && faults.otherVersion == 1)
        #expect(faults.truncated == 2 && faults.foreign == 1)
        #expect(log == [])
    }

    /// The end of a frame that had no room is cut off: a probe is known all the same, a request is not.
    @Test func framesThatWereCutOff() {
        script.network.mtu = 100
        let message = ProbeMessage(number: 1, kind: .probe, session: 7)
        script.receive(ProbeFrame(message, in: ListenScript.shape, size: 1514).bytes, at: millisecond)
        script.request(2, at: 2 * millisecond)
        let outcome = script.run()
        #expect(outcome.tally.probes == 1 && outcome.result.faults.truncated == 1)
        #expect(script.events.received.map(\.size) == [1514])
        #expect(outcome.replies.replies == 0)
    }

    /// A checksum that is still to be filled in says nothing.
    @Test func aPendingChecksumIsNotJudged() {
        var shape = ListenScript.shape
        shape.carrier = ListenReplyShapeTests.udp4
        var frame = ListenScript.bytes(.probe, 1, shape: shape)
        frame[40] ^= 0xff
        script.receive(frame, at: millisecond)
        script.receive(frame, at: 2 * millisecond, isChecksumPending: true)
        let outcome = script.run()
        #expect(outcome.tally.probes == 1 && outcome.result.faults.corrupt == 1)
    }

    // MARK: Ends

    @Test func aSignalStopsIt() {
        script.probe(1, at: 10 * millisecond)
        script.network.signal(.status, at: 20 * millisecond)
        script.network.signal(.stop, at: 120 * millisecond)
        let outcome = script.run(ListenScript.plan(deadline: nil))
        #expect(outcome.ending == .stopped)
        #expect(log == ["received 1", "status 1"])
        // The receive call waits for 50 ms at most, and the signals are looked at then.
        #expect(script.network.elapsed <= 120 * millisecond + TimestampedSocket.maxWait)
    }

    @Test func theReaderOfTheOutputGoes() {
        script.network.loseReader(at: 10 * millisecond)
        #expect(script.run(ListenScript.plan(deadline: nil)).ending == .closed)
    }

    @Test func anErrorOfTheReceiveCallEndsTheRun() throws {
        script.network.at(millisecond) { [network = script.network] in
            network.receiver.receiveError = .outOfMemory
        }
        let error = try #require(script.run().error)
        guard case .receive = error.operation else {
            Issue.record("\(error)")
            return
        }
        #expect(error.interface?.name == "test0")
    }
}

extension ReceivedProbe {
    /// The kernel's stamp, in nanoseconds.
    var software: Int64? { ancillary.software?.nanoseconds }
}
