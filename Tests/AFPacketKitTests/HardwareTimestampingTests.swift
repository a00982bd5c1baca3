import Testing

@testable import AFPacketKit

@Suite struct HardwareTimestampingTests {
    @Test func namesSettingsAsEthtoolDoes() {
        #expect(TransmitType.all.map(\.description) == ["off", "on", "onestep-sync", "onestep-p2p"])
        #expect(ReceiveFilter(rawValue: 12).description == "ptpv2-event")
        #expect(ReceiveFilter("ptpv2-l2-event")?.rawValue == 9)
        #expect(ReceiveFilter("all") == .everything)
    }

    @Test func numbersWhatHasNoName() {
        #expect(TransmitType(rawValue: 9).description == "9")
        #expect(ReceiveFilter(rawValue: -1).description == "-1")
    }

    @Test func offersNoFilterThatCannotBeAskedFor() {
        #expect(ReceiveFilter("some") == nil)
        #expect(ReceiveFilter("everything") == nil)
        #expect(TransmitType("ON") == nil)
    }

    @Test func knowsWhichFilterIncludesWhich() {
        for filter in ReceiveFilter.all {
            #expect(filter.includes(filter) && filter.includes(.none))
            #expect(ReceiveFilter.everything.includes(filter))
            #expect(filter == .everything || !filter.includes(.everything))
        }
        #expect(
            ReceiveFilter.ptpV2.includes(.ptpV2OverEthernet) && ReceiveFilter.ptpV2.includes(.ptpV2OverUDP))
        #expect(!ReceiveFilter.ptpV2OverEthernet.includes(.ptpV2OverUDP))
        #expect(!ReceiveFilter.ptpV2.includes(ReceiveFilter(rawValue: 4)))
        #expect(!ReceiveFilter.ptpV2OverEthernet.includes(.ptpV2))
    }

    @Test func namesCapabilities() {
        let flags: TimestampingFlags = [.transmitSoftware, .receiveSoftware, .software]
        #expect(flags.names == ["software-transmit", "software-receive", "software-system-clock"])
        #expect(TimestampingFlags(rawValue: 1 << 30).names == ["bit-30"])
    }
}
