internal import CShim
import Glibc

extension NetworkInterface {
    /// Returns whether a program of this network namespace takes part in PTP on this interface: a packet socket is a
    /// member of one of PTP's multicast groups on it, or a UDP socket is bound to PTP's event port. IEEE 1588, annexes
    /// C, D and E; sock_diag(7)
    ///
    /// False if the kernel does not tell: modules for these requests may be missing. No privilege is needed.
    public func hasPTPParticipant() -> Bool {
        ((try? isInPTPGroup()) ?? false) || ((try? isPTPPortBound(AF_INET)) ?? false)
            || ((try? isPTPPortBound(AF_INET6)) ?? false)
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

    private func isPTPPortBound(_ family: CInt) throws(SystemError) -> Bool {
        // struct inet_diag_req_v2, linux/inet_diag.h, for sockets in any state
        var request = [UInt8](repeating: 0, count: 56)
        (request[0], request[1]) = (UInt8(family), UInt8(IPPROTO_UDP))
        for index in 4..<8 { request[index] = 0xff }
        var isBound = false
        try NetlinkSocket.dumpSockets(request) { content in
            if boundPort(in: content) == 319 { isBound = true }
        }
        return isBound
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

extension MACAddress {
    /// The group of PTP's messages but peer delay. IEEE 1588, annex E
    fileprivate static var ptp: MACAddress { MACAddress(0x011b_1900_0000) }
    /// The group of PTP's peer delay messages, which no bridge forwards.
    fileprivate static var ptpPeerDelay: MACAddress { MACAddress(0x0180_c200_000e) }
}
