import AFPacketKit

/// A frame that is sent again and again, each time with another number: built once, its copies then only corrected.
struct ProbeFrame {
    /// One of the checks in the frame: where it stands, and what it sums up but for what a number changes. It is a sum, so
    /// that a new number costs a few additions. RFC 1624
    private struct Check {
        let offset: Int
        let sum: InternetChecksum
    }

    /// The whole frame, from the destination address on.
    private(set) var bytes: [UInt8]
    /// Where the message's number stands.
    let numberOffset: Int
    /// Nil in a message that ends behind the number.
    private let messageCheck: Check?
    /// Nil without UDP.
    private let datagramCheck: Check?
    /// Where the PTP message starts, which has a number, too.
    private let ptpOffset: Int?

    /// Builds a frame of `size` bytes, which must be enough for the headers and the least of the message.
    init(_ message: ProbeMessage, in shape: FrameShape, size: Int) {
        let start = shape.headerLength
        numberOffset = start + ProbeMessage.numberOffset
        ptpOffset = shape.isPTP ? shape.carrierLength : nil
        var unnumbered = message
        unnumbered.number = 0
        var bytes = [UInt8](repeating: 0, count: size)
        var frame = bytes.mutableSpan
        let length = unnumbered.encode(into: &frame, at: start)
        shape.encodeHeaders(into: &frame)
        messageCheck =
            length > ProbeMessage.referenceLength
            ? Check(
                offset: start + ProbeMessage.checkOffset,
                sum: ProbeMessage.clearCheck(in: &frame, at: start, length: length)) : nil
        datagramCheck = shape.datagramSum(of: frame.span).map { Check(offset: shape.checksumOffset, sum: $0) }
        self.bytes = bytes
        var numbered = bytes.mutableSpan
        renumber(&numbered, to: message.number)
        self.bytes = bytes
    }

    /// Makes a copy of it the frame of the probe with that number.
    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        frame.storeLittleEndian(number, at: numberOffset)
        var changed = InternetChecksum()
        changed.add(number.byteSwapped)
        if let messageCheck {
            let check = (messageCheck.sum + changed).value
            frame.storeBigEndian(check, at: messageCheck.offset)
            changed.add(check)
        }
        if let ptpOffset { changed.add(PTPHeader.renumber(&frame, at: ptpOffset, to: number)) }
        if let datagramCheck {
            frame.storeBigEndian((datagramCheck.sum + changed).datagramValue, at: datagramCheck.offset)
        }
    }

    /// Makes the first `count` copies in a batch the frames of the probes from that number on.
    func renumber(_ batch: inout FrameBatch, from number: UInt64, count: Int) {
        var number = number
        batch.update(first: count) { frame in
            renumber(&frame, to: number)
            number &+= 1
        }
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
