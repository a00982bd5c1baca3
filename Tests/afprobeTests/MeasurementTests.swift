import AFPacketKit
import Testing

@testable import afprobe

private func at(_ nanoseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

@Suite struct InFlightWindowTests {
    private func window(adding count: UInt64) -> InFlightWindow<Int> {
        var window = InFlightWindow(capacity: 4, filler: 0)
        for number in 1...count { window.add(number, at: at(Int64(number) * 10), Int(number)) }
        return window
    }

    @Test func knowsWhatIsOpen() {
        var window = window(adding: 3)
        let before = window.isInFlight(2)
        window.settle(2)
        let after = [2, 4, 0, .max].map { window.isInFlight($0) }
        #expect(before == true && after == [false, nil, nil, nil])
        let (inFlightCount, entry) = (window.inFlightCount, window[3])
        #expect(inFlightCount == 2 && entry == 3)
    }

    @Test func addsManyAtOnce() {
        var window = InFlightWindow(capacity: 4, filler: 0)
        window.add(1, count: 3, at: at(10), 7)
        let (room, inFlightCount, entry) = (window.room, window.inFlightCount, window[2])
        #expect(room == 1 && inFlightCount == 3 && entry == 7)
        let known = (1...4).map { window.isInFlight($0) }
        #expect(known == [true, true, true, nil])
        let oldest = window.oldestInFlight()?.number
        #expect(oldest == 1)
    }

    @Test func addsManyOverTheEndOfItsMemory() {
        var window = window(adding: 3)
        for number in 1...3 as ClosedRange<UInt64> { window.settle(number) }
        window.add(4, count: 4, at: at(10), 7)
        let (isFull, inFlightCount) = (window.isFull, window.inFlightCount)
        let known = (3...8).map { window.isInFlight($0) }
        #expect(isFull && inFlightCount == 4 && known == [nil, true, true, true, true, nil])
        let entries = (4...7).map { window[$0] }
        #expect(entries == [7, 7, 7, 7])
    }

    @Test func findsThePlaceOfWhatIsKept() {
        var window = window(adding: 3)
        window.settle(2)
        let kept = (0...4).map { window.isInFlight($0) != nil }
        let inFlight = (0...4).map { window.isInFlight($0) == true }
        #expect(kept == [false, true, true, true, false])
        #expect(inFlight == [false, true, false, true, false])
    }

    @Test func fillsUpUntilTheOldestIsSettled() {
        var window = window(adding: 4)
        var wasFull = [window.isFull]
        window.settle(2)
        _ = window.oldestInFlight()
        wasFull.append(window.isFull)
        window.settle(1)
        let oldest = window.oldestInFlight()?.number
        wasFull.append(window.isFull)
        #expect(oldest == 3 && wasFull == [true, true, false])
    }

    @Test func forgetsWhatIsTooLongAgo() {
        var window = window(adding: 4)
        window.settle(1)
        _ = window.oldestInFlight()
        window.add(5, at: at(50), 5)
        let known = [window.isInFlight(1), window.isInFlight(5)]
        #expect(known == [nil, true])
    }

    @Test func findsTheOverdueInOrder() {
        var window = window(adding: 3)
        var found = [window.timedOut(at: at(109), timeout: 100), window.timedOut(at: at(110), timeout: 100)]
        window.settle(1)
        found += [window.timedOut(at: at(110), timeout: 100), window.timedOut(at: at(130), timeout: 100)]
        #expect(found == [nil, 1, nil, 2])
    }

    @Test func passesOverWhatCouldNotBeSent() {
        var window = InFlightWindow(capacity: 4, filler: 0)
        window.skip(1)
        window.add(2, at: at(20), 2)
        let (skipped, inFlightCount) = (window.isInFlight(1), window.inFlightCount)
        let oldest = window.oldestInFlight()?.number
        #expect(skipped == nil && oldest == 2 && inFlightCount == 1)
    }
}

@Suite struct SessionTableTests {
    private let peer = MACAddress(0x0200_0000_000a)

    private func counts(of numbers: [UInt64]) -> (requests: UInt32, duplicates: UInt32) {
        var table = SessionTable()
        let index = table.index(of: 1, from: peer)
        for number in numbers { table[index].count(number) }
        return (table[index].requests, table[index].duplicates)
    }

    @Test func countsEachRequestOnce() {
        #expect(counts(of: [1, 2, 3]) == (3, 0))
        #expect(counts(of: [1, 1, 2, 1, 2]) == (2, 3))
        #expect(counts(of: [3, 1, 2, 2]) == (3, 1))
        #expect(counts(of: [1, 100, 37, 37]) == (3, 1))
        #expect(counts(of: [100, 36, 0]) == (1, 2))
        #expect(counts(of: [.max, .max, 1, .max - 63]) == (2, 2))
    }

    @Test func keepsSessionsApart() {
        var table = SessionTable(capacity: 2)
        let first = table.index(of: 1, from: peer)
        let other = table.index(of: 1, from: MACAddress(0x0200_0000_000c))
        let again = table.index(of: 1, from: peer)
        #expect(other != first && again == first)
    }

    @Test func makesRoomWhereSilenceIsLongest() {
        var table = SessionTable(capacity: 2)
        let first = table.index(of: 1, from: peer)
        table[first].count(5)
        let second = table.index(of: 2, from: peer)
        _ = table.index(of: 1, from: peer)
        let third = table.index(of: 3, from: peer)
        #expect(third == second)
        #expect(table[first].requests == 1)
        #expect(table[third].requests == 0)
    }
}

@Suite struct RateLimitTests {
    @Test func allowsTheRateAndABurst() {
        var limit = RateLimit(perSecond: 100)
        // A tenth of a second's worth at once, and the one that is due.
        var (burst, steady) = (0, 0)
        for _ in 0..<50 where limit.grants(1, at: 1_000_000_000) { burst += 1 }
        #expect(burst == 11)
        for step: Int64 in 1...1000 where limit.grants(1, at: 1_000_000_000 + step * 1_000_000) {
            steady += 1
        }
        #expect(steady == 100)
    }

    @Test func allowsOneWhereTheRateIsLow() {
        var limit = RateLimit(perSecond: 1)
        let answers = [5_000_000_000 as Int64, 5_500_000_000, 6_000_000_000].map { limit.grants(1, at: $0) }
        #expect(answers == [true, false, true])
    }

    /// The events in four seconds of peers that ask in intervals of so many microseconds.
    private func grants(_ rate: UInt64, _ intervals: [Int64]) -> [Int] {
        // Spreads the keys 0, 1, 2… evenly.
        var limit = RateLimit(perSecond: rate, factor: 1 << 58 | 1)
        var counts = intervals.map { _ in 0 }
        for step: Int64 in 0..<40_000 {
            for (peer, interval) in intervals.enumerated() where step * 100 % interval == 0 {
                if limit.grants(UInt64(peer), at: 20_000_000_000 + step * 100_000) { counts[peer] += 1 }
            }
        }
        return counts
    }

    /// One that asks a thousand times as often leaves the others what they ask for, up to their share.
    @Test(arguments: [100, 1000] as [UInt64])
    func aFastPeerLeavesTheOthersTheirShare(rate: UInt64) {
        let (limit, half) = (Int(rate) * 4, Int(rate) * 2)
        let slow = grants(rate, [100, 100_000])
        // All but the first, at which the fast one has used up the burst.
        #expect(slow[1] >= 38 && slow[0] >= limit - 50 && slow[0] + slow[1] <= limit + Int(rate) / 10 + 1)
        let fast = grants(rate, [100, 500])
        #expect(fast.allSatisfy { abs($0 - half) <= half / 10 }, "\(fast)")
        let three = grants(rate, [100, 100, 100_000])
        // What the slow one leaves goes to whoever asks first.
        #expect(three[2] >= 38 && three.prefix(2).allSatisfy { $0 >= limit * 3 / 10 }, "\(three)")
        #expect(three.reduce(0, +) >= limit - limit / 10, "\(three)")
    }
}

extension RateLimit {
    fileprivate mutating func grants(_ key: UInt64, at nanoseconds: Int64) -> Bool {
        guard allows(from: key, at: at(nanoseconds)) else { return false }
        use(at: at(nanoseconds))
        return true
    }
}

@Suite struct RunningStatisticsTests {
    @Test func matchesTheDefinition() {
        var statistics = RunningStatistics()
        for value: Int64 in [2, 4, 4, 4, 5, 5, 7, 9] { statistics.add(value) }
        #expect(statistics.minimum == 2)
        #expect(statistics.maximum == 9)
        #expect(statistics.mean == 5)
        #expect(statistics.standardDeviation == 2)
    }

    @Test func keepsNegativeValuesAndLargeOffsets() {
        var statistics = RunningStatistics()
        for value: Int64 in [1_795_364_814_000_000_000, 1_795_364_814_000_000_200] { statistics.add(value) }
        #expect(statistics.mean == 1_795_364_814_000_000_100)
        #expect(statistics.standardDeviation == 100)
        var negative = RunningStatistics()
        negative.add(-5)
        #expect(negative.minimum == -5 && negative.mean == -5)
    }

    /// Not even where one value is far from all the others, which differ by a nanosecond.
    @Test func losesNothingBetweenFarValues() {
        var statistics = RunningStatistics()
        statistics.add(3_600_000_000_000)
        for index in 0..<1_000_000 as Range<Int64> { statistics.add(index % 2) }
        // 3,600,000,500,000 / 1,000,001; and the root of 3.6e12 ** 2 / 1,000,001 less the square of that.
        #expect(statistics.mean == 3_599_997)
        #expect(statistics.standardDeviation == 3_599_996_400)
        var near = RunningStatistics()
        for value: Int64 in [2, 3, 3] { near.add(value + 1_795_364_814_000_000_000) }
        #expect(near.mean == 1_795_364_814_000_000_003 && near.standardDeviation == 0)
    }

    @Test func takesWhatAHostilePeerMakesUp() {
        var statistics = RunningStatistics()
        for value in [Int64.min, .max, .min, .max, .min, .max] { statistics.add(value) }
        #expect(statistics.mean == -1)
        #expect(statistics.standardDeviation == .max)
        #expect(statistics.minimum == .min && statistics.maximum == .max)
        var extreme = RunningStatistics()
        for _ in 0..<10 { extreme.add(.min) }
        #expect(extreme.mean == .min && extreme.standardDeviation == 0)
        // As of clocks that are decades apart.
        var apart = RunningStatistics()
        for index in 0..<1000 as Range<Int64> { apart.add(1_795_364_814_000_000_000 + index) }
        #expect(apart.mean == 1_795_364_814_000_000_500 && apart.standardDeviation == 289)
    }

    @Test func hasNoFiguresOfNothing() {
        #expect(RunningStatistics().mean == nil)
        #expect(RunningStatistics().standardDeviation == nil)
    }
}

@Suite struct PercentageTests {
    @Test(arguments: [
        (0, 10, "0%"), (10, 10, "100%"), (1, 3, "33.333%"), (1, 1_000_000, "0.001%"),
        (999_999, 1_000_000, "99.999%"), (0, 0, "0%"),
    ])
    func showsSomeLossNeitherAsNoneNorAsAll(part: UInt64, whole: UInt64, expected: String) {
        #expect(percentage(part, of: whole) == expected)
    }
}

@Suite struct PacingTests {
    @Test func doesNotDrift() {
        var pacing = Pacing(interval: 1_000, count: nil, at: at(1_000_000))
        let start = pacing.nextDue
        for step in 1...100 {
            // Each frame is sent a little late; the schedule stays.
            pacing.advance(at: pacing.nextDue + 300)
            #expect(pacing.nextDue - start == Int64(step) * 1_000)
        }
    }

    @Test func leavesOutWhatWasMissed() {
        var pacing = Pacing(interval: 1_000, count: nil, at: at(1_000_000))
        let start = pacing.nextDue
        pacing.advance(at: start + 5_500)
        #expect(pacing.nextDue - start == 5_000)
        pacing.advance(at: start + 5_600)
        #expect(pacing.nextDue - start == 6_000)
    }

    @Test func aBatchIsDueAtOnceAndTheRateStays() {
        var pacing = Pacing(interval: 1_000, batch: 4, count: 10, at: at(1_000_000))
        let start = pacing.nextDue
        var dues: [Int64] = []
        // The first batch is taken in two parts, as by a queue that is nearly full.
        for frames: UInt64 in [3, 1, 4, 2] {
            #expect(pacing.readyCount >= frames)
            dues.append(pacing.nextDue - start)
            pacing.advance(at: pacing.nextDue + 100, by: frames)
        }
        #expect(dues == [0, 0, 4_000, 8_000])
        #expect(pacing.isFinished)
    }

    @Test func aLateBatchIsNotMadeUpFor() {
        var pacing = Pacing(interval: 1_000, batch: 4, count: nil, at: at(1_000_000))
        let start = pacing.nextDue
        pacing.advance(at: start + 9_000, by: 4)
        #expect(pacing.nextDue - start == 8_000)
        #expect(pacing.readyCount == 4)
    }

    @Test func aPauseHasABound() {
        var pacing = Pacing(interval: .max / 2, batch: 1024, count: nil, at: at(1_000_000))
        pacing.advance(at: pacing.nextDue, by: 1024)
        #expect(pacing.nextDue == MonotonicTime(nanoseconds: .max))
    }

    @Test func ends() {
        var pacing = Pacing(interval: 0, count: 2, at: at(1_000_000))
        pacing.advance(at: pacing.nextDue)
        #expect(!pacing.isFinished)
        pacing.advance(at: pacing.nextDue)
        #expect(pacing.isFinished)
    }
}

@Suite struct InterfaceMonitorTests {
    @Test func countsNoLossTwice() {
        #expect(InterfaceMonitor.losses(5, beyond: []) == 5)
        #expect(InterfaceMonitor.losses(5, beyond: [3]) == 2)
        #expect(InterfaceMonitor.losses(5, beyond: [3, 2]) == 0)
        #expect(InterfaceMonitor.losses(5, beyond: [3, .max, 2]) == 0)
        #expect(InterfaceMonitor.losses(0, beyond: [1]) == 0)
    }
}
