import AFPacketKit

/// A frame that is sent again and again, each time with another number: built once, its copies then only corrected.
struct ProbeFrame {
    let shape: FrameShape
    /// The whole frame, from the destination address on.
    let bytes: [UInt8]
    private let messageLength: Int

    /// Builds a frame of `size` bytes, which must be enough for the headers and the least of the message.
    init(_ message: ProbeMessage, in shape: FrameShape, size: Int) {
        self.shape = shape
        var bytes = [UInt8](repeating: 0, count: size)
        var frame = bytes.mutableSpan
        messageLength = message.encode(into: &frame, at: shape.headerLength)
        shape.encodeHeaders(into: &frame)
        shape.encodeNumber(message.number, into: &frame)
        shape.encodeChecksum(into: &frame)
        self.bytes = bytes
    }

    /// Makes a copy of it the frame of the probe with that number.
    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        ProbeMessage.renumber(&frame, at: shape.headerLength, length: messageLength, to: number)
        shape.encodeNumber(number, into: &frame)
        shape.encodeChecksum(into: &frame)
    }

    /// The number of the probe in a frame that came back from the kernel; nil where it is none of ours.
    ///
    /// The frame is at the end of what came back: a tunnel or a VLAN device below the interface puts
    /// further headers in front.
    func number(inReturned returned: Span<UInt8>) -> UInt64? {
        let start = shape.headerLength + max(0, returned.count - bytes.count)
        guard returned.count >= start + ProbeMessage.referenceLength,
            returned.bigEndian64(at: start) == ProbeMessage.magic
        else { return nil }
        return returned.littleEndian64(at: start + ProbeMessage.numberOffset)
    }
}

/// A copy of a frame that takes one number after another.
struct RenumberedFrame {
    private let frame: ProbeFrame
    /// The whole frame.
    private(set) var bytes: [UInt8]

    init(_ frame: ProbeFrame) {
        self.frame = frame
        bytes = frame.bytes
    }

    /// Makes it the frame of the probe with that number.
    mutating func renumber(to number: UInt64) {
        let frame = frame
        var copy = bytes.mutableSpan
        frame.renumber(&copy, to: number)
    }
}
