import AFPacketKit

/// A frame that is sent again and again, each time with another number: built once, its copies then only corrected.
struct ProbeFrame {
    let shape: FrameShape
    /// The whole frame, from the destination address on.
    private(set) var bytes: [UInt8]
    /// Where the message starts.
    private let start: Int
    /// What is summed up by the two checks of the frame, but for what a number changes; nil where there is none. Both are
    /// sums, so that a new number costs a few additions. RFC 1624
    private let messageSum: InternetChecksum?
    private let datagramSum: InternetChecksum?
    /// Whether anything but these and the number itself depends on the number.
    private let isPTP: Bool

    /// Builds a frame of `size` bytes, which must be enough for the headers and the least of the message.
    init(_ message: ProbeMessage, in shape: FrameShape, size: Int) {
        self.shape = shape
        isPTP = shape.isPTP
        start = shape.headerLength
        var unnumbered = message
        unnumbered.number = 0
        var bytes = [UInt8](repeating: 0, count: size)
        var frame = bytes.mutableSpan
        let length = unnumbered.encode(into: &frame, at: start)
        shape.encodeHeaders(into: &frame)
        let hasCheck = length > ProbeMessage.referenceLength
        messageSum = hasCheck ? ProbeMessage.clearCheck(in: &frame, at: start, length: length) : nil
        datagramSum = shape.datagramSum(of: frame.span)
        self.bytes = bytes
        var numbered = bytes.mutableSpan
        renumber(&numbered, to: message.number)
        self.bytes = bytes
    }

    /// Makes a copy of it the frame of the probe with that number.
    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        frame.storeLittleEndian(number, at: start + ProbeMessage.numberOffset)
        var changed = InternetChecksum()
        changed.add(number.byteSwapped)
        if let messageSum {
            let check = (messageSum + changed).value
            frame.storeBigEndian(check, at: start + ProbeMessage.checkOffset)
            changed.add(check)
        }
        if isPTP { changed.add(shape.encodeNumber(number, into: &frame)) }
        if let datagramSum { shape.encode(datagramSum + changed, into: &frame) }
    }

    /// Makes the first `count` copies in a batch the frames of the probes from that number on.
    func renumber(_ batch: inout FrameBatch, from number: UInt64, count: Int) {
        for index in 0..<count {
            var frame = batch.mutableFrame(at: index)
            renumber(&frame, to: number + UInt64(index))
        }
    }

    /// The number of the probe in a frame that came back from the kernel; nil where it is none of ours.
    ///
    /// The frame is at the end of what came back: a tunnel or a VLAN device below the interface puts
    /// further headers in front.
    func number(inReturned returned: Span<UInt8>) -> UInt64? {
        let start = start + max(0, returned.count - bytes.count)
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
