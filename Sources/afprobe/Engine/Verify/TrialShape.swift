import AFPacketKit

/// The shapes of frames that NICs treat differently when it comes to time stamps.
enum TrialShape: String, CaseIterable {
    /// A bare Ethernet frame.
    case plain
    /// The same with a tag: of VLAN 0, which puts it in no VLAN, so that every port lets it through.
    case vlan
    /// A PTP event message over Ethernet.
    case ptpOverEthernet = "ptp-l2"
    /// A PTP event message over UDP.
    case ptpOverUDP = "ptp-udp"

    /// Frames of this kind to a group.
    func frame(from source: MACAddress, to group: MACAddress) -> FrameShape {
        var shape = FrameShape(
            destination: group, source: source, carrier: .ethernet(.localExperimental1))
        switch self {
        case .plain: break
        case .vlan: shape.vlan = VLANTag(identifier: 0)
        case .ptpOverEthernet:
            shape.carrier = .ethernet(PTPHeader.etherType)
            shape.isPTP = true
        case .ptpOverUDP:
            // From nobody (TEST-NET-1, RFC 5737) to the group of PTP's peer delay messages, which no router forwards.
            shape.carrier = .udp4(
                UDPFlow(
                    source: IPv4Address(0xc000_0201), sourcePort: PTPHeader.eventPort,
                    destination: IPv4Address(0xe000_006b), destinationPort: PTPHeader.eventPort))
            shape.isPTP = true
        }
        return shape
    }

    /// What a socket that is to receive them lets through.
    func filter(to group: MACAddress) -> SocketFilter {
        switch self {
        case .plain, .vlan: .frames(of: .localExperimental1, to: [group])
        case .ptpOverEthernet: .frames(of: PTPHeader.etherType, to: [group])
        case .ptpOverUDP: .datagrams(to: PTPHeader.eventPort, destinations: [group])
        }
    }

    /// The NIC's filters by which they are stamped, the one that takes in least first.
    var receiveFilters: [ReceiveFilter] {
        switch self {
        case .plain, .vlan: [.everything]
        case .ptpOverEthernet: .delayRequestsOverEthernet
        case .ptpOverUDP: .delayRequestsOverUDP
        }
    }
}
