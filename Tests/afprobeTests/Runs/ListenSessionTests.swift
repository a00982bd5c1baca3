import Testing

@testable import AFPacketKit
@testable import afprobe

/// A responder's counters of each session, and answers that it cannot send.
@Suite struct ListenSessionTests {
    private let script = ListenScript()
    private var sender: ScriptedSocket { script.network.sender }
    private let start = ScriptedNetwork.start + ScriptedNetwork.epoch

    private func counters(_ answer: ListenScript.Answer) -> [UInt32] {
        let info = answer.info
        return [info.requests, info.duplicates, info.replies, info.suppressed]
    }

    @Test func requestsAndRepeatsAreCounted() throws {
        for (index, number) in [1, 2, 2, 4, 3, 1].enumerated() {
            script.request(UInt64(number), at: Int64(index + 1) * millisecond)
        }
        _ = script.run()
        let replies = try script.replies()
        #expect(replies.map(\.info.requests) == [1, 2, 2, 3, 4, 4])
        #expect(replies.map(\.info.duplicates) == [0, 0, 1, 1, 1, 2])
        #expect(replies.map(\.info.replies) == [1, 2, 3, 4, 5, 6])
        #expect(Set(replies.map(\.info.responder)).count == 1)
    }

    /// Told apart by their identifiers, and by the stations that they come from.
    @Test func sessionsAreCountedApart() throws {
        var other = ListenScript.shape
        other.source = MACAddress(0x0200_0000_000c)
        script.request(1, at: millisecond, session: 7)
        script.request(1, at: 2 * millisecond, session: 8)
        script.request(1, at: 3 * millisecond, session: 7, shape: other)
        script.request(2, at: 4 * millisecond, session: 7)
        _ = script.run()
        #expect(try script.replies().map(\.info.requests) == [1, 1, 1, 2])
        #expect(try script.replies().map(\.info.duplicates) == [0, 0, 0, 0])
    }

    // MARK: The limit

    /// 10 pings a second, whatever they cost: two at once, and the next a tenth of a second later.
    @Test func whatIsOverTheLimitIsCountedAndTold() throws {
        for number in 1...4 as ClosedRange<UInt64> { script.request(number, at: 10 * millisecond) }
        script.request(5, at: 500 * millisecond)
        let outcome = script.run(ListenScript.plan(replyLimit: 10))
        #expect(outcome.replies.replies == 3 && outcome.replies.suppressed == 2)
        #expect(outcome.replies.followUps == 3)
        let replies = try script.replies()
        #expect(replies.map(\.message.number) == [1, 2, 5])
        #expect(replies.map(counters) == [[1, 0, 1, 0], [2, 0, 2, 0], [5, 0, 3, 2]])
    }

    @Test func repliesAloneCostAsMuch() throws {
        for number in 1...4 as ClosedRange<UInt64> { script.request(number, at: 10 * millisecond, flags: []) }
        #expect(script.run(ListenScript.plan(replyLimit: 10)).replies.replies == 2)
    }

    /// 500 Mb/s: 6.25 MB in a tenth of a second, at two frames of 1,514 bytes for each ping.
    @Test func longAnswersAreLimitedByTheirBits() throws {
        let message = ProbeMessage(number: 1, kind: .request, flags: .wantsFollowUp, session: 7)
        let bytes = ProbeFrame(message, in: ListenScript.shape, size: 1514).bytes
        for _ in 1...2_200 { script.receive(bytes, at: millisecond) }
        let replies = script.run().replies
        #expect(replies.replies == 6_250_000 / (2 * 1514) + 1)
        #expect(replies.suppressed == 2_200 - replies.replies)
    }

    // MARK: Failures

    @Test func aReplyThatCannotBeSentIsNoReply() throws {
        sender.outcomes = [2: .failed(.noBufferSpace)]
        for number in 1...3 as ClosedRange<UInt64> { script.request(number, at: Int64(number) * millisecond) }
        let outcome = script.run()
        #expect(outcome.replies.replies == 2 && outcome.replies.failed == 1)
        #expect(outcome.replies.followUps == 2)
        #expect(try script.replies().map(counters) == [[1, 0, 1, 0], [3, 0, 2, 0]])
        // The completion behind the failure is found all the same.
        #expect(
            try script.followUps().map { $0.info[.sentSoftware] ?? 0 } == [
                start + 1 * millisecond + 500, start + 3 * millisecond + 500,
            ])
    }

    @Test func aReplyThatFindsNoRoomIsNoReply() {
        sender.outcomes = [1: .full(for: millisecond)]
        script.request(1, at: millisecond)
        script.request(2, at: 5 * millisecond)
        let outcome = script.run()
        #expect(outcome.replies.replies == 1 && outcome.replies.failed == 1)
    }

    @Test func aFollowUpThatCannotBeSentIsCounted() {
        script.network.plainSender.outcomes = [1: .failed(.messageTooLong)]
        script.request(1, at: millisecond)
        script.request(2, at: 2 * millisecond)
        let outcome = script.run()
        #expect(outcome.replies.replies == 2 && outcome.replies.followUps == 1)
        #expect(outcome.replies.failed == 1)
    }

    /// A full queue must not choose the replies that are followed up: they are kept until there is room.
    @Test func aFollowUpThatFindsNoRoomIsSentLater() throws {
        script.network.plainSender.outcomes = [
            1: .failed(.noBufferSpace), 2: .failed(.noBufferSpace), 3: .failed(.noBufferSpace),
        ]
        for number in 1...3 as ClosedRange<UInt64> { script.request(number, at: millisecond) }
        script.request(4, at: 20 * millisecond)
        let outcome = script.run()
        #expect(outcome.replies.followUps == 4 && outcome.replies.failed == 0)
        let followUps = try script.followUps()
        #expect(followUps.map(\.message.number) == [1, 2, 3, 4])
        #expect(followUps.allSatisfy { $0.at <= 21 * millisecond })
        #expect(
            followUps.map { $0.info[.sentSoftware] ?? 0 } == [
                start + millisecond + 500, start + millisecond + 500, start + millisecond + 500,
                start + 20 * millisecond + 500,
            ])
    }

    /// Not for longer than the requester waits.
    @Test func aFollowUpThatNeverFindsRoomIsGivenUp() {
        for call in 1...10_000 { script.network.plainSender.outcomes[call] = .failed(.noBufferSpace) }
        script.request(1, at: millisecond)
        let outcome = script.run()
        #expect(outcome.replies.followUps == 0 && outcome.replies.failed == 1)
    }

    /// It has no follow-up either, and the next answer tells of it.
    @Test func aRefusedReplyIsTold() throws {
        sender.outcomes = [2: .failed(.noBufferSpace), 3: .failed(.noBufferSpace)]
        for number in 1...4 as ClosedRange<UInt64> { script.request(number, at: Int64(number) * millisecond) }
        script.request(1, at: 5 * millisecond, session: 8)
        _ = script.run()
        #expect(try script.followUps().map(\.message.number) == [1, 4, 1])
        #expect(try script.replies().map(\.message.losses.refused) == [0, 2, 0])
        #expect(try script.replies().map(\.info.replies) == [1, 2, 1])
    }

    @Test func theReceiveQueuesDropsAreTold() throws {
        script.network.receiver.statistics = PacketStatistics(packets: 9, drops: 5)
        script.request(1, at: millisecond)
        script.request(2, at: 200 * millisecond)
        _ = script.run()
        #expect(try script.replies().map(\.message.losses.dropped) == [0, 5])
    }

    /// A session that lost its place in the table begins anew, and is told from itself before.
    @Test func aSessionThatWasForgottenHasAnotherGeneration() throws {
        script.request(1, at: millisecond)
        for session in 100..<170 as Range<UInt64> {
            script.request(1, at: Int64(session) * millisecond, session: session)
        }
        script.request(2, at: 500 * millisecond)
        script.request(3, at: 501 * millisecond)
        _ = script.run()
        let own = try script.replies().filter { $0.message.session == 7 }
        #expect(own.map(\.info.requests) == [1, 1, 2])
        #expect(own.map(\.info.generation) == [1, 72, 72])
    }

    @Test func anErrorOfTheSocketIsCleared() {
        script.network.at(millisecond) { [sender] in sender.pendingError = .networkDown }
        script.request(1, at: 2 * millisecond)
        #expect(script.run().replies.replies == 1)
        #expect(sender.pendingError == nil)
    }
}
