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

    /// Returns whether the kernel sends to an address through this interface, without a router. RTM_GETROUTE,
    /// rtnetlink(7)
    ///
    /// - Throws: `SystemError` of netlink: `ENETUNREACH` if there is no route.
    public func isOnLink(_ address: IPAddress) throws(SystemError) -> Bool {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let sequence = socket.nextSequence()
        let bytes = address.bytes
        var header = rtmsg()
        header.rtm_family = UInt8(address.isVersion4 ? AF_INET : AF_INET6)
        header.rtm_dst_len = UInt8(bytes.count * 8)
        var attributes = NetlinkAttributes()
        attributes.add(Int(RTA_DST.rawValue), bytes: bytes)
        // Of two interfaces in one network this one.
        attributes.add(Int(RTA_OIF.rawValue), UInt32(index))
        let request = unsafe netlinkMessage(
            type: UInt16(RTM_GETROUTE), flags: NLM_F_REQUEST, sequence: sequence,
            withUnsafeBytes(of: header) { unsafe Array($0) } + attributes.bytes)
        let exchange = NetlinkExchange(operation: "RTM_GETROUTE", kind: .get, sequence: sequence)
        var isOnLink = false
        try socket.ask(exchange, request) { isOnLink = isDirectRoute($0, by: index) }
        return isOnLink
    }
}

/// Returns whether a message tells of a route to a host, through an interface and no router. The message continues with
/// struct rtmsg from its fifth byte on, then attributes.
func isDirectRoute(_ content: Span<UInt8>, by interfaceIndex: CInt) -> Bool {
    let fixedSize = MemoryLayout<rtmsg>.size - 4
    guard content.count >= fixedSize, content[3] == UInt8(RTN_UNICAST) else { return false }
    var (isThrough, hasRouter) = (false, false)
    content.extracting(fixedSize..<content.count).forEachAttribute { type, payload in
        switch type {
        case Int(RTA_OIF.rawValue): isThrough = payload.load(CInt.self, at: 0) == interfaceIndex
        case Int(RTA_GATEWAY.rawValue), 18: hasRouter = true  // RTA_VIA
        default: break
        }
    }
    return isThrough && !hasRouter
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
