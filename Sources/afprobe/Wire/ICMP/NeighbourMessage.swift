import AFPacketKit

// Neighbour discovery: ICMPv6 in IPv6 with hop limit 255. RFC 4861, sections 4.3 and 4.4
//
//     0    40   IPv6 header: next header 58, hop limit 255
//    40     1   type: solicitation 135, advertisement 136
//    41     1   code, 0
//    42     2   checksum over the addresses, too
//    44     4   flags of an advertisement: router, solicited, override
//    48    16   target: the IPv6 address whose MAC address is asked for
//    64     8   option: 1 (source) or 2 (target) | length 1 | MAC address

/// A solicitation of the MAC address of an IPv6 address.
struct NeighbourSolicitation {
    let source: MACAddress
    let sourceAddress: IPv6Address
    let target: IPv6Address
    /// The destination address; nil for the group of those whose addresses end like the target's.
    var unicast: MACAddress?

    static let length = 72

    /// The solicited-node multicast address. RFC 4291, section 2.7.1
    private var group: IPv6Address {
        IPv6Address(high: 0xff02_0000_0000_0000, low: 0x1_ff00_0000 | target.low & 0xff_ffff)
    }

    /// The destination of the frame. RFC 2464, section 7
    var destination: MACAddress { unicast ?? MACAddress(0x3333_ff00_0000 | target.low & 0xff_ffff) }

    @_lifetime(frame: copy frame)
    func encode(into frame: inout MutableSpan<UInt8>, at start: Int) {
        let to = unicast == nil ? group : target
        frame.storeBigEndian(0x6000_0000 as UInt32, at: start)
        frame.storeBigEndian(UInt16(Self.length - 40), at: start + 4)
        (frame[start + 6], frame[start + 7]) = (Self.icmp, 255)
        frame.store(sourceAddress, at: start + 8)
        frame.store(to, at: start + 24)
        (frame[start + 40], frame[start + 41]) = (135, 0)
        frame.storeBigEndian(0 as UInt16, at: start + 42)
        frame.storeBigEndian(0 as UInt32, at: start + 44)
        frame.store(target, at: start + 48)
        (frame[start + 64], frame[start + 65]) = (1, 1)
        frame.store(source, at: start + 66)
        var sum = InternetChecksum()
        sum.add(frame.span.extracting(start + 8..<start + Self.length))
        sum.add(UInt64(Self.length - 40))
        sum.add(UInt64(Self.icmp))
        frame.storeBigEndian(sum.value, at: start + 42)
    }

    fileprivate static let icmp: UInt8 = 58
}

/// The answer to a solicitation.
struct NeighbourAdvertisement: Equatable {
    let target: IPv6Address
    /// Nil if the answer does not repeat it.
    let address: MACAddress?

    /// Reads a solicited advertisement from an IPv6 packet; nil if the packet is none, or comes through a router.
    init?(decoding packet: Span<UInt8>) {
        guard packet.count >= 64, packet[0] >> 4 == 6, packet[6] == NeighbourSolicitation.icmp,
            packet[7] == 255,
            packet[40] == 136, packet[41] == 0, packet[44] & 0x40 != 0
        else { return nil }
        let end = min(packet.count, 40 + Int(packet.bigEndian16(at: 4)))
        guard end >= 64 else { return nil }
        var sum = InternetChecksum()
        sum.add(packet.extracting(8..<end))
        sum.add(UInt64(end - 40))
        sum.add(UInt64(NeighbourSolicitation.icmp))
        guard sum.value == 0 else { return nil }
        target = packet.ipv6Address(at: 48)
        let hasAddress = end >= 72 && packet[64] == 2 && packet[65] == 1
        address =
            hasAddress
            ? MACAddress(UInt64(packet.bigEndian16(at: 66)) << 32 | UInt64(packet.bigEndian32(at: 68))) : nil
    }
}
