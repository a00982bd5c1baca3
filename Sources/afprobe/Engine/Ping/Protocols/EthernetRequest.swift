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
}
