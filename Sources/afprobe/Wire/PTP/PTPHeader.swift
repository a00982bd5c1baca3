import AFPacketKit

/// The PTP message in front of a probe, for NICs that stamp nothing else: a Delay_Req of PTP version 2, in a domain
/// that nobody uses. IEEE 1588-2008, clause 13
///
///     type 1 | version 2 | length 2 | domain 127 | flags, correction 0 | port identity 10 | sequence 2 | …
///     TLV: type 0x2004 | length 2 | probe
///
/// The probe is the value of an experimental TLV (14.3), so that PTP clocks which receive the message find nothing to
/// complain of: they skip a TLV of a type that they do not know.
enum PTPHeader {
    /// The length of the message without its TLV.
    static let length = 44
    private static let tlvHeaderLength = 4
    private static let tlvType: UInt16 = 0x2004

    /// The join of a probe to a PTP message; the raw value is the number of bytes before the probe.
    enum Form: UInt8, CaseIterable {
        /// There is no PTP message.
        case none = 0
        /// The probe follows the message, which does not account for it: the form of earlier versions.
        case bare = 44
        /// The probe is in the message's TLV.
        case enclosed = 48

        var length: Int { Int(rawValue) }
    }

    static let etherType = EtherType(rawValue: 0x88f7)
    /// The ports of PTP's event messages and its general ones over UDP.
    static let eventPort: UInt16 = 319
    static let generalPort: UInt16 = 320

    private static let delayRequest: UInt8 = 1
    private static let version: UInt8 = 2
    private static let domain: UInt8 = 127

    /// Writes the message at `start` of a frame, which it fills, with the clock identity of the sending station.
    @_lifetime(frame: copy frame)
    static func encode(
        _ form: Form, from source: MACAddress, at start: Int, into frame: inout MutableSpan<UInt8>
    ) {
        guard form != .none else { return }
        frame.fillWithZeros(start..<start + length)
        var length = length
        if form == .enclosed {
            // A TLV has an even length; an odd last byte is padding of the frame.
            let valueLength = (frame.count - start - length - tlvHeaderLength) & ~1
            frame.storeBigEndian(tlvType, at: start + length)
            frame.storeBigEndian(UInt16(valueLength), at: start + length + 2)
            length += tlvHeaderLength + valueLength
        }
        frame[start] = delayRequest
        frame[start + 1] = version
        frame.storeBigEndian(UInt16(length), at: start + 2)
        frame[start + 4] = domain
        // The identity of a clock is made of a MAC address (EUI-64), followed by the number of its port.
        for index in 0..<3 {
            frame[start + 20 + index] = source[index]
            frame[start + 25 + index] = source[index + 3]
        }
        frame[start + 23] = 0xff
        frame[start + 24] = 0xfe
        frame.storeBigEndian(1 as UInt16, at: start + 28)
        frame[start + 32] = 1  // the control field of a Delay_Req in version 1
        frame[start + 33] = 0x7f  // no interval between messages is told
    }

    /// Numbers the message, by which some drivers find the stamp of a frame; returns the 16 bits that fit.
    @_lifetime(frame: copy frame)
    static func renumber(
        _ frame: inout MutableSpan<UInt8>, at start: Int, to number: UInt64
    ) -> UInt16 {
        let sequence = UInt16(truncatingIfNeeded: number)
        frame.storeBigEndian(sequence, at: start + 30)
        return sequence
    }

    /// The form of such a message, and not one of a real PTP clock, at the start of a range of a frame.
    static func form(in frame: Span<UInt8>, _ range: Range<Int>) -> Form {
        let start = range.lowerBound
        guard range.count >= length, frame[start] & 0xf == delayRequest, frame[start + 1] & 0xf == version,
            frame[start + 4] == domain
        else { return .none }
        // A probe without a TLV begins with other bytes.
        let hasTLV =
            range.count >= length + tlvHeaderLength && frame.bigEndian16(at: start + length) == tlvType
        return hasTLV ? .enclosed : .bare
    }
}
