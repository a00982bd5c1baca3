import AFPacketKit
import Testing

@testable import afprobe

@Suite struct ScheduleTests {
    @Test func rangesAreWrittenAsTheKernelDoes() {
        #expect(rangesText([]) == "")
        #expect(rangesText([3]) == "3")
        #expect(rangesText([0, 1, 2, 3, 8, 10, 11]) == "0-3,8,10-11")
    }

    @Test func theMarginPassesOverAccidents() {
        let usual = [Int64](repeating: 80_000, count: 18) + [90_000, 5_000_000]
        #expect(SpinMargin.margin(for: usual) == 160_000)
        #expect(SpinMargin.margin(for: usual.reversed()) == 160_000)
        #expect(SpinMargin.margin(for: [70_000]) == 140_000)
    }

    @Test func theMarginHasBounds() {
        #expect(SpinMargin.margin(for: [5_000_000, 6_000_000]) == SpinMargin.longest)
        #expect(SpinMargin.margin(for: [-5]) == 0)
        #expect(SpinMargin.margin(for: []) == SpinMargin.longest)
    }

    @Test func theQdiscTellsTheClockOfLaunchTimes() {
        #expect(launchClock(ofQueueingDisciplines: ["mqprio", "etf", "fq"]) == .tai)
        #expect(launchClock(ofQueueingDisciplines: ["taprio"]) == .tai)
        #expect(launchClock(ofQueueingDisciplines: ["mq", "fq"]) == .monotonic)
        #expect(launchClock(ofQueueingDisciplines: ["fq_codel"]) == nil)
    }

    @Test func prioritiesAndCPUsHaveRanges() throws {
        #expect(try parseRealtimePriority("99") == 99)
        #expect(try parseCPU("0") == 0)
        for text in ["0", "100", "", "-1", "high"] {
            #expect(throws: ValueError.self) { try parseRealtimePriority(text) }
        }
        for text in ["8192", "", "0-1"] { #expect(throws: ValueError.self) { try parseCPU(text) } }
    }
}
