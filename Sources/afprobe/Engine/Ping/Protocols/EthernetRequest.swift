import AFPacketKit

/// The frame of a request that is sent through a packet socket: behind an Ethernet header, or in a UDP datagram.
struct EthernetRequest {
    let shape: FrameShape
    /// The length of the message.
    let length: Int

    /// The offset of the message in a request.
    var start: Int { shape.headerLength }

    /// A frame with its headers, `size` bytes long or as short as Ethernet allows. A datagram fills its frame.
    func frame(size: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(size, shape.smallestSize(forPayload: length)))
        var frame = bytes.mutableSpan
        shape.encodeHeaders(into: &frame)
        return bytes
    }

    /// The message in a received frame, from which the kernel has taken the tag; nil if the headers are not valid.
    @_lifetime(copy frame)
    func message(in frame: Span<UInt8>) -> Span<UInt8>? {
        if case .ethernet = shape.carrier {
            let start = ParsedFrame.ethernetHeader
            return frame.count < start ? nil : frame.extracting(start..<frame.count)
        }
        // The kernel may not have filled in the checksum of a frame from this host.
        guard let parsed = try? ParsedFrame(frame, checksUDP: false) else { return nil }
        return frame.extracting(parsed.payload)
    }
}
