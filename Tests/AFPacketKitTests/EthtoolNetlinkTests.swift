import Testing

@testable import AFPacketKit

private func raw(_ number: some BitwiseCopyable) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

private func attribute(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    raw(UInt16(4 + payload.count)) + raw(type) + payload
        + [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
}

/// A compact set, as the kernel sends it.
private func bits(_ type: UInt16, _ value: UInt32) -> [UInt8] {
    attribute(type | 0x8000, attribute(1, []) + attribute(2, raw(UInt32(17))) + attribute(4, raw(value)))
}

@Suite struct EthtoolNetlinkTests {
    private let igb =
        attribute(0x8001, attribute(1, raw(UInt32(2)))) + bits(2, 0x4f) + bits(3, 0b11) + bits(4, 0b1_0011)
        + attribute(5, raw(UInt32(0)))

    @Test func readsCapabilities() {
        let capabilities = TimestampingCapabilities(attributes: igb.span)
        #expect(capabilities.flags == TimestampingFlags(rawValue: 0x4f))
        #expect(capabilities.transmitTypes == [.off, .on])
        #expect(capabilities.receiveFilterNames == ["none", "all", "ptpv1-l4-sync"])
        #expect(capabilities.clockIndex == 0)
        #expect(capabilities.provider == nil && capabilities.source == nil && capabilities.statistics == nil)
    }

    @Test func readsWhatNewerKernelsAdd() throws {
        let statistics =
            attribute(1, raw(UInt32(10))) + attribute(2, raw(UInt64(1) << 40)) + attribute(3, raw(UInt32(3)))
        let provider = attribute(1, raw(UInt32(4))) + attribute(2, raw(UInt32(1)))
        let bytes =
            igb + attribute(0x8006, statistics) + attribute(0x8007, provider) + attribute(8, raw(UInt32(2)))
            + attribute(9, raw(UInt32(6)))
        let capabilities = TimestampingCapabilities(attributes: bytes.span)
        let counted = try #require(capabilities.statistics)
        #expect(counted.stamped == 10 && counted.lost == 1 << 40 && counted.errors == 3)
        #expect(counted.oneStepUnconfirmed == nil)
        #expect(capabilities.provider?.description == "ptp4/approx")
        #expect(capabilities.source == .phy(index: 6))
    }

    @Test func aDriverThatCountsNothingHasNoStatistics() {
        let bytes = igb + attribute(0x8006, []) + attribute(8, raw(UInt32(1)))
        let capabilities = TimestampingCapabilities(attributes: bytes.span)
        #expect(capabilities.statistics == nil && capabilities.source == .mac)
    }

    @Test func numbersThatCannotBeAreNone() {
        let provider = attribute(1, raw(UInt32.max)) + attribute(2, raw(UInt32(0)))
        let bytes = attribute(5, raw(UInt32.max)) + attribute(0x8007, provider) + attribute(8, raw(UInt32(9)))
        let capabilities = TimestampingCapabilities(attributes: bytes.span)
        #expect(capabilities.clockIndex == nil && capabilities.provider == nil && capabilities.source == nil)
    }

    @Test func readsASetting() {
        let setting = HardwareTimestampingSetting(attributes: (bits(3, 1 << 1) + bits(4, 1 << 12)).span)
        #expect(setting == HardwareTimestampingSetting(transmitType: .on, receiveFilter: .ptpV2))
    }

    @Test func aSettingThatIsNotOneIsRefused() {
        for bytes in [bits(3, 1), bits(4, 1), bits(3, 3) + bits(4, 1), bits(3, 0) + bits(4, 1)] {
            #expect(HardwareTimestampingSetting(attributes: bytes.span) == nil)
        }
        let verbose = attribute(0x8003, attribute(2, raw(UInt32(4)))) + bits(4, 1)
        #expect(HardwareTimestampingSetting(attributes: verbose.span) == nil)
    }

    @Test func asksForBothHalvesOfASettingAndNoProvider() {
        var attributes = NetlinkAttributes()
        HardwareTimestampingSetting(transmitType: .on, receiveFilter: .everything).add(to: &attributes)
        let set = { (type: UInt16, value: UInt32) in
            attribute(
                type | 0x8000, attribute(1, []) + attribute(2, raw(UInt32(32))) + attribute(4, raw(value)))
        }
        #expect(attributes.bytes == set(3, 2) + set(4, 2))
    }

    @Test func readsVirtualClocks() {
        let bytes = attribute(2, raw(UInt32(2))) + attribute(3, raw(CInt(3)) + raw(CInt(5)))
        #expect(virtualClocks(attributes: bytes.span) == [3, 5])
        #expect(virtualClocks(attributes: attribute(3, [1, 2, 3]).span) == [])
        #expect(virtualClocks(attributes: [UInt8]().span) == [])
    }
}

@Suite struct ControlPathTests {
    private func ask(
        _ path: ControlPath, netlink: SystemError?, ioctl: SystemError?
    ) -> Result<String, SystemError> {
        Result { () throws(SystemError) in
            try path.ask(
                netlink: { () throws(SystemError) in if let netlink { throw netlink } else { "netlink" } },
                ioctl: { () throws(SystemError) in if let ioctl { throw ioctl } else { "ioctl" } })
        }
    }

    private let refused = SystemError("NETLINK", .outOfRange)
    private let worded = SystemError("NETLINK", .outOfRange, explanation: "only PTP")

    @Test func netlinkComesFirst() {
        #expect(ask(.automatic, netlink: nil, ioctl: nil) == .success("netlink"))
        #expect(ask(.automatic, netlink: refused, ioctl: nil) == .success("ioctl"))
    }

    @Test func aWayThatIsAskedForIsTheOnlyOne() {
        #expect(ask(.netlink, netlink: refused, ioctl: nil) == .failure(refused))
        #expect(ask(.ioctl, netlink: nil, ioctl: refused) == .failure(refused))
    }

    @Test func theIoctlHasTheLastWordUnlessNetlinkSaysItBetter() {
        let last = SystemError("IOCTL", .outOfRange)
        #expect(ask(.automatic, netlink: refused, ioctl: last) == .failure(last))
        #expect(ask(.automatic, netlink: worded, ioctl: last) == .failure(worded))
        let other = SystemError("IOCTL", .notPermitted)
        #expect(ask(.automatic, netlink: worded, ioctl: other) == .failure(other))
    }
}
