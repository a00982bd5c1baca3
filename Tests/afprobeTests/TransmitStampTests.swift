import AFPacketKit
import Testing

@testable import afprobe

@Suite struct SendKeysTests {
    @Test func aKeyFollowsTheNumberOfTheProbe() {
        var keys = SendKeys()
        let answers = [
            keys.confirm(0, of: 1), keys.confirm(41, of: 42), keys.confirm(41, of: 43),
            keys.confirm(42, of: 43),
        ]
        #expect(answers == [true, true, false, true])
    }

    @Test func keysWrap() {
        var keys = SendKeys()
        let answers = [keys.confirm(.max, of: 1 << 32), keys.confirm(0, of: 1 << 32 + 1)]
        #expect(answers == [true, true])
        #expect(keys.number(of: 0, upTo: 1 << 32 + 5) == 1 << 32 + 1)
        #expect(keys.number(of: .max, upTo: 1 << 32 + 5) == 1 << 32)
    }

    /// EMSGSIZE and ENOBUFS use a key up, ENETDOWN does not.
    @Test(arguments: [0, 1] as [UInt32])
    func afterAFailureTheDistanceIsLearnedAgain(usedUp: UInt32) {
        var keys = SendKeys()
        let before = keys.confirm(8, of: 9)
        keys.lose(10)
        #expect(keys.number(of: 8, upTo: 11) == nil)
        // What was sent before cannot be judged any more.
        let after = [
            keys.confirm(7, of: 9), keys.confirm(9 + usedUp, of: 11), keys.confirm(10 + usedUp, of: 12),
            keys.confirm(12 + usedUp, of: 12),
        ]
        #expect([before] + after == [true, true, true, true, false])
        #expect(keys.number(of: 10 + usedUp, upTo: 12) == 12)
    }

    /// Linux 4.19 and older give every send of a packet socket the key 0.
    @Test func keysThatAreAlwaysZeroContradictNothing() {
        var keys = SendKeys()
        let answers = (1...5).map { keys.confirm(0, of: $0) }
        #expect(answers == [true, true, true, true, true])
        #expect(keys.number(of: 0, upTo: 5) == nil)
    }

    @Test func aKeyOfNoProbeTellsNone() {
        let keys = SendKeys()
        #expect(keys.number(of: 7, upTo: 5) == nil)
        #expect(keys.number(of: 4, upTo: 5) == 5)
    }
}

@Suite struct TransmitStampsTests {
    private let early = Timestamp(nanoseconds: 1)
    private let late = Timestamp(nanoseconds: 2)

    @Test func stampsComeInEitherOrder() {
        let software = ReportedStamps(software: early, event: .sent)
        let hardware = ReportedStamps(hardware: late, event: .sent)
        for order in [[software, hardware], [hardware, software]] {
            var stamps = TransmitStamps()
            let news = order.map { stamps.merge($0) }
            #expect(news == [true, true])
            #expect(stamps.software == early && stamps.hardware == late && stamps.scheduled == nil)
        }
    }

    @Test func aReportMayBringTwoStamps() {
        var stamps = TransmitStamps(software: early)
        let news = [
            stamps.merge(ReportedStamps(software: late, hardware: late, event: .sent)),
            stamps.merge(ReportedStamps(software: late, hardware: early, event: .sent)),
        ]
        #expect(news == [true, false])
        #expect(stamps.software == early && stamps.hardware == late)
    }

    @Test func theFirstOfARepeatedKindCounts() {
        var stamps = TransmitStamps()
        let news = [early, late].map { stamps.merge(ReportedStamps(software: $0, event: .scheduled)) }
        #expect(news == [true, false])
        #expect(stamps.scheduled == early && stamps.software == nil)
    }

    @Test func stampsThatAreMissingAreNil() {
        var stamps = TransmitStamps(software: Timestamp(nanoseconds: -1))
        #expect(stamps.software == Timestamp(nanoseconds: -1) && stamps.hardware == nil)
        stamps.software = nil
        #expect(stamps.software == nil)
    }
}
