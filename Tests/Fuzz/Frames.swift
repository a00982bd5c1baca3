import AFPacketKit

/// A frame from the network: the first byte says whether its UDP checksum is judged.
func fuzzFrame(_ bytes: Span<UInt8>) {
    guard bytes.count > 0 else { return }
    let frame = bytes.extracting(1..<bytes.count)
    guard let parsed = try? ParsedFrame(frame, checksUDP: bytes[0] & 1 != 0) else { return }
    let shape = parsed.shape(of: frame, vlan: nil)
    guard let message = try? ProbeMessage(decoding: frame.extracting(parsed.payload)) else { return }
    let length = message.session == nil ? ProbeMessage.referenceLength : ProbeMessage.length(of: message.kind)
    let size = shape.smallestSize(forPayload: length)
    let copy = ProbeFrame(message, in: shape, size: size).bytes
    guard let again = try? ParsedFrame(copy.span, checksUDP: true) else {
        fatalError("what was built is no frame")
    }
    let payload = copy.span.extracting(again.payload)
    precondition(again.shape(of: copy.span, vlan: nil) == shape, "the shape is another one")
    precondition((try? ProbeMessage(decoding: payload)) == message, "the message is another one")
}

/// A payload alone, in which a message is found without a right frame around it.
func fuzzMessage(_ bytes: Span<UInt8>) {
    guard let message = try? ProbeMessage(decoding: bytes) else { return }
    var copy = [UInt8](repeating: 0xff, count: ProbeMessage.exchangeLength)
    var span = copy.mutableSpan
    message.encode(into: &span, at: 0)
    precondition((try? ProbeMessage(decoding: copy.span)) == message, "the message is another one")
}
