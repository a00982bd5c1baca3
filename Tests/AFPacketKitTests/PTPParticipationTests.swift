import Testing

@testable import AFPacketKit

@Suite struct PTPParticipationTests {
    private let interface = NetworkInterface(
        name: "eth0", index: 3, address: MACAddress(0x0200_0000_0001), mtu: 1500, isUp: true)

    /// struct packet_diag_msg without its first word, PACKET_DIAG_INFO, and PACKET_DIAG_MCLIST with memberships.
    private func message(_ members: [(index: UInt8, address: [UInt8])]) -> [UInt8] {
        let info: [UInt8] = [8, 0, 0, 0, 1, 2, 3, 4]
        let list = members.flatMap { index, address in
            [index, 0, 0, 0, 1, 0, 0, 0, 0, 0, 6, 0] + address + [UInt8](repeating: 0, count: 26)
        }
        return [UInt8](repeating: 0, count: 12) + info + [UInt8(4 + list.count), 0, 1, 0] + list
    }

    private let other: [UInt8] = [0x01, 0x00, 0x5e, 0, 0, 1]
    private let peerDelay: [UInt8] = [0x01, 0x80, 0xc2, 0, 0, 0x0e]
    private let groups = [MACAddress(0x0180_c200_000e), MACAddress(0x011b_1900_0000)]

    @Test func findsAMemberOfThisInterface() {
        let bytes = message([(3, other), (3, peerDelay)])
        let isMember = interface.isMulticastMember(in: bytes.span, of: groups)
        #expect(isMember)
    }

    @Test func othersAreNone() {
        for members in [[], [(3, other)], [(4, peerDelay)]] as [[(index: UInt8, address: [UInt8])]] {
            let isMember = interface.isMulticastMember(in: message(members).span, of: groups)
            #expect(!isMember)
        }
    }

    /// struct inet_diag_sockid: ports 4, addresses 32, interface 4, cookie 8.
    @Test func aSocketsInterfaceIsKnown() {
        let bytes: [UInt8] = [0x01, 0x3f] + [UInt8](repeating: 0, count: 34) + [7, 0, 0, 0]
        #expect(boundInterface(in: bytes.span) == 7)
        #expect(boundInterface(in: bytes.span.extracting(first: 39)) == nil)
    }

    @Test func membersOfPTPsGroupsAreFound() {
        #expect(ptpMember(in: "4    eth0            1     0     01005e000181\n") == 4)
        #expect(ptpMember(in: "12   eth0            1     0     33330000006b\n") == 12)
        #expect(ptpMember(in: "4    eth0            1     0     01005e000001\n") == nil)
        #expect(ptpMember(in: "") == nil && ptpMember(in: "x y z") == nil)
    }

    @Test func survivesWhatIsCutOff() {
        let bytes = message([(3, peerDelay)])
        for length in 0..<bytes.count {
            let isMember = interface.isMulticastMember(in: bytes.span.extracting(0..<length), of: groups)
            #expect(!isMember)
        }
        let (cutOff, whole): ([UInt8], [UInt8]) = ([0x01], [0x01, 0x3f])
        let ports = (boundPort(in: cutOff.span), boundPort(in: whole.span))
        #expect(ports.0 == nil && ports.1 == 319)
    }
}
