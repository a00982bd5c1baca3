import AFPacketKit

/// The offsets of a frame's parts: checked, and read only on demand.
struct ParsedFrame {
    // Narrow numbers, so that the value is returned in registers.
    /// The offset of the header behind the EtherType.
    private let networkOffset: UInt8
    private let ptp: PTPHeader.Form
    /// The range of the PTP message, if any, and the payload.
    private let contentStart: UInt32
    private let contentEnd: UInt32

    private init(network: Int, content: Range<Int>, ptp: PTPHeader.Form) {
        networkOffset = UInt8(truncatingIfNeeded: network)
        self.ptp = ptp
        contentStart = UInt32(truncatingIfNeeded: content.lowerBound)
        contentEnd = UInt32(truncatingIfNeeded: content.upperBound)
    }

    private var network: Int { Int(networkOffset) }

    /// Tells whether only the Ethernet header precedes the payload.
    var isPlain: Bool { contentStart == UInt32(Self.ethernetHeader) && ptp == .none }

    /// Tells whether a VLAN tag is in the bytes.
    var isTagged: Bool { network == Self.ethernetHeader + 4 }

    var payload: Range<Int> { payloadStart..<Int(contentEnd) }

    var payloadStart: Int { Int(contentStart) + ptp.length }
}

extension ParsedFrame {
    /// Returns whether no network header follows the Ethernet header, whose bytes must be there.
    @inline(__always)  // "receive through the ring: user instructions"
    static func isPlain(_ frame: Span<UInt8>) -> Bool {
        isPlain(asItStands: frame.value(at: ethernetHeader - 2, as: UInt16.self))
    }

    /// Returns whether no network header follows the Ethernet header in frames of this type.
    static func isPlain(_ type: EtherType) -> Bool { isPlain(asItStands: type.rawValue.bigEndian) }

    @inline(__always)  // "receive through the ring: user instructions"
    private static func isPlain(asItStands type: UInt16) -> Bool {
        type != EtherType.ipv4.rawValue.bigEndian && type != EtherType.ipv6.rawValue.bigEndian
            && type != EtherType.vlan.rawValue.bigEndian && type != EtherType.serviceVLAN.rawValue.bigEndian
    }

    /// The parts of a frame with nothing between the Ethernet header and the payload.
    init(plain frame: Span<UInt8>) {
        self.init(network: Self.ethernetHeader, content: Self.ethernetHeader..<frame.count, ptp: .none)
    }

    /// The length of destination, source and EtherType.
    static var ethernetHeader: Int { 14 }

    /// Checks a frame from the network, which is not trusted before.
    ///
    /// - Parameter checksUDP: whether the UDP checksum can be judged: not if it is still to be filled in, or if the end
    ///   of the frame was cut off.
    init(_ frame: Span<UInt8>, checksUDP: @autoclosure () -> Bool) throws(FrameFault) {
        guard frame.count >= 14 else { throw .truncated }
        let announced = EtherType(rawValue: frame.bigEndian16(at: 12))
        let isTagged = announced == .vlan || announced == .serviceVLAN
        guard !isTagged || frame.count >= 18 else { throw .truncated }
        let network = isTagged ? 18 : 14
        let content =
            switch EtherType(rawValue: frame.bigEndian16(at: network - 2)) {
            case .ipv4: try Self.checkIPv4(frame, at: network, checksUDP: checksUDP())
            case .ipv6: try Self.checkIPv6(frame, at: network, checksUDP: checksUDP())
            default: network..<frame.count
            }
        // A plain probe is never taken for a PTP message: its magic is where the type and the version would be.
        self.init(network: network, content: content, ptp: PTPHeader.form(in: frame, content))
    }

    /// The shape of the frame that was checked; a tag in its bytes goes before `vlan`, which the kernel took out.
    func shape(of frame: Span<UInt8>, vlan: VLANTag?) -> FrameShape {
        let type = EtherType(rawValue: frame.bigEndian16(at: network - 2))
        let carrier: FrameShape.Carrier =
            switch type {
            case .ipv4: .udp4(Self.flow4(of: frame, at: network, datagram: Int(contentStart) - 8))
            case .ipv6: .udp6(Self.flow6(of: frame, at: network, datagram: Int(contentStart) - 8))
            default: .ethernet(type)
            }
        return FrameShape(
            destination: frame.macAddress(at: 0), source: frame.macAddress(at: 6),
            vlan: network == 18 ? frame.vlanTag(at: 12) : vlan, carrier: carrier, ptp: ptp)
    }

    // MARK: Version 4

    private static func checkIPv4(
        _ frame: Span<UInt8>, at start: Int, checksUDP: Bool
    ) throws(FrameFault) -> Range<Int> {
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
        let datagram = try Datagram(
            frame, at: start + headerLength, carrierEnd: start + totalLength)
        if checksUDP, datagram.checksum != 0 {
            var checksum = InternetChecksum()
            let flow = flow4(of: frame, at: start, datagram: datagram.whole.lowerBound)
            checksum.addPseudoHeader(flow, length: datagram.whole.count)
            checksum.add(frame.extracting(datagram.whole))
            guard checksum.value == 0 else { throw .corrupt }
        }
        return datagram.payload
    }

    private static func flow4(
        of frame: Span<UInt8>, at start: Int, datagram: Int
    ) -> UDPFlow<IPv4Address> {
        UDPFlow(
            source: IPv4Address(frame.bigEndian32(at: start + 12)),
            sourcePort: frame.bigEndian16(at: datagram),
            destination: IPv4Address(frame.bigEndian32(at: start + 16)),
            destinationPort: frame.bigEndian16(at: datagram + 2))
    }

    // MARK: Version 6

    private static func checkIPv6(
        _ frame: Span<UInt8>, at start: Int, checksUDP: Bool
    ) throws(FrameFault) -> Range<Int> {
        guard frame.count - start >= 40 else { throw .truncated }
        guard frame[start] >> 4 == 6 else { throw .corrupt }
        guard frame[start + 6] == IPProtocol.udp else { throw .foreign }
        let payloadLength = Int(frame.bigEndian16(at: start + 4))
        let datagram = try Datagram(
            frame, at: start + 40, carrierEnd: start + 40 + payloadLength)
        if checksUDP {
            // Unlike in version 4 the checksum is mandatory. RFC 8200, section 8.1
            var checksum = InternetChecksum()
            let flow = flow6(of: frame, at: start, datagram: datagram.whole.lowerBound)
            checksum.addPseudoHeader(flow, length: datagram.whole.count)
            checksum.add(frame.extracting(datagram.whole))
            guard datagram.checksum != 0, checksum.value == 0 else { throw .corrupt }
        }
        return datagram.payload
    }

    private static func flow6(
        of frame: Span<UInt8>, at start: Int, datagram: Int
    ) -> UDPFlow<IPv6Address> {
        UDPFlow(
            source: frame.ipv6Address(at: start + 8), sourcePort: frame.bigEndian16(at: datagram),
            destination: frame.ipv6Address(at: start + 24),
            destinationPort: frame.bigEndian16(at: datagram + 2))
    }
}

/// A UDP header and the extent of its datagram. RFC 768
private struct Datagram {
    let checksum: UInt16
    let whole: Range<Int>
    var payload: Range<Int> { whole.lowerBound + 8..<whole.upperBound }

    init(_ frame: Span<UInt8>, at start: Int, carrierEnd: Int) throws(FrameFault) {
        guard frame.count - start >= 8, frame.count >= carrierEnd else { throw .truncated }
        let length = Int(frame.bigEndian16(at: start + 4))
        guard length >= 8, start + length <= carrierEnd else { throw .corrupt }
        checksum = frame.bigEndian16(at: start + 6)
        whole = start..<start + length
    }
}

extension Span<UInt8> {
    /// The tag whose EtherType is at `offset`.
    fileprivate func vlanTag(at offset: Int) -> VLANTag {
        VLANTag(
            controlInformation: bigEndian16(at: offset + 2),
            protocolIdentifier: EtherType(rawValue: bigEndian16(at: offset)))
    }
}
