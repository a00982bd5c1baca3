internal import CShim
import Glibc

/// Ordinary UDP sockets that own a port and drop its datagrams, so that the kernel does not answer with ICMP port
/// unreachable the datagrams that a packet socket reads. udp(7)
public struct PortGuard: ~Copyable, Sendable {
    private let v4: Descriptor
    /// nil if the kernel has no IPv6.
    private let v6: Descriptor?

    /// Binds the port on all addresses of both IP versions, shared with other guards of that port.
    ///
    /// - Parameter tellsErrors: whether to keep what the network says about datagrams sent from this port, by whatever
    ///   socket of this host: see `takeReturned`. IP_RECVERR, ip(7)
    /// - Throws: `SystemError` of the call that failed: of `bind(UDP)` with `addressInUse` if a program has the port
    ///   on some address and does not share it, with `accessDenied` if the port is below 1024 and CAP_NET_BIND_SERVICE
    ///   is missing.
    public init(port: UInt16, tellsErrors: Bool = false) throws(SystemError) {
        let v4 = try Self.open(AF_INET)
        if tellsErrors {
            try v4.setOption("IP_RECVERR", CInt(IPPROTO_IP), IP_RECVERR, to: CInt(1))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        try Self.bind(v4, &address)
        v6 = try Self.guardV6(port, tellsErrors: tellsErrors)
        self.v4 = v4
    }

    private static func guardV6(_ port: UInt16, tellsErrors: Bool) throws(SystemError) -> Descriptor? {
        let descriptor: Descriptor
        do throws(SystemError) { descriptor = try open(AF_INET6) } catch
            where error.code == .familyNotSupported
        {
            return nil
        }
        try descriptor.setOption("IPV6_V6ONLY", CInt(IPPROTO_IPV6), IPV6_V6ONLY, to: CInt(1))
        if tellsErrors {
            try descriptor.setOption("IPV6_RECVERR", CInt(IPPROTO_IPV6), IPV6_RECVERR, to: CInt(1))
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        try bind(descriptor, &address)
        return descriptor
    }

    /// A datagram that the network returned.
    public struct Returned: Sendable {
        /// The reason.
        public let error: NetworkError
        /// The beginning of its payload, as far as the network returned it: 128 bytes at most.
        public let payload: [UInt8]
    }

    /// Removes and returns the datagrams that the network returned by ICMP, oldest first.
    public func takeReturned() -> [Returned] {
        let returned = Self.takeReturned(v4)
        return switch v6 {
        case .some(let v6): returned + Self.takeReturned(v6)
        case .none: returned
        }
    }

    private static func takeReturned(_ descriptor: borrowing Descriptor) -> [Returned] {
        // If the queue overflowed, the socket has an error without a message, which would keep it ready.
        var code: CInt = 0
        _ = try? descriptor.getOption("SO_ERROR", SOL_SOCKET, SO_ERROR, into: &code)
        var batch = MessageBatch(capacity: 64, frameCapacity: 128)
        var returned: [Returned] = []
        // The queue of the socket holds fewer.
        for _ in 0..<64 {
            guard (try? batch.receive(from: descriptor, flags: CInt(MSG_ERRQUEUE))) != nil, batch.count > 0
            else { break }
            for index in 0..<batch.count {
                guard let error = batch.ancillary(at: index).networkError else { continue }
                let payload = batch.frame(at: index)
                returned.append(Returned(error: error, payload: payload.indices.map { payload[$0] }))
            }
        }
        return returned
    }

    /// Adds the error queues to a poll set: that of IPv4, and that of IPv6 if there is one.
    public func watchReturned(in poll: inout PollSet, as nameV4: PollSet.Members, _ nameV6: PollSet.Members) {
        poll.addErrorQueue(of: v4, as: nameV4)
        switch v6 {
        case .some(let v6): poll.addErrorQueue(of: v6, as: nameV6)
        case .none: break
        }
    }

    private static func open(_ family: CInt) throws(SystemError) -> Descriptor {
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = try Descriptor("socket", socket(family, type, 0))
        try SocketFilter.rejectAll.attach(to: descriptor)
        try descriptor.setOption("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, to: CInt(1))
        return descriptor
    }

    private static func bind<Address>(
        _ descriptor: borrowing Descriptor, _ address: inout Address
    ) throws(SystemError) {
        let number = descriptor.rawValue
        let result = ThisProcess.using([.netBindService]) {
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.bind(number, $0, socklen_t(MemoryLayout<Address>.size))
                }
            }
        }
        guard result == 0 else { throw .last("bind(UDP)") }
    }
}
