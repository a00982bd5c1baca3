import AFPacketKit

extension FrameShape {
    /// Writes the headers into a frame, in front of the payload, which fills the rest.
    @_lifetime(frame: copy frame)
    func encodeHeaders(into frame: inout MutableSpan<UInt8>) {
        frame.store(destination, at: 0)
        frame.store(source, at: 6)
        var offset = 12
        if let vlan {
            frame.storeBigEndian(vlan.protocolIdentifier.rawValue, at: 12)
            frame.storeBigEndian(vlan.controlInformation, at: 14)
            offset = 16
        }
        let network = offset + 2
        switch carrier {
        case .ethernet(let type):
            frame.storeBigEndian(type.rawValue, at: offset)
        case .udp4(let flow):
            frame.storeBigEndian(EtherType.ipv4.rawValue, at: offset)
            encodeIPv4(flow, at: network, into: &frame)
            encodeUDP(flow.sourcePort, flow.destinationPort, at: network + 20, into: &frame)
        case .udp6(let flow):
            frame.storeBigEndian(EtherType.ipv6.rawValue, at: offset)
            encodeIPv6(flow, at: network, into: &frame)
            encodeUDP(flow.sourcePort, flow.destinationPort, at: network + 40, into: &frame)
        }
        PTPHeader.encode(ptp, from: source, at: carrierLength, into: &frame)
    }

    /// Numbers the PTP message, if there is one.
    @_lifetime(frame: copy frame)
    func encodeNumber(_ number: UInt64, into frame: inout MutableSpan<UInt8>) {
        if ptp != .none { _ = PTPHeader.renumber(&frame, at: carrierLength, to: number) }
    }

    private var datagramOffset: Int { carrierLength - 8 }

    /// The offset of the UDP checksum, in a frame that has one.
    var checksumOffset: Int { datagramOffset + 6 }

    /// Writes the UDP checksum over the current payload, if the frame has one.
    @_lifetime(frame: copy frame)
    func encodeChecksum(into frame: inout MutableSpan<UInt8>) {
        if case .ethernet = carrier { return }
        encodeDatagramChecksum(into: &frame)
    }

    @_lifetime(frame: copy frame)
    private func encodeDatagramChecksum(into frame: inout MutableSpan<UInt8>) {
        frame.storeBigEndian(0 as UInt16, at: checksumOffset)
        guard let sum = datagramSum(of: frame.span) else { return }
        frame.storeBigEndian(sum.datagramValue, at: checksumOffset)
    }

    /// The sum for the UDP checksum of a frame whose checksum field is zero; nil without UDP.
    func datagramSum(of frame: Span<UInt8>) -> InternetChecksum? {
        var sum = InternetChecksum()
        switch carrier {
        case .ethernet: return nil
        case .udp4(let flow): sum.addPseudoHeader(flow, length: frame.count - datagramOffset)
        case .udp6(let flow): sum.addPseudoHeader(flow, length: frame.count - datagramOffset)
        }
        sum.add(frame.extracting(datagramOffset..<frame.count))
        return sum
    }

    @_lifetime(frame: copy frame)
    private func encodeIPv4(
        _ flow: UDPFlow<IPv4Address>, at offset: Int, into frame: inout MutableSpan<UInt8>
    ) {
        frame.fillWithZeros(offset..<offset + 20)
        frame[offset] = 0x45
        frame.storeBigEndian(UInt16(frame.count - offset), at: offset + 2)
        frame[offset + 6] = 0x40  // never fragmented, so that the identification may stay 0: RFC 6864
        frame[offset + 8] = 64
        frame[offset + 9] = IPProtocol.udp
        frame.storeBigEndian(flow.source.value, at: offset + 12)
        frame.storeBigEndian(flow.destination.value, at: offset + 16)
        let header = InternetChecksum.of(frame.span.extracting(offset..<offset + 20))
        frame.storeBigEndian(header, at: offset + 10)
    }

    @_lifetime(frame: copy frame)
    private func encodeIPv6(
        _ flow: UDPFlow<IPv6Address>, at offset: Int, into frame: inout MutableSpan<UInt8>
    ) {
        frame.storeBigEndian(0x6000_0000 as UInt32, at: offset)
        frame.storeBigEndian(UInt16(frame.count - offset - 40), at: offset + 4)
        frame[offset + 6] = IPProtocol.udp
        frame[offset + 7] = 64
        frame.store(flow.source, at: offset + 8)
        frame.store(flow.destination, at: offset + 24)
    }

    @_lifetime(frame: copy frame)
    private func encodeUDP(
        _ sourcePort: UInt16, _ destinationPort: UInt16, at offset: Int,
        into frame: inout MutableSpan<UInt8>
    ) {
        frame.storeBigEndian(sourcePort, at: offset)
        frame.storeBigEndian(destinationPort, at: offset + 2)
        frame.storeBigEndian(UInt16(frame.count - offset), at: offset + 4)
        frame.storeBigEndian(0 as UInt16, at: offset + 6)
    }
}

/// Numbers of protocols over IP. IANA
enum IPProtocol {
    static let udp: UInt8 = 17
}

extension InternetChecksum {
    /// The addresses, the protocol and the length of the datagram. RFC 768
    mutating func addPseudoHeader(_ flow: UDPFlow<IPv4Address>, length: Int) {
        add(flow.source.value)
        add(flow.destination.value)
        add(IPProtocol.udp)
        add(UInt32(length))
    }

    /// The same for version 6. RFC 8200, section 8.1
    mutating func addPseudoHeader(_ flow: UDPFlow<IPv6Address>, length: Int) {
        add(flow.source.high)
        add(flow.source.low)
        add(flow.destination.high)
        add(flow.destination.low)
        add(IPProtocol.udp)
        add(UInt32(length))
    }
}
