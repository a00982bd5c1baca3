internal import CShim
import Glibc

// The options of packet sockets. packet(7), socket(7)

extension Descriptor {
    /// Requests timestamping, without the optional flags if the kernel does not know them; returns the flags in force.
    func enableTimestamping(
        _ flags: TimestampingFlags
    ) throws(SystemError) -> TimestampingFlags {
        do throws(SystemError) {
            return try setTimestamping(flags)
        } catch  where error.code == .invalidArgument {
            // The kernel refuses all flags if it does not know one.
            return try setTimestamping(flags.subtracting(.transmitBoth))
        }
    }

    func setTimestamping(_ flags: TimestampingFlags) throws(SystemError) -> TimestampingFlags {
        do throws(SystemError) {
            try setOption("SO_TIMESTAMPING", SOL_SOCKET, cshim_SO_TIMESTAMPING_NEW, to: flags.rawValue)
        } catch  where error.code == .unknownOption {
            try setOption("SO_TIMESTAMPING", SOL_SOCKET, cshim_SO_TIMESTAMPING_OLD, to: flags.rawValue)
        }
        return flags
    }

    /// Makes the NIC let further frames through. PACKET_ADD_MEMBERSHIP, packet(7)
    func addMembership(
        _ type: CInt, address: MACAddress, on interface: NetworkInterface
    ) throws(SystemError) {
        var request = packet_mreq()
        request.mr_ifindex = interface.index
        request.mr_type = UInt16(type)
        request.mr_alen = 6
        unsafe withUnsafeMutableBytes(of: &request.mr_address) { bytes in
            for index in 0..<6 { unsafe bytes[index] = address[index] }
        }
        try setOption("PACKET_ADD_MEMBERSHIP", SOL_PACKET, PACKET_ADD_MEMBERSHIP, to: request)
    }

    /// Enlarges the receive queue as far as the privileges allow; a smaller one shows in the drops.
    func enlargeReceiveQueue(to size: CInt) {
        do throws(SystemError) {
            try ThisProcess.using([.netAdmin]) { () throws(SystemError) in
                try setOption("SO_RCVBUFFORCE", SOL_SOCKET, SO_RCVBUFFORCE, to: size)
            }
        } catch {
            try? setOption("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, to: size)
        }
    }

    func bind(to interface: NetworkInterface, protocol: UInt16) throws(SystemError) {
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = `protocol`.bigEndian
        address.sll_ifindex = interface.index
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(rawValue, $0, socklen_t(MemoryLayout<sockaddr_ll>.size))
            }
        }
        guard result == 0 else { throw .last("bind") }
    }
}
