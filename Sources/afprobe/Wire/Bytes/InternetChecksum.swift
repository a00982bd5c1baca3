import AFPacketKit

/// The ones' complement sum of 16-bit big-endian words that IP, UDP and the probe's own fields are checked
/// by. RFC 1071
struct InternetChecksum {
    private var sum: UInt64

    /// Of nothing.
    init() { sum = 0 }

    private init(sum: UInt64) { self.sum = sum }

    /// Adds bytes; only the last piece may have an odd number of them.
    ///
    /// Inlined, for most callers know how many bytes they have: nothing of the loops is left then but the additions.
    @inline(__always)
    mutating func add(_ bytes: Span<UInt8>) {
        // The sum is the same in either order of bytes, but for that order: so it takes four words at a time, as they
        // lie there, and is turned round in the end. RFC 1071, section 2
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
        // A number plus itself with its halves swapped: each half becomes the sum of both, and the carry out of the lower
        // one goes into the upper one.
        let half = UInt32(truncatingIfNeeded: (sum &+ (sum << 32 | sum >> 32)) >> 32)
        return UInt16(truncatingIfNeeded: (half &+ (half << 16 | half >> 16)) >> 16)
    }

    /// Adds a number as the 16-bit words it consists of.
    mutating func add(_ number: some FixedWidthInteger & UnsignedInteger) {
        // Their pairs sum up to the same, for the carries are added in the end.
        sum &+= UInt64(number) & 0xffff_ffff &+ UInt64(number) >> 32
    }

    /// What is in either sum.
    static func + (one: InternetChecksum, other: InternetChecksum) -> InternetChecksum {
        InternetChecksum(sum: one.sum &+ other.sum)
    }

    /// What to write into the checksum's field, that being zero in the sum; 0 where the field itself was
    /// in the sum and all is right.
    var value: UInt16 { ~Self.folded(sum) }

    /// The same for UDP, where zero in the field means that there is no checksum. RFC 768
    var datagramValue: UInt16 { value == 0 ? 0xffff : value }

    /// The value of some bytes alone.
    static func of(_ bytes: Span<UInt8>) -> UInt16 {
        var checksum = InternetChecksum()
        checksum.add(bytes)
        return checksum.value
    }
}
