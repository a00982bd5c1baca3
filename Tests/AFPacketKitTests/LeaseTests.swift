import Glibc
import Testing

@testable import AFPacketKit

@Suite struct LeaseTests {
    private static let off = HardwareTimestampingSetting(transmitType: .off, receiveFilter: .none)
    private static let on = HardwareTimestampingSetting(transmitType: .on, receiveFilter: .ptpV2)
    private let claim = LeaseClaim(chain: 7, original: off, widened: on, hadPTPParticipant: true)

    @Test func theNameOfAClaimIsReadAsThatClaim() {
        #expect(LeaseClaim(name: claim.name(index: 3, nonce: .max), index: 3) == claim)
        #expect(LeaseClaim(name: claim.name(index: 3, nonce: 1), index: 4) == nil)
    }

    @Test(arguments: [
        "", "x/0.0/1.12/1/5", "7/0.0/1.12/1", "7/0.0/1.12/1/5/6", "7/0/1.12/1/5", "7/0.0/1.32/1/5",
        "7/-1.0/1.12/1/5", "7/0.0.0/1.12/1/5", "-1/0.0/1.12/1/5", "18446744073709551616/0.0/1.12/1/5",
    ])
    func anyOtherNameIsNone(rest: String) {
        #expect(LeaseClaim(name: "afprobe/timestamping/3/" + rest, index: 3) == nil)
    }

    @Test func whoLooksSeesTheOwnerWithoutHisHelp() throws {
        let name = "afprobe/test/\(getpid())"
        do {
            let socket = try AbstractSocket(listeningAs: name)
            let listed = try AbstractSocket.list(startingWith: name)
            #expect(listed.map(\.name) == [name])
            #expect(listed.first?.user == geteuid())
            let owner = try #require(AbstractSocket.owner(of: name))
            #expect(owner.process == getpid() && owner.user == geteuid())
            #expect(owner.program?.isEmpty == false)
            #expect(throws: SystemError("bind(AF_UNIX)", .addressInUse)) {
                _ = try AbstractSocket(listeningAs: name)
            }
            _ = consume socket
        }
        #expect(try AbstractSocket.list(startingWith: name).isEmpty)
        #expect(AbstractSocket.owner(of: name) == nil)
    }

    @Test func aLockThatIsHeldIsNotWaitedForForEver() throws {
        let interface = try NetworkInterface(named: "lo")
        let first = try NICLeaseHost(of: interface)
        let second = try NICLeaseHost(of: interface)
        try first.lock()
        do throws(TimestampingLeaseError) {
            try second.lock()
            Issue.record("both have the lock")
        } catch .busy(let owner) { #expect(owner?.process == getpid()) } catch { throw error }
        first.unlock()
        try second.lock()
        second.unlock()
    }

    @Test func eachSeesTheOthersClaim() throws {
        let interface = try NetworkInterface(named: "lo")
        let first = try NICLeaseHost(of: interface)
        let second = try NICLeaseHost(of: interface)
        try first.show(claim)
        #expect(try first.others().isEmpty)
        #expect(try second.others().map(\.claim) == [claim])
        #expect(try second.others().allSatisfy(\.isBelieved))
        try first.show(nil)
        #expect(try second.others().isEmpty)
    }

    /// struct ifinfomsg without its first word, IFLA_LINK, IFLA_LINK_NETNSID, and IFLA_LINKINFO with a kind and
    /// IFLA_BOND_ACTIVE_SLAVE.
    private func link(_ kind: String, isElsewhere: Bool = false, mode: UInt8 = 1) -> [UInt8] {
        let name = Array(kind.utf8) + [UInt8](repeating: 0, count: 4 - kind.utf8.count % 4)
        let kind: [UInt8] = [UInt8(4 + name.count), 0, 1, 0] + name
        let data: [UInt8] = [20, 0, 2, 0, 5, 0, 1, 0, mode, 0, 0, 0, 8, 0, 2, 0, 9, 0, 0, 0]
        let elsewhere: [UInt8] = isElsewhere ? [8, 0, 37, 0, 1, 0, 0, 0] : []
        return [3, 0, 0, 0] + [UInt8](repeating: 0, count: 8) + [8, 0, 5, 0, 2, 0, 0, 0] + elsewhere
            + [UInt8(4 + kind.count + data.count), 0, 18, 0] + kind + data
    }

    @Test func theDeviceBelowIsFound() {
        let vlan = LinkInformation(message: link("vlan").span)
        #expect(vlan?.kind == "vlan" && vlan?.lower == 2 && vlan?.isLowerElsewhere == false)
        // The number has another meaning there.
        #expect(vlan?.activePort == nil)
        #expect(LinkInformation(message: link("macvlan", isElsewhere: true).span)?.isLowerElsewhere == true)
        #expect(LinkInformation(message: link("bond").span)?.activePort == 9)
        // balance-alb has an active port, and sends by others, too.
        #expect(LinkInformation(message: link("bond", mode: 6).span)?.activePort == nil)
    }

    @Test func aPortKnowsItsMaster() {
        let attributes: [UInt8] = [8, 0, 3, 0, 101, 116, 104, 0, 8, 0, 10, 0, 7, 0, 0, 0]
        let link = LinkInformation(message: ([UInt8](repeating: 0, count: 12) + attributes).span)
        #expect(link?.name == "eth" && link?.master == 7)
        let cut = LinkInformation(message: ([UInt8](repeating: 0, count: 12) + attributes.dropLast()).span)
        #expect(cut?.name == "eth" && cut?.master == nil)
    }

    @Test func aDeviceWithoutOthersBelowStampsItself() throws {
        let loopback = try NetworkInterface(named: "lo")
        guard case .device(let device, isBondPort: false) = try loopback.timestampingDevice() else {
            Issue.record("no device")
            return
        }
        #expect(device.index == loopback.index)
    }
}
