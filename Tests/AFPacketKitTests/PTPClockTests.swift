import Testing

@testable import AFPacketKit

@Suite struct PTPClockTests {
    @Test(arguments: [
        (0 as Int64, Timescale.utc), (-400_000_000, .utc), (37_000_000_123, .tai), (36_700_000_000, .tai),
        (38_000_000_000, .arbitrary), (-37_000_000_000, .arbitrary), (Int64.min, .arbitrary),
        (-1_795_364_814_000_000_000, .arbitrary),
    ])
    func tellsTheTimescaleByTheOffset(offset: Int64, expected: Timescale) {
        #expect(Timescale(offset: offset) == expected)
    }

    @Test func opensNoClockThatIsNotThere() {
        #expect(throws: SystemError.self) { _ = try PTPClock(index: 9_999) }
    }
}
