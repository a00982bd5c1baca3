internal import CShim
import Glibc

/// Tells that something has changed in a link of this network namespace: a carrier, a name, an address, an MTU, the
/// active port of a bond. rtnetlink(7)
public struct LinkWatch: ~Copyable {
    private let socket: NetlinkSocket

    /// Opens the watch. Needs no privilege.
    ///
    /// - Parameter includesRoutes: whether routes and neighbours are watched, too.
    /// - Throws: `SystemError` of the call that failed.
    public init(includesRoutes: Bool = false) throws(SystemError) {
        let socket = try NetlinkSocket(NETLINK_ROUTE)
        // RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR
        for group in [1, 5, 9] as [CInt] { try socket.join(group) }
        // RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE
        if includesRoutes { for group in [3, 7, 11] as [CInt] { try socket.join(group) } }
        self.socket = socket
    }

    /// The descriptor, which is ready to be read after a change.
    var descriptor: CInt { socket.rawDescriptor }

    /// Discards what has been told so far: what has changed is read anew from the kernel.
    public func drain() { socket.discard() }
}
