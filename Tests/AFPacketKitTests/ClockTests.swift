import Testing

@testable import AFPacketKit

@Suite struct ClockPairTests {
    private func pair(_ readings: (reading: Int64, before: Int64, after: Int64)...) -> ClockPair {
        var pair = ClockPair(.realtime)
        // A clock that was set: what was read from the true ones does not count any more.
        pair.take(reading: 5_000, between: 0, and: 0)
        for (reading, before, after) in readings { pair.take(reading: reading, between: before, and: after) }
        return pair
    }

    @Test func aReadingLiesBetweenTwoOthers() {
        let pair = pair((1_000_100, 1_000, 1_200), (9_000_700, 8_001_000, 8_002_400))
        #expect(pair.offset == 999_000)
        #expect(pair.error == 101)
        #expect(pair.reading(at: MonotonicTime(nanoseconds: 5)).nanoseconds == 999_005)
    }

    @Test func theMoreExactReadingCounts() {
        let pair = pair((1_000_100, 1_000, 1_200), (2_000_020, 1_001_000, 1_001_040))
        #expect(pair.offset == 999_000)
        #expect(pair.error == 21)
    }

    @Test func aContradictionCountsHoweverInexact() {
        let pair = pair((1_000_100, 1_000, 1_200), (7_000_000, 10_000, 12_000))
        #expect(pair.offset == 6_989_000)
        #expect(pair.error == 1_001)
    }

    @Test func theClocksAreTheSystems() {
        #expect(ClockPair(.monotonic).offset == 0)
        let realtime = ClockPair(.realtime)
        let tai = ClockPair(.tai)
        let seconds = Int64(Timestamp.kernelTAIOffset()) * 1_000_000_000
        #expect((tai.offset - realtime.offset - seconds).magnitude <= (tai.error + realtime.error).magnitude)
        let (before, between, after) = (
            Timestamp.now(), realtime.reading(at: .now()), Timestamp.now()
        )
        #expect(before.nanoseconds - realtime.error <= between.nanoseconds)
        #expect(between.nanoseconds <= after.nanoseconds + realtime.error)
    }
}

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
