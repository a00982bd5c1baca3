internal import CShim
import Glibc

/// A network interface, with its properties at the time of the lookup. netdevice(7)
public struct NetworkInterface: Sendable {
    /// The name, e.g. `eth0`; at most 15 bytes.
    public let name: String
    /// The index, which packet sockets are bound to.
    public let index: CInt
    /// The link-layer address; zero if it has none.
    public let address: MACAddress
    /// The MTU: the max payload of a frame in bytes, without the Ethernet header and a VLAN tag.
    public let mtu: Int
    /// The max length in bytes of a received frame, in which a tag that is not the outermost stays.
    public var maxFrameLength: Int { min(mtu, 65_535) + 22 }
    /// The kind of the link: ARPHRD_ in linux/if_arp.h.
    public let hardwareType: UInt16
    private let flags: UInt32

    /// Tells whether it is up. IFF_UP
    public var isUp: Bool { flags & UInt32(IFF_UP) != 0 }
    /// Tells whether it is up and has a carrier: a cable, a peer, an association. From ETHTOOL_GLINK, which is up to
    /// date at once; if the driver lacks it, from IFF_RUNNING, which may follow a second later.
    public let hasCarrier: Bool
    /// Tells whether it is a loopback interface, which returns everything to this host. IFF_LOOPBACK
    public var isLoopback: Bool { flags & UInt32(IFF_LOOPBACK) != 0 }
    /// Tells whether its frames are Ethernet frames: ARPHRD_ETHER. False for the loopback, which has another type.
    public var isEthernet: Bool { hardwareType == 1 }

    /// An interface with given properties, for tests.
    package init(
        name: String, index: CInt, address: MACAddress, mtu: Int = 1500, isUp: Bool = true
    ) {
        (self.name, self.index, self.address, self.mtu) = (name, index, address, mtu)
        hardwareType = 1
        flags = isUp ? UInt32(IFF_UP) : 0
        hasCarrier = isUp
    }

    /// Looks up an interface in this network namespace.
    ///
    /// - Throws: `SystemError`, with `noSuchDevice` if there is no interface of that name.
    public init(named name: String) throws(SystemError) {
        // A longer name cannot exist, and the kernel would look up its first 15 bytes; it would also accept eth0:1, an
        // obsolete alias, for eth0.
        guard (1..<Int(IFNAMSIZ)).contains(name.utf8.count), !name.utf8.contains(UInt8(ascii: ":")) else {
            throw SystemError("SIOCGIFINDEX", .noSuchDevice)
        }
        let control = try Descriptor("socket", socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0))
        func request(_ operation: StaticString, _ number: CInt) throws(SystemError) -> ifreq {
            var reply = unsafe ifreq()
            guard unsafe cshim_interface_request(control.rawValue, UInt(number), name, &reply) == 0 else {
                throw .last(operation)
            }
            return unsafe reply
        }
        var reply = try unsafe request("SIOCGIFINDEX", SIOCGIFINDEX)
        index = unsafe cshim_ifreq_index(&reply)
        unsafe reply = try unsafe request("SIOCGIFFLAGS", SIOCGIFFLAGS)
        flags = unsafe cshim_ifreq_flags(&reply)
        var link = ethtool_value(cmd: UInt32(ETHTOOL_GLINK), data: 0)
        let isTold =
            unsafe cshim_interface_data_request(control.rawValue, UInt(SIOCETHTOOL), name, &link) == 0
        hasCarrier = isTold ? link.data != 0 : flags & UInt32(IFF_RUNNING) != 0
        unsafe reply = try unsafe request("SIOCGIFMTU", SIOCGIFMTU)
        mtu = unsafe Int(cshim_ifreq_mtu(&reply))
        unsafe reply = try unsafe request("SIOCGIFHWADDR", SIOCGIFHWADDR)
        let hardware = unsafe cshim_ifreq_address(&reply).pointee
        hardwareType = hardware.sa_family
        address = unsafe withUnsafeBytes(of: hardware.sa_data) { bytes in
            unsafe MACAddress(bytes.prefix(6).reduce(0) { $0 << 8 | UInt64($1) })
        }
        self.name = name
    }

    /// Looks up an interface by its index, which survives a rename.
    ///
    /// - Throws: `SystemError`, with `noSuchDevice` if it has gone.
    public init(index: CInt) throws(SystemError) {
        let name = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IFNAMSIZ)) { buffer in
            unsafe if_indextoname(CUnsignedInt(index), buffer.baseAddress).map { unsafe String(cString: $0) }
        }
        guard let name else { throw SystemError("if_indextoname", .noSuchDevice) }
        try self.init(named: name)
        guard self.index == index else { throw SystemError("SIOCGIFINDEX", .noSuchDevice) }
    }

    /// The names of all interfaces of this network namespace, in the kernel's order. if_nameindex(3)
    ///
    /// - Throws: `SystemError` of if_nameindex(3).
    public static func names() throws(SystemError) -> [String] {
        guard let list = unsafe if_nameindex() else { throw .last("if_nameindex") }
        defer { unsafe if_freenameindex(list) }
        var names: [String] = []
        var entry = unsafe list
        while unsafe entry.pointee.if_index != 0, let name = unsafe entry.pointee.if_name {
            unsafe names.append(String(cString: name))
            unsafe entry += 1
        }
        return names
    }
}
