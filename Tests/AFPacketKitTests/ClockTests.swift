import Testing

@testable import AFPacketKit

@Suite struct ClockTests {
    @Test func joinsSecondsAndNanoseconds() {
        #expect(Timestamp(seconds: 1, nanoseconds: 5)?.nanoseconds == 1_000_000_005)
        #expect(Timestamp(seconds: -1, nanoseconds: 999_999_999)?.nanoseconds == -1)
    }

    @Test func refusesTimesThatDoNotFit() {
        #expect(Timestamp(seconds: .max, nanoseconds: 0) == nil)
        #expect(Timestamp(seconds: 9_223_372_036, nanoseconds: 999_999_999) == nil)
        #expect(Timestamp(seconds: 0, nanoseconds: 1_000_000_000) == nil)
        #expect(Timestamp(seconds: 0, nanoseconds: -1) == nil)
    }

    @Test func subtractsHostileTimesWithoutATrap() {
        let (first, last) = (Timestamp(nanoseconds: .min), Timestamp(nanoseconds: .max))
        #expect(last - first == -1)
    }

    @Test func neverPassesTheLastMonotonicTime() {
        #expect((MonotonicTime(nanoseconds: 10) + .max).nanoseconds == .max)
    }

    @Test func monotonicTimeGoesForward() {
        let earlier = MonotonicTime.now()
        #expect(MonotonicTime.now() >= earlier)
    }
}
