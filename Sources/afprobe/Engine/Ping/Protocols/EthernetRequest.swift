import AFPacketKit

/// The frame of a request right behind an Ethernet header.
struct EthernetRequest {
    let shape: FrameShape
    /// The length of the message.
    let length: Int

    /// The offset of the message in a request. In received frames, the kernel has taken the tag out.
    var start: Int { shape.headerLength }

    static let receivedStart = 14

    /// A frame with its headers, `size` bytes long or as short as Ethernet allows.
    func frame(size: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(size, shape.smallestSize(forPayload: length)))
        var frame = bytes.mutableSpan
        shape.encodeHeaders(into: &frame)
        return bytes
    }
}

/// The message in a received frame; empty if the frame is too short for a header.
extension Span<UInt8> {
    var behindEthernetHeader: Span<UInt8> {
        @_lifetime(copy self)
        get { extracting(Swift.min(EthernetRequest.receivedStart, count)..<count) }
    }
}
