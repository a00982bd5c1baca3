import AFPacketKit

/// A way to number requests that are no probes.
///
/// A class, because a frame is copied to be renumbered: with an existential of any type, probes without a form pay 140
/// instructions for that ("send one by one: user instructions").
protocol RequestForm: AnyObject {
    /// Writes the request of a number into a copy of the first one.
    @_lifetime(request: copy request)
    func renumber(_ request: inout MutableSpan<UInt8>, to number: UInt64)

    /// Returns whether a request that the network returned, perhaps its first bytes only, is one of these.
    func isOwn(returned request: Span<UInt8>) -> Bool
}

extension RequestForm {
    // Most sockets get no others.
    func isOwn(returned _: Span<UInt8>) -> Bool { true }
}

/// A frame that is sent many times, each time with another number: built once, its copies then only renumbered.
struct ProbeFrame {
    /// A checksum in the frame: its offset, and its sum without what a number changes, so that a new number costs a few
    /// additions. RFC 1624
    private struct Check {
        let offset: Int
        let sum: InternetChecksum
    }

    /// The whole frame, from the destination address on.
    private(set) var bytes: [UInt8]
    let numberOffset: Int
    /// Nil in a message that ends behind the number.
    private let messageCheck: Check?
    /// Nil without UDP.
    private let datagramCheck: Check?
    /// The offset of the PTP message, which has a number, too.
    private let ptpOffset: Int?
    /// Nil for a probe.
    private let form: (any RequestForm)?

    /// A request that is no probe: a frame, or a datagram's content.
    ///
    /// - Parameter witnessOffset: the offset of eight bytes that no other request has; nil if there are none.
    init(_ request: [UInt8], _ form: any RequestForm, witnessAt witnessOffset: Int?) {
        bytes = request
        self.form = form
        // The ledger then hashes the request.
        numberOffset = witnessOffset ?? Int(UInt32.max)
        (messageCheck, datagramCheck, ptpOffset) = (nil, nil, nil)
    }

    /// Builds a frame of `size` bytes, which must be enough for the headers and the shortest message.
    init(_ message: ProbeMessage, in shape: FrameShape, size: Int) {
        let start = shape.headerLength
        form = nil
        numberOffset = start + ProbeMessage.numberOffset
        ptpOffset = shape.ptp == .none ? nil : shape.carrierLength
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

    /// Renumbers a copy of the frame.
    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        if let form { return form.renumber(&frame, to: number) }
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

    /// Returns whether a frame that the network returned is one of these.
    func isOwn(returned frame: Span<UInt8>) -> Bool { form?.isOwn(returned: frame) ?? true }

    /// Renumbers the first `count` copies in a batch, from `number` on.
    func renumber(_ batch: inout FrameBatch, from number: UInt64, count: Int) {
        var number = number
        batch.update(first: count) { frame in
            renumber(&frame, to: number)
            number &+= 1
        }
    }
}

/// A copy of a frame that can be renumbered.
struct RenumberedFrame {
    private let frame: ProbeFrame
    private(set) var bytes: [UInt8]

    init(_ frame: ProbeFrame) {
        self.frame = frame
        bytes = frame.bytes
    }

    mutating func renumber(to number: UInt64) {
        let frame = frame
        var copy = bytes.mutableSpan
        frame.renumber(&copy, to: number)
    }
}
