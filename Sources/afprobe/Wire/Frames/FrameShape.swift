import AFPacketKit

/// The addresses and headers of a frame: everything but its payload.
///
///     destination 6 | source 6 | [0x8100 2 | tag 2] | EtherType 2 | [IPv4 20 or IPv6 40 | UDP 8] | [PTP 48] | payload
struct FrameShape: Equatable {
    /// The protocol that carries the payload.
    enum Carrier: Equatable {
        /// Right after the Ethernet header.
        case ethernet(EtherType)
        /// A UDP datagram over IPv4.
        case udp4(UDPFlow<IPv4Address>)
        /// A UDP datagram over IPv6.
        case udp6(UDPFlow<IPv6Address>)
    }

    var destination: MACAddress
    var source: MACAddress
    var vlan: VLANTag?
    var carrier: Carrier
    /// The form of the PTP message in front of the payload.
    var ptp = PTPHeader.Form.none

    /// The shortest frame that Ethernet allows, without the FCS. IEEE 802.3
    static let smallestFrame = 60

    /// Tells whether the payload is in a UDP datagram.
    var isOverIP: Bool {
        if case .ethernet = carrier { false } else { true }
    }

    /// The number of bytes before the payload.
    var headerLength: Int { carrierLength + ptp.length }

    /// The length of the Ethernet, IP and UDP headers.
    var carrierLength: Int {
        let ethernet = vlan == nil ? 14 : 18
        return switch carrier {
        case .ethernet: ethernet
        case .udp4: ethernet + 28
        case .udp6: ethernet + 48
        }
    }

    /// The length of the smallest legal frame around a payload.
    func smallestSize(forPayload length: Int) -> Int {
        max(Self.smallestFrame, headerLength + length)
    }

    /// The length of the largest frame that an interface takes, and that IP has a length for.
    func largestSize(mtu: Int) -> Int {
        min(mtu, 65_535) + (vlan == nil ? 14 : 18)
    }

    /// The shape of the answer to a frame of this shape: the two ends swapped, the tag kept.
    var reversed: FrameShape {
        var answer = self
        swap(&answer.destination, &answer.source)
        switch carrier {
        case .ethernet: break
        case .udp4(let flow): answer.carrier = .udp4(flow.reversed)
        case .udp6(let flow): answer.carrier = .udp6(flow.reversed)
        }
        return answer
    }
}

/// The two ends of a UDP datagram.
struct UDPFlow<Address: Equatable & Sendable>: Equatable, Sendable {
    var source: Address
    var sourcePort: UInt16
    var destination: Address
    var destinationPort: UInt16

    var reversed: UDPFlow {
        UDPFlow(
            source: destination, sourcePort: destinationPort,
            destination: source, destinationPort: sourcePort)
    }
}
