internal import CShim
import Glibc

/// An ordinary UDP socket that owns a port and drops whatever comes to it, so that the kernel does not
/// answer with ICMP port unreachable the datagrams that a packet socket reads. udp(7)
public struct PortGuard: ~Copyable, Sendable {
    private let descriptor: Descriptor?

    /// Takes the port on all addresses of both IP versions. Where another program has it already there is
    /// nothing to do: then the port is reachable.
    ///
    /// - Throws: `SystemError` of the call that failed.
    public init(port: UInt16) throws(SystemError) {
        do throws(SystemError) {
            descriptor = try Self.open(port)
        } catch  where error.code == .addressInUse {
            descriptor = nil
        }
    }

    private static func open(_ port: UInt16) throws(SystemError) -> Descriptor {
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor: Descriptor
        let isDual: Bool
        do throws(SystemError) {
            descriptor = try Descriptor("socket", socket(AF_INET6, type, 0))
            isDual = true
        } catch  where error.code == .familyNotSupported {
            descriptor = try Descriptor("socket", socket(AF_INET, type, 0))
            isDual = false
        }
        try SocketFilter.rejectAll.attach(to: descriptor)
        if isDual {
            try descriptor.setOption("IPV6_V6ONLY", CInt(IPPROTO_IPV6), IPV6_V6ONLY, to: CInt(0))
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            try bind(descriptor, &address)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            try bind(descriptor, &address)
        }
        return descriptor
    }

    private static func bind<Address>(
        _ descriptor: borrowing Descriptor, _ address: inout Address
    ) throws(SystemError) {
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor.rawValue, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard result == 0 else { throw .last("bind") }
    }
}
