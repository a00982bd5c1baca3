import AFPacketKit
import Testing

@testable import afprobe

@Suite struct TransmitStampsTests {
    private let early = Timestamp(nanoseconds: 1)
    private let late = Timestamp(nanoseconds: 2)

    @Test func stampsComeInEitherOrder() {
        let software = CompletionStamps(software: early, event: .sent)
        let hardware = CompletionStamps(hardware: late, event: .sent)
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
            stamps.merge(CompletionStamps(software: late, hardware: late, event: .sent)),
            stamps.merge(CompletionStamps(software: late, hardware: early, event: .sent)),
        ]
        #expect(news == [true, false])
        #expect(stamps.software == early && stamps.hardware == late)
    }

    @Test func theFirstOfARepeatedKindCounts() {
        var stamps = TransmitStamps()
        let news = [early, late].map { stamps.merge(CompletionStamps(software: $0, event: .scheduled)) }
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
