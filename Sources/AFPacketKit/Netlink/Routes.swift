internal import CShim
import Glibc

/// The way of a datagram out of this host, as the kernel would send it now. RTM_GETROUTE, rtnetlink(7)
public struct Route: Hashable, Sendable {
    /// The index of the interface that it leaves by.
    public let interfaceIndex: CInt
    /// The source address that it gets; nil if there is none.
    public let source: IPAddress?
    /// The router that it is sent to; nil if its destination is on the link.
    public let router: IPAddress?
    /// The kind of a route's destination.
    public enum Kind: Hashable, Sendable {
        /// To a host.
        case unicast
        /// To this host itself.
        case local
        /// To a broadcast or multicast address.
        case group
        /// Nowhere: the administrator forbids it.
        case none
    }

    /// The kind of its destination.
    public let kind: Kind

    /// The host of this link that it is sent to.
    public func nextHop(to destination: IPAddress) -> IPAddress { router ?? destination }

    /// Asks the kernel for the route to an address.
    ///
    /// - Parameters:
    ///   - interface: the interface to send by; nil for any.
    ///   - source: the source address; nil for the kernel's choice.
    ///   - isAsConfigured: whether only a route of the tables will do. Else the kernel takes every address that has none
    ///     for one on the link of `interface`. RTM_F_FIB_MATCH, Linux 4.13
    /// - Throws: `SystemError` of netlink: ENETUNREACH or EHOSTUNREACH if there is no route.
    public init(
        to destination: IPAddress, by interface: NetworkInterface? = nil, from source: IPAddress? = nil,
        isAsConfigured: Bool = false
    ) throws(SystemError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let sequence = socket.nextSequence()
        let bytes = destination.bytes
        var header = rtmsg()
        header.rtm_family = UInt8(destination.family)
        header.rtm_dst_len = UInt8(bytes.count * 8)
        if isAsConfigured { header.rtm_flags = UInt32(RTM_F_FIB_MATCH) }
        var attributes = NetlinkAttributes()
        attributes.add(Int(RTA_DST.rawValue), bytes: bytes)
        if let interface { attributes.add(Int(RTA_OIF.rawValue), UInt32(interface.index)) }
        if let source {
            header.rtm_src_len = UInt8(bytes.count * 8)
            attributes.add(Int(RTA_SRC.rawValue), bytes: source.bytes)
        }
        let request = unsafe netlinkMessage(
            type: UInt16(RTM_GETROUTE), flags: NLM_F_REQUEST, sequence: sequence,
            withUnsafeBytes(of: header) { unsafe Array($0) } + attributes.bytes)
        let exchange = NetlinkExchange(operation: "RTM_GETROUTE", kind: .get, sequence: sequence)
        var route: Route?
        try socket.ask(exchange, request) { route = Route(message: $0) }
        guard let route else { throw SystemError("RTM_GETROUTE", .malformedMessage) }
        self = route
    }

    /// Parses a message, which continues with struct rtmsg from its fifth byte on, then attributes; nil if it is none.
    init?(message content: Span<UInt8>) {
        let fixedSize = MemoryLayout<rtmsg>.size - 4
        guard content.count >= fixedSize else { return nil }
        let type = content[3]
        var (interface, source, router): (CInt?, IPAddress?, IPAddress?) = (nil, nil, nil)
        content.extracting(fixedSize..<content.count).forEachAttribute { type, payload in
            switch type {
            case Int(RTA_OIF.rawValue): interface = payload.load(CInt.self, at: 0)
            case Int(RTA_PREFSRC.rawValue): source = IPAddress(bytes: payload)
            case Int(RTA_GATEWAY.rawValue): router = IPAddress(bytes: payload)
            // RTA_VIA: struct rtvia, a family and an address of that family.
            case 18 where payload.count > 2: router = IPAddress(bytes: payload.extracting(2..<payload.count))
            default: break
            }
        }
        guard let interface else { return nil }
        (interfaceIndex, self.source, self.router) = (interface, source, router)
        kind =
            switch Int(type) {
            case Int(RTN_UNICAST): .unicast
            case Int(RTN_LOCAL): .local
            case Int(RTN_BROADCAST), Int(RTN_ANYCAST), Int(RTN_MULTICAST): .group
            default: .none
            }
    }
}

extension NetworkInterface {
    /// The MAC address that the kernel knows of a host on this link; nil if it knows none. RTM_GETNEIGH, rtnetlink(7)
    ///
    /// - Throws: `SystemError` of netlink.
    public func neighbour(_ address: IPAddress) throws(SystemError) -> MACAddress? {
        try NetlinkSocket.repeating { () throws(SystemError) in
            var socket = try NetlinkSocket(NETLINK_ROUTE)
            let sequence = socket.nextSequence()
            var header = ndmsg()
            header.ndm_family = UInt8(address.family)
            let request = unsafe netlinkMessage(
                type: UInt16(RTM_GETNEIGH), flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: sequence,
                withUnsafeBytes(of: header) { unsafe Array($0) })
            let exchange = NetlinkExchange(
                operation: "RTM_GETNEIGH", kind: .dump, sequence: sequence, skipped: 0)
            var found: MACAddress?
            try socket.ask(exchange, request) { content in
                if let address = neighbourAddress(in: content, of: address, on: index) { found = address }
            }
            return found
        }
    }

    /// Has the kernel look for the MAC address of a host on this link, if it does not know it, and waits for it.
    ///
    /// - Parameter timeout: nanoseconds to wait.
    /// - Returns: nil if nobody answers.
    /// - Throws: `SystemError` of netlink or of the socket.
    public func resolve(_ address: IPAddress, within timeout: Int64) throws(SystemError) -> MACAddress? {
        if let known = try neighbour(address) { return known }
        // An empty datagram to the discard port: the kernel has to know the address to send it. RFC 863
        var options = DatagramSocket.Options(timestamping: [])
        options.interface = self
        let socket = try DatagramSocket.udp(to: address, port: 9, options)
        let end = MonotonicTime.now() + timeout
        _ = try? socket.send([0].span)
        while MonotonicTime.now() < end {
            if let found = try neighbour(address) { return found }
            var poll = PollSet()
            try poll.wait(until: .now() + 5_000_000)
        }
        return nil
    }
}

/// The MAC address in a message about a neighbour; nil if it is about another one, or the address is not known. The
/// message begins with struct ndmsg, then attributes.
func neighbourAddress(in content: Span<UInt8>, of address: IPAddress, on interfaceIndex: CInt) -> MACAddress?
{
    let fixedSize = MemoryLayout<ndmsg>.size
    // NUD_INCOMPLETE and NUD_FAILED have none that is valid.
    guard content.count >= fixedSize, content.load(CInt.self, at: 4) == interfaceIndex,
        let state = content.load(UInt16.self, at: 8), state & 0x21 == 0
    else { return nil }
    var (isOfAddress, found): (Bool, MACAddress?) = (false, nil)
    content.extracting(fixedSize..<content.count).forEachAttribute { type, payload in
        switch type {
        case Int(NDA_DST): isOfAddress = IPAddress(bytes: payload) == address
        case Int(NDA_LLADDR) where payload.count == 6:
            found = MACAddress((0..<6).reduce(0) { $0 << 8 | UInt64(payload[$1]) })
        default: break
        }
    }
    return isOfAddress ? found : nil
}
