internal import CShim
import Glibc

/// An Internet address of an interface, and the network on its link.
public struct InterfaceAddress: Hashable, Sendable {
    /// The address of this host.
    public let own: IPAddress
    /// The network that it makes known; of the other end of a point-to-point link.
    public let network: InternetNetwork

    /// Creates an address.
    public init(_ own: IPAddress, _ network: InternetNetwork) { (self.own, self.network) = (own, network) }
}

extension NetworkInterface {
    /// The Internet addresses of the interface with their networks, in the kernel's order. RTM_GETADDR, rtnetlink(7)
    ///
    /// - Throws: `SystemError` of netlink.
    public func interfaceAddresses() throws(SystemError) -> [InterfaceAddress] {
        try NetlinkSocket.repeating { () throws(SystemError) in
            var socket = try NetlinkSocket(NETLINK_ROUTE)
            let sequence = socket.nextSequence()
            let request = unsafe netlinkMessage(
                type: UInt16(RTM_GETADDR), flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: sequence,
                withUnsafeBytes(of: ifaddrmsg()) { unsafe Array($0) })
            let exchange = NetlinkExchange(
                operation: "RTM_GETADDR", kind: .dump, sequence: sequence, skipped: 0)
            var addresses: [InterfaceAddress] = []
            try socket.ask(exchange, request) { content in
                if let address = InterfaceAddress(message: content, of: index) { addresses.append(address) }
            }
            return addresses
        }
    }

    /// Returns whether a route says that an address is on this interface's link, without a router. RTM_GETROUTE,
    /// rtnetlink(7)
    ///
    /// - Throws: `SystemError` of netlink: ENETUNREACH or EHOSTUNREACH if there is no route.
    public func isOnLink(_ address: IPAddress) throws(SystemError) -> Bool {
        // Of two interfaces in one network this one.
        let route = try Route(to: address, by: self, isAsConfigured: true)
        return route.interfaceIndex == index && route.router == nil && route.kind == .unicast
    }
}

extension InterfaceAddress {
    /// Parses a message: struct ifaddrmsg, then attributes; nil if it is about another interface.
    init?(message: Span<UInt8>, of interfaceIndex: CInt) {
        let fixedSize = MemoryLayout<ifaddrmsg>.size
        guard message.count >= fixedSize, message.load(CInt.self, at: 4) == interfaceIndex else { return nil }
        let prefixLength = Int(message[1])
        var (own, base): (IPAddress?, IPAddress?) = (nil, nil)
        message.extracting(fixedSize..<message.count).forEachAttribute { type, payload in
            switch type {
            case Int(IFA_LOCAL): own = IPAddress(bytes: payload)
            case Int(IFA_ADDRESS): base = IPAddress(bytes: payload)
            default: break
            }
        }
        // IPv6 tells a local address only where it is another one: on a point-to-point link.
        guard let base = base ?? own else { return nil }
        self.init(own ?? base, InternetNetwork(base, prefixLength: prefixLength))
    }
}

extension IPAddress {
    /// The address in network order.
    var bytes: [UInt8] {
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
            unsafe withUnsafeBytes(of: number.bigEndian) { unsafe Array($0) }
        }
        return switch self {
        case .v4(let address): bytes(address.value)
        case .v6(let address): bytes(address.high) + bytes(address.low)
        }
    }

    /// Reads an address in network order; nil if it has the length of no version.
    init?(bytes: Span<UInt8>) {
        switch bytes.count {
        case 4:
            guard let value = bytes.load(UInt32.self, at: 0) else { return nil }
            self = .v4(IPv4Address(UInt32(bigEndian: value)))
        case 16:
            guard let high = bytes.load(UInt64.self, at: 0), let low = bytes.load(UInt64.self, at: 8) else {
                return nil
            }
            self = .v6(IPv6Address(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)))
        default: return nil
        }
    }
}
