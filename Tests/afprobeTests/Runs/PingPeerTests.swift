import AFPacketKit
import Testing

@testable import afprobe

/// Answers that are none, and what responders say of themselves.
@Suite struct PingPeerTests {
    private let script = PingScript()

    @Test func answersToWhatWasNeverSentAreUnmatched() {
        script.peer.edit = { if $0.number == 2 { $0.number = 99 } }
        let outcome = script.run(.scripted())
        // Its reply and its follow-up.
        #expect(
            outcome.counts
                == ["sent": 3, "received": 2, "lost": 1, "unmatched": 2, "missing_hardware": 2])
    }

    @Test func answersOfAnotherSessionAreNoneOfOurs() {
        script.peer.edit = { if $0.number == 2 { $0.session = 43 } }
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 2, "lost": 1, "missing_hardware": 2])
    }

    @Test func answersFromAnotherStationAreNoneOfOurs() {
        script.peer.editBytes = { if $0[22] == 2 { $0[11] = 0xcc } }
        let outcome = script.run(.scripted())
        #expect(outcome.counts == ["sent": 3, "received": 2, "lost": 1, "missing_hardware": 2])
    }

    @Test func answersOfAnotherVersionAreCounted() {
        let version = 14 + ProbeMessage.versionOffset
        script.peer.editBytes = {
            guard $0[22] == 2 else { return }
            $0[version] = 2
            mendCheck(&$0)
        }
        let outcome = script.run(.scripted())
        #expect(
            outcome.counts
                == ["sent": 3, "received": 2, "lost": 1, "other_version": 2, "missing_hardware": 2])
    }

    /// Not even of another version, though the byte that says so is the corrupt one.
    @Test(arguments: [
        ProbeMessage.infoOffset + 30, ProbeMessage.versionOffset, ProbeMessage.versionOffset + 1,
    ])
    func corruptAnswersAreCounted(offset: Int) {
        script.peer.editBytes = { if $0[22] == 2 { $0[14 + offset] ^= 4 } }
        let outcome = script.run(.scripted())
        #expect(
            outcome.counts
                == ["sent": 3, "received": 2, "lost": 1, "corrupt": 2, "missing_hardware": 2])
    }

    @Test func answersInAnotherVLANAreCounted() {
        script.peer.tag = { $0 == 2 ? VLANTag(identifier: 7) : nil }
        let outcome = script.run(.scripted())
        #expect(
            outcome.counts
                == ["sent": 3, "received": 2, "lost": 1, "other_vlan": 2, "missing_hardware": 2])
    }

    /// A tag for VLAN 0 has a priority only.
    @Test func aPriorityTagIsNoOtherVLAN() {
        script.peer.tag = { _ in VLANTag(identifier: 0, priority: 5) }
        #expect(script.run(.scripted()).counts["received"] == 3)
    }

    @Test func answersOverAnotherProtocolAreCounted() {
        script.peer.editShape = { if $1 == 2 { $0.ptp = .enclosed } }
        let outcome = script.run(.scripted(.scripted(size: 198)))
        #expect(
            outcome.counts
                == ["sent": 3, "received": 2, "lost": 1, "other_protocol": 2, "missing_hardware": 2])
    }

    /// It may be so with every reply, and is told once.
    @Test func twoRespondersAreTold() {
        script.peer.edit = { $0.info.responder = $0.number.isMultiple(of: 2) ? 1 : 2 }
        let outcome = script.run(.scripted(.scripted(count: 4)))
        #expect(outcome.counts["responder_restarts"] == 3 && outcome.counts["received"] == 4)
        #expect(
            script.events.log == [
                "answered 1", "other responder at \(ScriptedNetwork.peer)", "answered 2", "answered 3",
                "answered 4",
            ])
    }

    /// The counters begin anew; what reached the responder before is not forgotten.
    @Test func aResponderIsRestarted() {
        script.peer.answers = { $0 == 2 ? [] : [.reply, .followUp] }
        script.peer.edit = {
            guard $0.number > 3 else { return }
            $0.info.responder = 7
            $0.info.requests -= 3
        }
        let outcome = script.run(.scripted(.scripted(count: 5)))
        #expect(outcome.counts["responder_restarts"] == 1 && outcome.counts["lost"] == 1)
        #expect(outcome.result.value(of: .lostReached) == 1)
    }

    @Test func theRespondersCountersAreHandedOn() {
        script.peer.edit = {
            $0.info.duplicates = UInt32($0.number)
            $0.info.suppressed = 10 * UInt32($0.number)
        }
        let outcome = script.run(.scripted())
        #expect(outcome.counts["responder_duplicates"] == 3 && outcome.counts["responder_suppressed"] == 30)
    }

    @Test func capturesRequestsAndAnswers() throws {
        script.events.takesCaptures = true
        _ = script.run(.scripted(.scripted(count: 2)))
        let frames = try script.events.captures.map { try decode($0.bytes).message }
        #expect(frames.map(\.kind) == [.request, .reply, .followUp, .request, .reply, .followUp])
        #expect(frames.map(\.number) == [1, 1, 1, 2, 2, 2])
        let (start, total) = (ScriptedNetwork.start + ScriptedNetwork.epoch, script.peer.path.total)
        // By their software stamps; the kernel received each 710 ns before the program did.
        let times = script.events.captures.prefix(3).map { $0.time.nanoseconds - start }
        #expect(times == [500, total - 710, total + 20_000 - 710])
    }

    /// Its stamp comes after its timeout, at which it is captured without: not again.
    @Test func capturesARequestOnce() throws {
        script.events.takesCaptures = true
        script.network.sender.stamps = { _ in
            ScriptedSocket.Stamps(software: 500, readable: 1_500 * millisecond)
        }
        script.peer.answers = { _ in [] }
        _ = script.run(.scripted(.scripted(interval: second, count: 3)))
        let frames = try script.events.captures.map { try decode($0.bytes).message }
        #expect(frames.map(\.number).sorted() == [1, 2, 3])
    }

    /// The run ends while they are in flight.
    @Test func capturesWhatIsStillInFlight() throws {
        script.events.takesCaptures = true
        script.network.sender.stamps = { _ in .none }
        script.peer.answers = { _ in [] }
        _ = script.run(.scripted(.scripted(count: nil, deadline: 250 * millisecond)))
        #expect(try script.events.captures.map { try decode($0.bytes).message.number } == [1, 2, 3])
    }

    /// Without a software stamp it is captured at its end, by the send call.
    @Test func capturesARequestThatWasNotStamped() {
        script.events.takesCaptures = true
        script.network.sender.stamps = { _ in .none }
        script.peer.answers = { _ in [] }
        _ = script.run(.scripted(.scripted(count: 1)))
        let start = ScriptedNetwork.start + ScriptedNetwork.epoch
        #expect(script.events.captures.map { $0.time.nanoseconds - start } == [0])
    }
}
