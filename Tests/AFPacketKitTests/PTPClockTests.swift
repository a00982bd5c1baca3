import Testing

@testable import AFPacketKit

@Suite struct PTPClockTests {
    @Test(arguments: [
        (0 as Int64, Timescale.utc), (-400_000_000, .utc), (37_000_000_123, .tai), (36_700_000_000, .tai),
        (38_000_000_000, .arbitrary), (-37_000_000_000, .arbitrary), (Int64.min, .arbitrary),
        (-1_795_364_814_000_000_000, .arbitrary),
    ])
    func tellsTheTimescaleByTheOffset(offset: Int64, expected: Timescale) {
        #expect(Timescale(offset: offset, kernelTAIOffset: 37) == expected)
        #expect(Timescale(offset: offset, kernelTAIOffset: 0) == expected)
    }

    @Test func takesTheKernelsOffsetOfTAI() {
        #expect(Timescale(offset: 36_000_000_000, kernelTAIOffset: 36) == .tai)
        #expect(Timescale(offset: 37_000_000_000, kernelTAIOffset: 36) == .arbitrary)
    }

    /// No emulated NIC has precise comparisons.
    @Test(
        arguments: [
            ([7, 7, 7, 7, 7], 7, 1), ([100, 126, 113, 100, 126], 113, 13), ([-3, 0, -2], -2, 2), ([5], 5, 1),
        ] as [([Int64], Int64, Int64)])
    func preciseComparisonsTellTheirResolution(offsets: [Int64], offset: Int64, error: Int64) {
        #expect(PTPClock.agreement(of: offsets) == (offset, error))
    }

    @Test func opensNoClockThatIsNotThere() {
        #expect(throws: SystemError.self) { _ = try PTPClock(index: 9_999) }
    }
}
