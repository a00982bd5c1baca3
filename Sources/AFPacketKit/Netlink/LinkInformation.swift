internal import CShim
import Glibc

/// The kernel's description of a link. RTM_GETLINK, rtnetlink(7)
struct LinkInformation: Equatable {
    /// The kind of a device made by software, such as `vlan` or `bond`; nil for a NIC. IFLA_INFO_KIND
    var kind: String?
    /// The index of the device below, in the network namespace that that device is in. IFLA_LINK
    var lower: CInt?
    /// Tells whether that is another network namespace. IFLA_LINK_NETNSID
    var isLowerElsewhere = false
    /// The index of the port that a bond sends by; nil if it has none or uses several, as in all modes but
    /// active-backup. IFLA_BOND_ACTIVE_SLAVE
    var activePort: CInt?
    /// The name. IFLA_IFNAME
    var name: String?
    /// The index of the bridge or the bond of which it is a port. IFLA_MASTER
    var master: CInt?

    /// The number of times that it has lost its carrier; nil before Linux 4.16. IFLA_CARRIER_DOWN_COUNT
    var carrierLosses: UInt32?

    /// - Throws: `SystemError` of netlink; `noSuchDevice` if this network namespace has no such link.
    init(index: CInt) throws(SystemError) {
        var socket = try NetlinkSocket(NETLINK_ROUTE)
        let sequence = socket.nextSequence()
        var header = ifinfomsg()
        header.ifi_index = index
        let request = unsafe netlinkMessage(
            type: UInt16(RTM_GETLINK), flags: NLM_F_REQUEST, sequence: sequence,
            withUnsafeBytes(of: header) { unsafe Array($0) })
        let exchange = NetlinkExchange(operation: "RTM_GETLINK", kind: .get, sequence: sequence)
        var answer: LinkInformation?
        try socket.ask(exchange, request) { answer = LinkInformation(message: $0) }
        guard let answer else { throw SystemError("RTM_GETLINK", .malformedMessage) }
        self = answer
    }

    /// Parses a message, which continues with struct ifinfomsg from the index on, then attributes; nil if it is too
    /// short.
    init?(message: Span<UInt8>) {
        let fixedSize = MemoryLayout<ifinfomsg>.size - 4
        guard message.count >= fixedSize else { return nil }
        var (kind, lower, isElsewhere, port): (String?, CInt?, Bool, CInt?) = (nil, nil, false, nil)
        var (name, master): (String?, CInt?) = (nil, nil)
        var (mode, losses): (UInt8?, UInt32?) = (nil, nil)
        let activeBackup: UInt8 = 1
        message.extracting(fixedSize..<message.count).forEachAttribute { type, payload in
            switch type {
            case Int(IFLA_LINK): lower = payload.load(CInt.self, at: 0)
            case Int(IFLA_IFNAME): name = payload.netlinkString
            case Int(IFLA_MASTER): master = payload.load(CInt.self, at: 0)
            case 37: isElsewhere = true  // IFLA_LINK_NETNSID
            case 48: losses = payload.load(UInt32.self, at: 0)  // IFLA_CARRIER_DOWN_COUNT
            case Int(IFLA_LINKINFO):
                payload.forEachAttribute { type, payload in
                    switch type {
                    case 1: kind = payload.netlinkString  // IFLA_INFO_KIND
                    // IFLA_INFO_DATA; its numbers have other meanings in other kinds, for which this is not used.
                    case 2:
                        payload.forEachAttribute { type, payload in
                            if type == Int(IFLA_BOND_MODE) { mode = payload.load(UInt8.self, at: 0) }
                            if type == Int(IFLA_BOND_ACTIVE_SLAVE) { port = payload.load(CInt.self, at: 0) }
                        }
                    default: break
                    }
                }
            default: break
            }
        }
        (self.name, self.master, carrierLosses) = (name, master, losses)
        self.kind = kind
        self.lower = lower
        isLowerElsewhere = isElsewhere
        activePort = kind == "bond" && mode == activeBackup ? port : nil
    }
}

extension NetworkInterface {
    /// The number of times that it has lost its carrier since it was made; nil if the kernel does not tell. It counts
    /// losses that the kernel does not announce, because the carrier was back within a second.
    public var carrierLosses: UInt32? {
        (try? NetlinkSocket.repeating { () throws(SystemError) in try LinkInformation(index: index) })?
            .carrierLosses
    }

    /// The names of the ports of a bridge or a bond that are in this network namespace, in the kernel's order; none for
    /// another interface. RTM_GETLINK, rtnetlink(7)
    ///
    /// - Throws: `SystemError` of netlink.
    public func ports() throws(SystemError) -> [String] {
        try NetlinkSocket.repeating { () throws(SystemError) in
            var socket = try NetlinkSocket(NETLINK_ROUTE)
            let sequence = socket.nextSequence()
            let request = unsafe netlinkMessage(
                type: UInt16(RTM_GETLINK), flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: sequence,
                withUnsafeBytes(of: ifinfomsg()) { unsafe Array($0) })
            let exchange = NetlinkExchange(operation: "RTM_GETLINK", kind: .dump, sequence: sequence)
            var names: [String] = []
            try socket.ask(exchange, request) { content in
                guard let link = LinkInformation(message: content), link.master == index else { return }
                if let name = link.name { names.append(name) }
            }
            return names
        }
    }
}
