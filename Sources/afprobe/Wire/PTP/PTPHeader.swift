import AFPacketKit

/// The PTP message in front of a probe, for NICs that stamp nothing else: a Delay_Req of PTP version 2, in a domain
/// that nobody uses. IEEE 1588-2008, clause 13
///
///     type 1 | version 2 | length 2 | domain 127 | flags, correction 0 | port identity 10 | sequence 2 | …
enum PTPHeader {
    static let length = 44
    static let etherType = EtherType(rawValue: 0x88f7)
    /// The port of PTP's event messages over UDP.
    static let eventPort: UInt16 = 319

    private static let delayRequest: UInt8 = 1
    private static let version: UInt8 = 2
    private static let domain: UInt8 = 127

    /// Writes the message at `start` of a frame, with the clock identity of the sending station.
    @_lifetime(frame: copy frame)
    static func encode(from source: MACAddress, at start: Int, into frame: inout MutableSpan<UInt8>) {
        frame.fillWithZeros(start..<start + length)
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

    /// Returns whether such a message, and not one of a real PTP clock, is at the start of a range of a frame.
    static func isPresent(in frame: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= length else { return false }
        let start = range.lowerBound
        return frame[start] & 0xf == delayRequest && frame[start + 1] & 0xf == version
            && frame[start + 4] == domain
    }
}
