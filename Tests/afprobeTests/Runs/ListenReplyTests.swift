import Testing

@testable import AFPacketKit
@testable import afprobe

/// The content of replies and follow-ups, and the times at which they are sent.
@Suite struct ListenReplyTests {
    private let script = ListenScript()
    private let start = ScriptedNetwork.start + ScriptedNetwork.epoch
    private let time = 10 * millisecond

    @Test func aReplySaysWhatIsKnown() throws {
        script.request(9, at: time, flags: [])
        let outcome = script.run()
        #expect(outcome.replies.replies == 1 && outcome.replies.followUps == 0)
        // Without a follow-up its own stamps are of no use, and not taken.
        #expect(script.network.sender.calls == 0)
        let reply = try #require(script.answers().first)
        #expect(reply.at == time)
        #expect(reply.message.kind == .reply && reply.message.number == 9)
        #expect(reply.message.session == 7 && reply.message.flags == [])
        #expect(reply.probe.shape == .scripted && reply.probe.size == 150)
        let info = reply.info
        #expect(info.responder != 0)
        #expect(info.requests == 1 && info.replies == 1 && info.duplicates == 0 && info.suppressed == 0)
        #expect(info[.receivedHardware] == nil)
        #expect(info[.receivedSoftware] == start + time - ListenScript.wakeup)
        #expect(info[.receivedUserspace] == start + time && info[.sentUserspace] == start + time)
        #expect(info[.sentSoftware] == nil && info[.clockOffset] == nil)
    }

    @Test func aFollowUpRepeatsItWithTheTransmitStamp() throws {
        script.request(9, at: time)
        let outcome = script.run()
        #expect(outcome.replies.replies == 1 && outcome.replies.followUps == 1)
        let (reply, followUp) = (try #require(script.replies().first), try #require(script.followUps().first))
        #expect(reply.at == time && followUp.at == time + 500)
        #expect(followUp.message.number == 9 && followUp.message.flags == .wantsFollowUp)
        var expected = reply.info
        expected[.sentSoftware] = start + time + 500
        #expect(followUp.info == expected)
        // It asks for no stamps of its own.
        #expect(script.network.sender.sent.count == 1 && script.network.plainSender.sent.count == 1)
    }

    @Test func allStampsOfANIC() throws {
        let script = ListenScript.withHardware()
        script.request(9, at: time, flags: [.wantsFollowUp, .wantsScheduledStamp])
        _ = script.run()
        let reply = try #require(script.replies().first)
        let nic = start + time + 37 * second
        #expect(reply.info[.receivedHardware] == nic - ListenScript.sinceNIC)
        let followUp = try #require(script.followUps().first)
        #expect(followUp.at == time + 900)
        #expect(followUp.info[.sentScheduled] == start + time + 200)
        #expect(followUp.info[.sentSoftware] == start + time + 500)
        #expect(followUp.info[.sentHardware] == nic + 900)
        #expect(followUp.info[.clockOffset] == 37 * second && followUp.info.clockOffsetError == 25)
        let sent = try #require(script.network.sender.sent.first)
        #expect(sent.flags == [.transmitScheduled, .transmitSoftware, .transmitHardware])
    }

    /// It takes a while to compare two clocks: only for those who ask for the stages.
    @Test func clocksAreComparedOnlyForStages() throws {
        let script = ListenScript.withHardware()
        script.request(9, at: time)
        _ = script.run()
        let followUp = try #require(script.followUps().first)
        #expect(followUp.info[.sentHardware] == start + time + 37 * second + 900)
        #expect(followUp.info[.sentScheduled] == nil && followUp.info[.clockOffset] == nil)
    }

    // MARK: When it is sent

    @Test(arguments: [(900, 500), (500, 900)] as [(Int64, Int64)])
    func stampsComeInEitherOrder(software: Int64, hardware: Int64) throws {
        let script = ListenScript.withHardware()
        script.network.sender.stamps = { _ in ScriptedSocket.Stamps(software: software, hardware: hardware) }
        script.request(9, at: time)
        _ = script.run()
        let followUps = try script.followUps()
        #expect(followUps.map(\.at) == [time + 900])
        #expect(followUps.first?.info[.sentSoftware] == start + time + software)
        #expect(followUps.first?.info[.sentHardware] == start + time + 37 * second + hardware)
    }

    @Test func withoutAnyStampItIsSentAtTheTimeOut() throws {
        script.network.sender.stamps = { _ in .none }
        script.request(9, at: time)
        let outcome = script.run()
        let (reply, followUps) = (try #require(script.replies().first), try script.followUps())
        #expect(followUps.map(\.at) == [time + 600 * millisecond])
        #expect(followUps.first?.info == reply.info)
        #expect(outcome.replies.followUps == 1)
    }

    @Test func atTheTimeOutItSaysWhatThereIs() throws {
        let script = ListenScript.withHardware()
        script.network.sender.stamps = { _ in .software }
        script.request(9, at: time)
        _ = script.run()
        let followUps = try script.followUps()
        #expect(followUps.map(\.at) == [time + 600 * millisecond])
        #expect(followUps.first?.info[.sentSoftware] == start + time + 500)
        #expect(followUps.first?.info[.sentHardware] == nil)
    }

    /// Its place is given up: what comes later starts no second follow-up.
    @Test func aStampAfterTheTimeOutChangesNothing() throws {
        script.network.sender.stamps = { _ in
            ScriptedSocket.Stamps(software: 500, readable: 700 * millisecond)
        }
        script.request(9, at: time)
        let outcome = script.run()
        #expect(try script.followUps().map(\.at) == [time + 600 * millisecond])
        #expect(outcome.replies.followUps == 1)
    }

    @Test func repliesAreFollowedUpOutOfTheirOrder() throws {
        script.network.sender.stamps = {
            ScriptedSocket.Stamps(software: 500, readable: $0 == 1 ? 5 * millisecond : 500)
        }
        script.request(1, at: time, session: 7)
        script.request(2, at: time + millisecond, session: 8)
        _ = script.run()
        let followUps = try script.followUps()
        #expect(followUps.map(\.message.number) == [2, 1])
        #expect(followUps.map { $0.message.session ?? 0 } == [8, 7])
        // Each with its own stamps.
        #expect(
            followUps.map { $0.info[.sentSoftware] ?? 0 } == [
                start + time + millisecond + 500, start + time + 500,
            ])
    }

    @Test func manyRequestsComeAtOnce() throws {
        for number in 1...100 as ClosedRange<UInt64> { script.request(number, at: time) }
        let outcome = script.run()
        #expect(outcome.replies.replies == 100 && outcome.replies.followUps == 100)
        #expect(try script.replies().map(\.message.number) == Array(1...100))
        #expect(try script.replies().map(\.info.replies) == Array(1...100))
        let followUps = try script.followUps()
        #expect(followUps.map(\.message.number) == Array(1...100))
        #expect(followUps.allSatisfy { $0.info[.sentSoftware] == start + time + 500 })
    }

    /// 16,384 replies may wait for their stamps: the oldest makes room, with what there is of it, and says so.
    @Test func theTableOfPendingRepliesIsFull() throws {
        script.network.sender.stamps = { _ in .none }
        for number in 1...16_460 as ClosedRange<UInt64> {
            script.request(number, at: time + Int64(number) * microsecond)
        }
        let outcome = script.run()
        #expect(outcome.replies.replies == 16_460 && outcome.replies.followUps == 16_460)
        let followUps = try script.followUps()
        #expect(followUps.map(\.message.number) == Array(1...16_460))
        let early = followUps.prefix(76)
        #expect(early.allSatisfy { $0.at < time + 20 * millisecond })
        #expect(followUps.dropFirst(76).allSatisfy { $0.at > time + 600 * millisecond })
        #expect(followUps.allSatisfy { $0.message.flags.contains(.isIncomplete) })
    }

    /// As long as the requester waits, and 2 s at most.
    @Test(arguments: [(0, 600), (50_000, 50), (1_000_000, 1_000), (60_000_000, 2_000)] as [(UInt32, Int64)])
    func aFollowUpWaitsAsLongAsTheRequester(timeout: UInt32, expected: Int64) throws {
        script.network.sender.stamps = { _ in .none }
        let message = ProbeMessage(
            number: 9, kind: .request, flags: .wantsFollowUp, session: 7, timeout: timeout)
        script.receive(ProbeFrame(message, in: ListenScript.shape, size: 150).bytes, at: time)
        _ = script.run(ListenScript.plan(deadline: 10 * second))
        #expect(try script.followUps().map(\.at) == [time + expected * millisecond])
    }

    @Test func aWholeFollowUpIsNotIncomplete() throws {
        script.request(9, at: time, flags: [.wantsFollowUp, .isIncomplete, .clockWasSet])
        _ = script.run()
        #expect(try script.answers().map(\.message.flags) == [.wantsFollowUp, .wantsFollowUp])
    }

    // MARK: Steps of the clock

    private func setClock(at time: Int64) {
        script.network.at(time) { [network = script.network] in network.epoch += second }
    }

    @Test func aStepBetweenItsStampsIsTold() throws {
        script.request(1, at: time)
        setClock(at: time + 200)
        script.request(2, at: 3 * time)
        _ = script.run()
        let flags = try script.followUps().map { $0.message.flags.contains(.clockWasSet) }
        #expect(flags == [true, false])
    }

    /// The second may have waited in the queue when the clock was set, and was answered after that was noticed.
    @Test func aStepWhileARequestWaitedIsTold() throws {
        script.request(1, at: time)
        setClock(at: time + 200)
        script.request(2, at: time + 600)
        _ = script.run()
        #expect(try script.followUps().map { $0.message.flags.contains(.clockWasSet) } == [true, true])
    }

    /// It was long before: no stamp of the request is older.
    @Test func aStepBeforeTheRequestIsNotTold() throws {
        script.request(1, at: time)
        setClock(at: 2 * time)
        script.request(2, at: 2 * second)
        _ = script.run(ListenScript.plan(deadline: 10 * second))
        #expect(try script.followUps().map { $0.message.flags.contains(.clockWasSet) } == [false, false])
    }

    // MARK: Captures

    @Test func answersAreCapturedAsTheyWereSent() throws {
        script.events.takesCaptures = true
        script.request(9, at: time)
        _ = script.run()
        let kinds = try script.events.captures.map { try decode($0.bytes).message.kind }
        #expect(kinds == [.request, .reply, .followUp])
        #expect(
            script.events.captures.map(\.bytes).dropFirst().first == script.network.sender.sent.first?.bytes)
        #expect(script.events.captures.last?.bytes == script.network.plainSender.sent.first?.bytes)
        let times = script.events.captures.map { $0.time.nanoseconds - start - time }
        #expect(times == [-300, 500, 500])
    }
}
