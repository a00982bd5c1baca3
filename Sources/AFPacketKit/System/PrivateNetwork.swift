internal import CShim
import Glibc

/// A network namespace of this process alone, which ends with it. network_namespaces(7)
package enum PrivateNetwork {
    /// Moves this process, which must still be single-threaded, into a network namespace of its own, with a veth pair
    /// whose two interfaces are up.
    ///
    /// - Throws: `SystemError`: of `unshare` with `notPermitted` if CAP_SYS_ADMIN is missing and user namespaces are
    ///   not allowed.
    package static func enter(
        joining first: String, _ second: String
    ) throws(SystemError) -> (NetworkInterface, NetworkInterface) {
        try ThisProcess.using([.sysAdmin, .netAdmin]) { () throws(SystemError) in
            try makeAndJoin(first, second)
        }
    }

    private static func makeAndJoin(
        _ first: String, _ second: String
    ) throws(SystemError) -> (NetworkInterface, NetworkInterface) {
        let (user, group) = (geteuid(), getegid())
        if cshim_unshare_network(false) != 0 {
            // Anybody may be root in a user namespace, and so are child processes. user_namespaces(7)
            guard cshim_unshare_network(true) == 0 else { throw .last("unshare") }
            try write("deny", to: "/proc/self/setgroups")
            try write("0 \(user) 1", to: "/proc/self/uid_map")
            try write("0 \(group) 1", to: "/proc/self/gid_map")
        }
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        try join(first, second, &socket)
        for name in [first, second] {
            try setUp(try NetworkInterface(named: name), &socket)
        }
        return (try NetworkInterface(named: first), try NetworkInterface(named: second))
    }

    private static func write(_ text: String, to path: String) throws(SystemError) {
        // The kernel takes such a file's text at once.
        _ = try OutputFile(path: path).write(Array(text.utf8).span)
    }

    /// Creates the pair. rtnetlink(7), linux/veth.h
    private static func join(
        _ first: String, _ second: String, _ socket: inout NetlinkSocket
    ) throws(SystemError) {
        var attributes = NetlinkAttributes()
        attributes.add(Int(IFLA_IFNAME), first)
        attributes.add(Int(IFLA_LINKINFO)) { link in
            link.add(Int(IFLA_INFO_KIND), "veth")
            link.add(Int(IFLA_INFO_DATA)) { pair in
                var peer = NetlinkAttributes()
                peer.add(Int(IFLA_IFNAME), second)
                pair.add(Int(VETH_INFO_PEER), bytes: header(ifinfomsg()) + peer.bytes)
            }
        }
        try socket.order(
            "RTM_NEWLINK", UInt16(RTM_NEWLINK), flags: NLM_F_CREATE | NLM_F_EXCL,
            header(ifinfomsg()) + attributes.bytes)
    }

    private static func setUp(
        _ interface: NetworkInterface, _ socket: inout NetlinkSocket
    ) throws(SystemError) {
        var change = ifinfomsg()
        change.ifi_index = interface.index
        change.ifi_flags = CUnsignedInt(IFF_UP)
        change.ifi_change = CUnsignedInt(IFF_UP)
        try socket.order("RTM_NEWLINK", UInt16(RTM_NEWLINK), flags: 0, header(change))
    }

    /// The header in front of the attributes of a message about an interface.
    private static func header(_ fields: ifinfomsg) -> [UInt8] {
        unsafe withUnsafeBytes(of: fields) { unsafe Array($0) }
    }
}
