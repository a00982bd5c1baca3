internal import CShim
import Glibc

/// The part that programs of this network namespace take in PTP on an interface, as far as the kernel tells.
public enum PTPParticipation: Hashable, Sendable {
    /// No program takes part, or the kernel does not tell.
    case none
    /// A program takes part on this interface.
    case here
    /// A program has PTP's event port on all interfaces, and none of them is in PTP's groups.
    case somewhere
}

extension NetworkInterface {
    /// The part that programs take in PTP on this interface: by membership in a group, or by a socket for PTP's event
    /// port that is bound to the interface. One that is bound to none is of the interfaces in PTP's groups.
    public func ptpParticipation() -> PTPParticipation {
        if (try? isInPTPGroup()) ?? false { return .here }
        let bound = [AF_INET, AF_INET6].flatMap { (try? interfacesOfPTPPort($0)) ?? [] }
        if bound.contains(index) { return .here }
        guard bound.contains(0) else { return .none }
        var members: Set<Int32> = []
        _ = ProcFile.forEachLine(of: "/proc/thread-self/net/dev_mcast") { line in
            if let member = ptpMember(in: line) { members.insert(member) }
        }
        return members.contains(index) ? .here : members.isEmpty ? .somewhere : .none
    }

    /// Returns whether a program of this network namespace takes part in PTP on this interface: a packet socket is a
    /// member of one of PTP's multicast groups on it, or a UDP socket is bound to PTP's event port. IEEE 1588, annexes
    /// C, D and E; sock_diag(7)
    ///
    /// False if the kernel does not tell: modules for these requests may be missing. No privilege is needed.
    ///
    /// - Returns: true for a socket that is bound to another interface, too: it may be a VLAN's of this NIC.
    public func hasPTPParticipant() -> Bool {
        ((try? isInPTPGroup()) ?? false) || !((try? interfacesOfPTPPort(AF_INET)) ?? []).isEmpty
            || !((try? interfacesOfPTPPort(AF_INET6)) ?? []).isEmpty
    }

    private func isInPTPGroup() throws(SystemError) -> Bool {
        // struct packet_diag_req, linux/packet_diag.h
        var request = [UInt8](repeating: 0, count: 20)
        request[0] = UInt8(AF_PACKET)
        request[8] = 1 << 1  // PACKET_SHOW_MCLIST
        var isMember = false
        try NetlinkSocket.dumpSockets(request) { content in
            if isMulticastMember(in: content, of: [.ptp, .ptpPeerDelay]) { isMember = true }
        }
        return isMember
    }

    /// The indices of the interfaces that sockets for PTP's event port are bound to; 0 for a socket bound to none.
    private func interfacesOfPTPPort(_ family: CInt) throws(SystemError) -> Set<Int32> {
        // struct inet_diag_req_v2, linux/inet_diag.h, for sockets in any state
        var request = [UInt8](repeating: 0, count: 56)
        (request[0], request[1]) = (UInt8(family), UInt8(IPPROTO_UDP))
        for index in 4..<8 { request[index] = 0xff }
        var interfaces: Set<Int32> = []
        try NetlinkSocket.dumpSockets(request) { content in
            if boundPort(in: content) == 319 { interfaces.insert(boundInterface(in: content) ?? 0) }
        }
        return interfaces
    }

    /// Returns whether a socket is a member of one of some groups on this interface. The message continues with struct
    /// packet_diag_msg from the inode on, then attributes.
    func isMulticastMember(in content: Span<UInt8>, of groups: [MACAddress]) -> Bool {
        let (fixedSize, memberSize) = (12, 44)
        guard content.count >= fixedSize else { return false }
        var isMember = false
        content.extracting(fixedSize..<content.count).forEachAttribute { type, payload in
            guard type == 1 else { return }  // PACKET_DIAG_MCLIST
            // struct packet_diag_mclist: index, count, type, length of the address, address
            for start in stride(from: 0, through: payload.count - memberSize, by: memberSize)
            where payload.load(Int32.self, at: start) == index {
                let bytes = (0..<6).map { UInt64(payload[start + 12 + $0]) }
                let address = MACAddress(bytes.reduce(0) { $0 << 8 | $1 })
                if groups.contains(address) { isMember = true }
            }
        }
        return isMember
    }
}

/// The local port of a UDP socket. The message continues with struct inet_diag_msg from the port on.
func boundPort(in content: Span<UInt8>) -> UInt16? {
    content.load(UInt16.self, at: 0).map { UInt16(bigEndian: $0) }
}

/// The index of the interface that a UDP socket is bound to, in the same message; 0 for none. idiag_if
func boundInterface(in content: Span<UInt8>) -> Int32? { content.load(Int32.self, at: 36) }

/// The index of an interface that is a member of one of PTP's groups over UDP, whoever has joined, by a line of
/// /proc/net/dev_mcast: index, name, users, users of all, address. Nil for another group.
func ptpMember(in line: String) -> Int32? {
    let words = line.split { $0 == " " || $0 == "\n" }
    // 224.0.1.129, 224.0.0.107, and IPv6's ff0x::181 and ff02::6b
    let groups = ["01005e000181", "01005e00006b", "333300000181", "33330000006b"]
    guard words.count == 5, groups.contains(String(words[4])) else { return nil }
    return Int32(words[0])
}

extension MACAddress {
    /// The group of PTP's messages but peer delay. IEEE 1588, annex E
    fileprivate static var ptp: MACAddress { MACAddress(0x011b_1900_0000) }
    /// The group of PTP's peer delay messages, which no bridge forwards.
    fileprivate static var ptpPeerDelay: MACAddress { MACAddress(0x0180_c200_000e) }
}
