import AFPacketKit
import Testing

@testable import afprobe

/// The worth of the times that responders tell.
@Suite struct StampResolutionTests {
    @Test func unseparatedAndCoarseTimesAreFound() {
        var times = StampResolution()
        #expect(!times.isUnseparated && times.coarseResolution == nil)
        for number in 1...11 as ClosedRange<Int64> { times.add(number * 1_000_000, number * 1_000_000) }
        #expect(times.isUnseparated && times.coarseResolution == 1_000_000)
        times.add(9_004_000, 9_008_000)
        #expect(!times.isUnseparated && times.coarseResolution == 4_000)
        times.add(9_004_001, .min)
        #expect(times.coarseResolution == nil)
    }

    /// NTP's times may be those of a clock with so many binary digits; rounded to nanoseconds, they have no divisor.
    @Test(arguments: [(16, 15_258), (19, 1_907), (10, 976_562)] as [(UInt32, UInt64)])
    func binaryFractionsAreFound(digits: UInt32, resolution: UInt64) throws {
        var times = StampResolution()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let arrival =
                UInt64(0xea00_0000) << 32 | generator.next() >> 32 & ~(0xffff_ffff >> UInt64(digits))
            let departure = arrival + 1 << (32 - UInt64(digits))
            times.add(
                try #require(NTPMessage.nanoseconds(arrival)),
                try #require(NTPMessage.nanoseconds(departure)))
        }
        #expect(times.coarseResolution == resolution)
    }

    @Test func aFineClockIsNotFound() {
        for _ in 0..<100 {
            var times = StampResolution()
            for _ in 0..<12 { times.add(.random(in: 0 ... .max), .random(in: 0 ... .max)) }
            #expect(times.coarseResolution == nil)
        }
    }

    /// Few times of a clock of milliseconds are all even more often than one thinks.
    @Test func fewTimesDoNotOverstateIt() {
        var times = StampResolution()
        for number in 1...4 as ClosedRange<Int64> { times.add(number * 6_000_000, number * 6_000_000) }
        #expect(times.coarseResolution == 1_000_000)
    }
}
