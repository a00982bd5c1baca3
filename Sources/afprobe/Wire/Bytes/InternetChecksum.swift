import AFPacketKit

/// The ones' complement sum of 16-bit big-endian words that checks IP, UDP and the probe's own fields. RFC 1071
struct InternetChecksum {
    private var sum: UInt64

    init() { sum = 0 }

    private init(sum: UInt64) { self.sum = sum }

    /// Adds bytes; only the last piece may have an odd number of them.
    ///
    /// Inlined, because most callers know the number of bytes: then only the additions are left of the loops.
    @inline(__always)  // "answer, with follow-ups: user instructions"
    mutating func add(_ bytes: Span<UInt8>) {
        // In the other byte order the sum is the same with its bytes swapped: so four words at a time are added as they
        // are in memory, and the sum is swapped in the end. RFC 1071, section 2
        let swapped = bytes.sumOfLittleEndianWords()
        // The carries have gathered in the upper half.
        let (low, carry) = UInt64(truncatingIfNeeded: swapped)
            .addingReportingOverflow(UInt64(truncatingIfNeeded: swapped >> 64))
        sum &+= UInt64(Self.folded(low &+ (carry ? 1 : 0)).byteSwapped)
        var index = bytes.count & ~7
        while index + 1 < bytes.count {
            sum &+= UInt64(bytes.bigEndian16(at: index))
            index += 2
        }
        if index < bytes.count { sum &+= UInt64(bytes[index]) << 8 }
    }

    /// A sum with its carries added, until none is left.
    private static func folded(_ sum: UInt64) -> UInt16 {
        // A number plus itself with its halves swapped: each half becomes the sum of both, and the carry out of the
        // lower one goes into the upper one.
        let half = UInt32(truncatingIfNeeded: (sum &+ (sum << 32 | sum >> 32)) >> 32)
        return UInt16(truncatingIfNeeded: (half &+ (half << 16 | half >> 16)) >> 16)
    }

    /// Adds a number as the 16-bit words it consists of.
    mutating func add(_ number: some FixedWidthInteger & UnsignedInteger) {
        // 32-bit words give the same sum, because the carries are added in the end.
        sum &+= UInt64(number) & 0xffff_ffff &+ UInt64(number) >> 32
    }

    static func + (one: InternetChecksum, other: InternetChecksum) -> InternetChecksum {
        InternetChecksum(sum: one.sum &+ other.sum)
    }

    /// The value of the checksum field, if the field was zero in the sum; 0 if the field was in the sum and is right.
    var value: UInt16 { ~Self.folded(sum) }

    /// The same for UDP, in which a zero field means that there is no checksum. RFC 768
    var datagramValue: UInt16 { value == 0 ? 0xffff : value }

    /// The value for some bytes.
    static func of(_ bytes: Span<UInt8>) -> UInt16 {
        var checksum = InternetChecksum()
        checksum.add(bytes)
        return checksum.value
    }
}
