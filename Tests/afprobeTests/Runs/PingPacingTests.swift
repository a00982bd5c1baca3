import AFPacketKit
import Testing

@testable import afprobe

/// When ping sends, and what it does where it cannot.
@Suite struct PingPacingTests {
    private let script = PingScript()
    private var log: [String] { script.events.log }
    private var sentAt: [Int64] { script.network.sender.sent.map(\.at) }

    // MARK: Stop and wait

    /// Total and follow-up gap, and nothing more.
    private let exchange: Int64 = 16_250 + 20_000

    @Test func theNextRequestFollowsTheFollowUp() {
        let outcome = script.run(.scripted(.scripted(interval: 0)))
        #expect(sentAt == [0, exchange, 2 * exchange])
        #expect(outcome.counts["received"] == 3)
    }

    /// A follow-up that does not come is waited for four round trips and a millisecond.
    @Test func aMissingFollowUpHoldsUpTheNextRequestBriefly() {
        script.peer.answers = { $0 == 1 ? [.reply] : [.reply, .followUp] }
        let outcome = script.run(.scripted(.scripted(interval: 0)))
        let next: Int64 = 16_250 + 4 * 16_250 + millisecond
        #expect(sentAt == [0, next, next + exchange])
        #expect(outcome.counts["missing_follow_ups"] == 1)
    }

    @Test func aLostRequestHoldsUpTheNextUntilItsTimeOut() {
        script.peer.answers = { $0 == 1 ? [] : [.reply, .followUp] }
        let outcome = script.run(.scripted(.scripted(interval: 0)))
        #expect(sentAt == [0, second, second + exchange])
        #expect(outcome.counts["lost"] == 1 && outcome.counts["received"] == 2)
    }

    /// An answer to an older request lets nothing go.
    @Test func aLateReplyLetsNoRequestGo() {
        script.peer.answers = { $0 == 1 ? [.reply(after: second + 1_000)] : [.reply, .followUp] }
        let outcome = script.run(.scripted(.scripted(interval: 0)))
        #expect(outcome.counts["late"] == 1 && outcome.counts["received"] == 2)
        #expect(sentAt == [0, second, second + exchange])
    }

    // MARK: Adaptive

    @Test func adaptiveWaitsOneRoundTripAfterTheReply() {
        let outcome = script.run(.scripted(.scripted(interval: 0), isAdaptive: true))
        #expect(sentAt == [0, 2 * 16_250, 4 * 16_250])
        #expect(outcome.counts["received"] == 3)
    }

    /// The round trip is smoothed by an eighth. RFC 6298
    @Test func adaptiveSmoothsTheRoundTrip() {
        script.peer.answers = {
            $0 == 2 ? [.reply(after: 8_000), .followUp(after: 8_000)] : [.reply, .followUp]
        }
        _ = script.run(.scripted(.scripted(interval: 0), isAdaptive: true))
        let third: Int64 = 2 * 16_250 + 24_250 + 17_250
        #expect(sentAt == [0, 2 * 16_250, third])
    }

    @Test func adaptiveGoesOnAfterALoss() {
        script.peer.answers = { $0 == 2 ? [] : [.reply, .followUp] }
        let outcome = script.run(.scripted(.scripted(interval: 0), isAdaptive: true))
        #expect(sentAt == [0, 2 * 16_250, 2 * 16_250 + second])
        #expect(outcome.counts["lost"] == 1)
    }

    // MARK: No room

    @Test func aRequestThatFindsNoRoomIsSentLater() {
        script.network.sender.outcomes = [2: .full(for: 30 * millisecond)]
        let outcome = script.run(.scripted())
        #expect(sentAt == [0, 130 * millisecond, 200 * millisecond])
        #expect(outcome.counts == ["sent": 3, "received": 3, "missing_hardware": 3])
    }

    /// Missed intervals are left out: no burst makes up for them.
    @Test func missedIntervalsAreLeftOut() {
        script.network.sender.outcomes = [2: .full(for: 260 * millisecond)]
        let outcome = script.run(.scripted(.scripted(count: 4)))
        #expect(sentAt == [0, 360 * millisecond, 360 * millisecond, 400 * millisecond])
        #expect(outcome.counts["received"] == 4)
    }

    @Test func aDroppedRequestIsToldOnceAndCounted() {
        script.network.sender.outcomes = [2: .failed(.noBufferSpace), 3: .failed(.noBufferSpace)]
        let outcome = script.run(.scripted(.scripted(count: 4)))
        #expect(outcome.counts == ["sent": 2, "received": 2, "failed": 2, "missing_hardware": 2])
        #expect(log == ["answered 1", "frames dropped: 105", "answered 4"])
        #expect(sentAt == [0, 300 * millisecond])
    }

    @Test func aFullWindowHoldsTheNextRequestUp() {
        script.peer.answers = { _ in [] }
        // 64 are in flight at most, however small the interval is.
        let plan = TransmitPlan.scripted(interval: 100, count: 65, timeout: 6_200)
        let outcome = script.run(.scripted(plan))
        #expect(plan.windowCapacity == 64)
        #expect(outcome.counts == ["sent": 65, "lost": 65])
        #expect(sentAt.last == 6_400)
    }

    // MARK: The link

    @Test func theLinkGoesDownAndComesUp() {
        script.network.setLink(.down, at: 150 * millisecond)
        script.network.at(150 * millisecond) { [network = script.network] in
            (network.receiver.receiveError, network.sender.pendingError) = (.networkDown, .networkDown)
        }
        script.network.setLink(.up, at: 420 * millisecond)
        let outcome = script.run(.scripted(.scripted(count: 7)))
        #expect(
            log == [
                "answered 1", "answered 2", "link down", "link up", "answered 4", "answered 5", "answered 6",
                "answered 7",
            ])
        // The third fails at 200 ms; the link is tried again a quarter of a second later.
        #expect(sentAt.map { $0 / millisecond } == [0, 100, 450, 450, 500, 600])
        #expect(outcome.counts == ["sent": 6, "received": 6, "failed": 1, "missing_hardware": 6])
    }

    @Test func aLinkThatStaysDownIsToldOnce() {
        script.network.setLink(.down, at: 150 * millisecond)
        let outcome = script.run(.scripted(.scripted(count: nil, deadline: second)))
        #expect(log == ["answered 1", "answered 2", "link down"])
        // At 200, 450, 700 and 950 ms.
        #expect(outcome.counts["failed"] == 4 && outcome.counts["sent"] == 2)
    }

    @Test func theInterfaceGoes() throws {
        script.network.setLink(.gone, at: 150 * millisecond)
        let outcome = script.run(.scripted())
        let error = try #require(outcome.error)
        guard case .findInterface = error.operation, case .system(let reason) = error.reason else {
            Issue.record("\(error)")
            return
        }
        #expect(reason.code == .noSuchDevice && error.interface?.name == "test0")
        // What was measured before is not lost.
        #expect(outcome.counts == ["sent": 2, "received": 2, "missing_hardware": 2])
    }

    @Test func aRequestThatIsTooLongEndsTheRun() throws {
        script.network.sender.outcomes = [2: .failed(.messageTooLong)]
        let outcome = script.run(.scripted())
        let error = try #require(outcome.error)
        guard case .send = error.operation else {
            Issue.record("\(error)")
            return
        }
        #expect(outcome.counts["sent"] == 1)
    }

    @Test func anErrorOfTheReceiveCallEndsTheRun() throws {
        script.network.at(50 * millisecond) { [network = script.network] in
            network.receiver.receiveError = .outOfMemory
        }
        let outcome = script.run(.scripted())
        let error = try #require(outcome.error)
        guard case .receive = error.operation else {
            Issue.record("\(error)")
            return
        }
        #expect(outcome.counts["received"] == 1)
    }
}
