import AFPacketKit

/// Frame shapes that NICs timestamp differently.
enum TrialShape: String, CaseIterable {
    /// A bare Ethernet frame.
    case plain
    /// The same with a tag of VLAN 0, which every port lets through because it is in no VLAN.
    case vlan
    /// A PTP event message over Ethernet.
    case ptpOverEthernet = "ptp-l2"
    /// A PTP event message over UDP.
    case ptpOverUDP = "ptp-udp"

    func frame(from source: MACAddress, to group: MACAddress) -> FrameShape {
        var shape = FrameShape(
            destination: group, source: source, carrier: .ethernet(.localExperimental1))
        switch self {
        case .plain: break
        case .vlan: shape.vlan = VLANTag(identifier: 0)
        case .ptpOverEthernet:
            shape.carrier = .ethernet(PTPHeader.etherType)
            shape.ptp = .enclosed
        case .ptpOverUDP:
            // From an unused address (TEST-NET-1, RFC 5737) to the group of PTP's peer delay messages, which no router
            // forwards.
            shape.carrier = .udp4(
                UDPFlow(
                    source: IPv4Address(0xc000_0201), sourcePort: PTPHeader.eventPort,
                    destination: IPv4Address(0xe000_006b), destinationPort: PTPHeader.eventPort))
            shape.ptp = .enclosed
        }
        return shape
    }

    /// The filter of a socket that receives them.
    func filter(to group: MACAddress) -> SocketFilter {
        switch self {
        case .plain, .vlan: .frames(of: .localExperimental1, to: [group])
        case .ptpOverEthernet: .frames(of: PTPHeader.etherType, to: [group])
        case .ptpOverUDP: .datagrams(to: PTPHeader.eventPort, destinations: [group])
        }
    }

    /// The NIC filters that have them stamped, the narrowest first.
    var receiveFilters: [ReceiveFilter] {
        switch self {
        case .plain, .vlan: [.everything]
        case .ptpOverEthernet: .delayRequestsOverEthernet
        case .ptpOverUDP: .delayRequestsOverUDP
        }
    }
}
