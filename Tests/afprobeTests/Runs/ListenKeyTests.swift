import Testing

@testable import AFPacketKit
@testable import afprobe

/// Two hosts that ask for different stamps: the replies to one bring their keys, those to the other leave them to the
/// kernel, which counts only the latter.
@Suite struct ListenKeyTests {
    private let script = ListenScript()
    private var sender: ScriptedSocket { script.network.sender }
    private let start = ScriptedNetwork.start + ScriptedNetwork.epoch
    private let stages: ProbeMessage.Flags = [.wantsFollowUp, .wantsScheduledStamp]

    /// In turns.
    @Test(arguments: [true, false])
    func repliesWithAndWithoutKeysAlternate(takesKeys: Bool) throws {
        sender.takesKeys = takesKeys
        sender.stamps = { _ in .all }
        for number in 1...20 as ClosedRange<UInt64> {
            let flags = number.isMultiple(of: 3) ? stages : .wantsFollowUp
            script.request(number, at: Int64(number) * millisecond, flags: flags)
        }
        _ = script.run()
        let followUps = try script.followUps()
        #expect(followUps.map(\.message.number) == Array(1...20))
        #expect(followUps.map { ($0.at - 500) % millisecond } == Array(repeating: 0, count: 20))
        #expect(followUps.allSatisfy { $0.info[.sentSoftware] == start + $0.at })
    }

    /// The same, all of them in flight together.
    @Test func repliesWithAndWithoutKeysInFlight() throws {
        sender.stamps = { _ in
            ScriptedSocket.Stamps(scheduled: 200, software: 500, readable: 50 * millisecond)
        }
        for number in 1...20 as ClosedRange<UInt64> {
            let flags = number.isMultiple(of: 3) ? stages : .wantsFollowUp
            script.request(number, at: Int64(number) * millisecond, flags: flags)
        }
        _ = script.run()
        let followUps = try script.followUps()
        #expect(followUps.map(\.at) == (1...20).map { ($0 + 50) * millisecond })
        #expect(followUps.allSatisfy { $0.info[.sentSoftware] == start + $0.at - 50 * millisecond + 500 })
    }

    @Test func aKeyedReplyAfterAFailedOne() throws {
        sender.stamps = { _ in .all }
        sender.outcomes = [2: .failed(.noBufferSpace, usesKey: false)]
        script.request(1, at: 1 * millisecond)
        script.request(2, at: 2 * millisecond)
        script.request(3, at: 3 * millisecond)
        script.request(4, at: 4 * millisecond, flags: stages)
        _ = script.run()
        #expect(try script.followUps().map(\.at) == [1, 3, 4].map { $0 * millisecond + 500 })
    }
}
