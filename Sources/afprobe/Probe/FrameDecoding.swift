import AFPacketKit

/// A frame taken apart: its shape and where its payload is.
struct ParsedFrame {
    let shape: FrameShape
    let payload: Range<Int>
}

extension ParsedFrame {
    /// Takes apart a frame from the network. Nothing in it is believed before it has been checked.
    ///
    /// - Parameters:
    ///   - frame: the bytes from the destination address on.
    ///   - vlan: the tag that the kernel took out; a tag in the bytes is read as well.
    ///   - checksUDP: whether the UDP checksum can be judged: not when it is still to be filled in, or when
    ///     the end of the frame was cut off.
    init(_ frame: Span<UInt8>, vlan: VLANTag?, checksUDP: Bool) throws(FrameFault) {
        guard frame.count >= 14 else { throw .truncated }
        var tag = vlan
        var offset = 12
        let announced = EtherType(rawValue: frame.bigEndian16(at: 12))
        if announced == .vlan || announced == .serviceVLAN {
            guard frame.count >= 18 else { throw .truncated }
            tag = VLANTag(
                controlInformation: frame.bigEndian16(at: 14), protocolIdentifier: announced)
            offset = 16
        }
        let type = EtherType(rawValue: frame.bigEndian16(at: offset))
        let network = offset + 2
        let carrier: FrameShape.Carrier
        var content: Range<Int>
        switch type {
        case .ipv4:
            let (flow, range) = try Self.parseIPv4(frame, at: network, checksUDP: checksUDP)
            carrier = .udp4(flow)
            content = range
        case .ipv6:
            let (flow, range) = try Self.parseIPv6(frame, at: network, checksUDP: checksUDP)
            carrier = .udp6(flow)
            content = range
        default:
            carrier = .ethernet(type)
            content = network..<frame.count
        }
        // A plain probe cannot be taken for one: its magic stands where the type and the version would.
        let isPTP = PTPHeader.isPresent(in: frame, content)
        if isPTP { content = content.lowerBound + PTPHeader.length..<content.upperBound }
        payload = content
        shape = FrameShape(
            destination: frame.macAddress(at: 0), source: frame.macAddress(at: 6), vlan: tag,
            carrier: carrier, isPTP: isPTP)
    }

    private static func parseIPv4(
        _ frame: Span<UInt8>, at start: Int, checksUDP: Bool
    ) throws(FrameFault) -> (UDPFlow<IPv4Address>, Range<Int>) {
        guard frame.count - start >= 20 else { throw .truncated }
        let headerLength = Int(frame[start] & 0xf) * 4
        guard frame[start] >> 4 == 4, headerLength >= 20 else { throw .corrupt }
        let totalLength = Int(frame.bigEndian16(at: start + 2))
        guard totalLength >= headerLength else { throw .corrupt }
        guard frame.count - start >= headerLength else { throw .truncated }
        guard InternetChecksum.of(frame.extracting(start..<start + headerLength)) == 0 else {
            throw .corrupt
        }
        let isFragment = frame.bigEndian16(at: start + 6) & 0x3fff != 0
        guard frame[start + 9] == IPProtocol.udp, !isFragment else { throw .foreign }
        let source = IPv4Address(frame.bigEndian32(at: start + 12))
        let destination = IPv4Address(frame.bigEndian32(at: start + 16))
        let datagram = try Datagram(
            frame, at: start + headerLength, carrierEnd: start + totalLength)
        let flow = UDPFlow(
            source: source, sourcePort: datagram.sourcePort,
            destination: destination, destinationPort: datagram.destinationPort)
        if checksUDP, datagram.checksum != 0 {
            var checksum = InternetChecksum()
            checksum.addPseudoHeader(flow, length: datagram.whole.count)
            checksum.add(frame.extracting(datagram.whole))
            guard checksum.value == 0 else { throw .corrupt }
        }
        return (flow, datagram.payload)
    }

    private static func parseIPv6(
        _ frame: Span<UInt8>, at start: Int, checksUDP: Bool
    ) throws(FrameFault) -> (UDPFlow<IPv6Address>, Range<Int>) {
        guard frame.count - start >= 40 else { throw .truncated }
        guard frame[start] >> 4 == 6 else { throw .corrupt }
        guard frame[start + 6] == IPProtocol.udp else { throw .foreign }
        let source = IPv6Address(
            high: frame.bigEndian64(at: start + 8), low: frame.bigEndian64(at: start + 16))
        let destination = IPv6Address(
            high: frame.bigEndian64(at: start + 24), low: frame.bigEndian64(at: start + 32))
        let payloadLength = Int(frame.bigEndian16(at: start + 4))
        let datagram = try Datagram(
            frame, at: start + 40, carrierEnd: start + 40 + payloadLength)
        let flow = UDPFlow(
            source: source, sourcePort: datagram.sourcePort,
            destination: destination, destinationPort: datagram.destinationPort)
        if checksUDP {
            // Unlike in version 4 the checksum is mandatory. RFC 8200, section 8.1
            var checksum = InternetChecksum()
            checksum.addPseudoHeader(flow, length: datagram.whole.count)
            checksum.add(frame.extracting(datagram.whole))
            guard datagram.checksum != 0, checksum.value == 0 else { throw .corrupt }
        }
        return (flow, datagram.payload)
    }
}

/// A UDP header and the extent of what it heads. RFC 768
private struct Datagram {
    let sourcePort: UInt16
    let destinationPort: UInt16
    let checksum: UInt16
    let whole: Range<Int>
    var payload: Range<Int> { whole.lowerBound + 8..<whole.upperBound }

    init(_ frame: Span<UInt8>, at start: Int, carrierEnd: Int) throws(FrameFault) {
        guard frame.count - start >= 8, frame.count >= carrierEnd else { throw .truncated }
        let length = Int(frame.bigEndian16(at: start + 4))
        guard length >= 8, start + length <= carrierEnd else { throw .corrupt }
        sourcePort = frame.bigEndian16(at: start)
        destinationPort = frame.bigEndian16(at: start + 2)
        checksum = frame.bigEndian16(at: start + 6)
        whole = start..<start + length
    }
}

extension Span<UInt8> {
    func macAddress(at offset: Int) -> MACAddress {
        MACAddress(UInt64(bigEndian16(at: offset)) << 32 | UInt64(bigEndian32(at: offset + 2)))
    }
}
