internal import CShim
import Glibc

/// Sockets for UDP datagrams and ICMP echo messages to one host, with stamps. They need no privilege. udp(7), icmp(7)
///
/// An error that the network returns about a datagram (ICMP) comes as a message of the error queue, like a completion:
/// `Ancillary.networkError`.
public enum DatagramSocket {
    /// Options of a socket.
    public struct Options: Sendable {
        /// The stamps to request.
        public var timestamping: TimestampingFlags
        /// The source address; nil for the kernel's choice.
        public var source: IPAddress?
        /// The interface to send and receive by, whatever the routes say; nil for the kernel's choice.
        public var interface: NetworkInterface?
        /// The interface that a link-local address is on; nil for the one to send by.
        public var zone: NetworkInterface?
        /// The IPv4 time to live, or the IPv6 hop limit; nil for the system's.
        public var hopLimit: Int?
        /// The differentiated services code point, 0…63. RFC 2474
        public var dscp = 0
        /// Tells whether routers may not divide datagrams into fragments, nor may this host. IP_PMTUDISC_DO
        public var forbidsFragments = false
        /// The class for the packet scheduler, 0…15. SO_PRIORITY
        public var priority: Int?

        /// Creates options with these stamps.
        public init(timestamping: TimestampingFlags) { self.timestamping = timestamping }
    }

    /// Opens a UDP socket that sends to a port of a host, from any of this one's, and receives what comes from there.
    ///
    /// - Throws: `SystemError` of the call that failed: of `connect` with ENETUNREACH if there is no route.
    public static func udp(
        to host: IPAddress, port: UInt16, _ options: Options
    ) throws(SystemError) -> TimestampedSocket {
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = try Descriptor("socket(UDP)", socket(host.family, type, 0))
        return try connect(descriptor, to: host, port, options)
    }

    /// Opens a socket for ICMP echo requests to a host, and its replies: a ping socket, whose identifier the kernel
    /// chooses; where the system forbids those, a raw socket, which gets every ICMP message of that host.
    ///
    /// Messages begin with the ICMP header; those that a raw socket receives (`TimestampedSocket.isRawICMP`) begin with
    /// the IP header, if that is IPv4.
    /// - Throws: `SystemError`: of `socket(ICMP)` with `accessDenied` if net.ipv4.ping_group_range excludes this user
    ///   and CAP_NET_RAW is missing; else as `udp`.
    public static func echo(
        to host: IPAddress, _ options: Options
    ) throws(SystemError) -> TimestampedSocket {
        let number = host.isVersion4 ? CInt(IPPROTO_ICMP) : CInt(IPPROTO_ICMPV6)
        let (flags, family) = (CInt(SOCK_CLOEXEC.rawValue), host.family)
        let descriptor: Descriptor
        var isRaw = false
        do throws(SystemError) {
            descriptor = try Descriptor(
                "socket(ICMP)", socket(family, CInt(SOCK_DGRAM.rawValue) | flags, number))
        } catch  where error.code == .accessDenied && ThisProcess.has(.netRaw) {
            let result = ThisProcess.using([.netRaw]) {
                socket(family, CInt(SOCK_RAW.rawValue) | flags, number)
            }
            descriptor = try Descriptor("socket(ICMP, raw)", result)
            isRaw = true
        }
        // Who connects such a socket gets replies of any host all the same.
        try SocketFilter.packets(from: host).attach(to: descriptor)
        return try connect(descriptor, to: host, 0, options, isRaw: isRaw)
    }

    private static func connect(
        _ descriptor: consuming Descriptor, to host: IPAddress, _ port: UInt16, _ options: Options,
        isRaw: Bool = false
    ) throws(SystemError) -> TimestampedSocket {
        let isV4 = host.isVersion4
        let level = isV4 ? CInt(IPPROTO_IP) : CInt(IPPROTO_IPV6)
        if let interface = options.interface {
            try descriptor.bind(toDevice: interface.name)
        }
        if let limit = options.hopLimit {
            try descriptor.setOption(
                "IP_TTL", level, isV4 ? IP_TTL : IPV6_UNICAST_HOPS, to: CInt(limit))
        }
        if options.dscp != 0 {
            try descriptor.setOption(
                "IP_TOS", level, isV4 ? IP_TOS : IPV6_TCLASS, to: CInt(options.dscp << 2))
        }
        if options.forbidsFragments {
            try descriptor.setOption(
                "IP_MTU_DISCOVER", level, isV4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, to: CInt(2))
        }
        if let priority = options.priority {
            try ThisProcess.using([.netAdmin]) { () throws(SystemError) in
                try descriptor.setOption("SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, to: CInt(priority))
            }
        }
        // The network's errors, with the datagram that they are about.
        try descriptor.setOption("IP_RECVERR", level, isV4 ? IP_RECVERR : IPV6_RECVERR, to: CInt(1))
        try descriptor.setOption(
            "SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO,
            to: timeval(tv_sec: 0, tv_usec: Int(TimestampedSocket.maxWait / 1000)))
        let granted = try descriptor.enableTimestamping(options.timestamping)
        descriptor.enlargeReceiveQueue(to: 1 << 20)
        let scope = (options.zone ?? options.interface).map { UInt32($0.index) } ?? 0
        if let source = options.source {
            let number = descriptor.rawValue
            let result = unsafe source.withSocketAddress(port: 0, scope: scope) {
                unsafe bind(number, $0, $1)
            }
            guard result == 0 else { throw .last("bind") }
        }
        let number = descriptor.rawValue
        let result = unsafe host.withSocketAddress(port: port, scope: scope) {
            unsafe Glibc.connect(number, $0, $1)
        }
        guard result == 0 else { throw .last("connect") }
        return TimestampedSocket(
            descriptor: descriptor, timestamping: granted, isDatagram: true, isRawICMP: isRaw)
    }
}

/// An error that the network, or this host's kernel, returned about a datagram. struct sock_extended_err
public struct NetworkError: Hashable, Sendable {
    /// The reason: ECONNREFUSED for a port that nobody has, EHOSTUNREACH for a host, for instance.
    public let code: ErrorCode
    /// The kinds of errors that ICMP tells apart, and errno does not. RFC 792, RFC 4443
    public enum Detail: Hashable, Sendable {
        /// Nothing.
        case none
        /// The time to live, or the hop limit, was used up on the way.
        case timeExceeded
        /// An administrator forbids it.
        case prohibited
    }
    /// The kind of the error, beyond the reason.
    public let detail: Detail
}

extension Ancillary {
    /// The error of the network about the datagram of this message; nil if it tells none.
    public var networkError: NetworkError? {
        guard Self.originsOfNetwork.contains(error.origin), !isRedirect, !isSourceQuench else { return nil }
        let detail: NetworkError.Detail =
            switch (error.origin, error.type, error.code) {
            case (2, 11, 0), (3, 3, 0): .timeExceeded
            case (2, 3, 9...10), (2, 3, 13), (3, 1, 1): .prohibited
            default: .none
            }
        return NetworkError(code: ErrorCode(rawValue: CInt(bitPattern: error.number)), detail: detail)
    }

    /// SO_EE_ORIGIN_LOCAL, _ICMP and _ICMP6, linux/errqueue.h
    private static let originsOfNetwork: ClosedRange<UInt8> = 1...3

    /// Tells whether a router names a better one for this datagram, which it has forwarded all the same. ICMP redirect,
    /// RFC 792, RFC 4861
    public var isRedirect: Bool {
        (error.origin, error.type) == (2, 5) || (error.origin, error.type) == (3, 137)
    }

    /// RFC 6633: to be ignored.
    private var isSourceQuench: Bool { (error.origin, error.type) == (2, 4) }
}

extension IPAddress {
    var family: CInt { isVersion4 ? AF_INET : AF_INET6 }

    /// Calls `body` with the address as a socket address.
    func withSocketAddress<Result>(
        port: UInt16, scope: UInt32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        switch self {
        case .v4(let host):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = host.value.bigEndian
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .v6(let host):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = host.inAddress
            if host.isLinkLocal || host.isGroup { address.sin6_scope_id = scope }
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }
}

extension Descriptor {
    /// Has everything pass through one interface. Before Linux 5.7 it needs CAP_NET_RAW. SO_BINDTODEVICE
    fileprivate func bind(toDevice name: String) throws(SystemError) {
        let bytes = Array(name.utf8)
        let number = rawValue
        let result = ThisProcess.using([.netRaw]) {
            unsafe setsockopt(number, SOL_SOCKET, SO_BINDTODEVICE, bytes, socklen_t(bytes.count))
        }
        guard result == 0 else { throw .last("SO_BINDTODEVICE") }
    }
}
