// Reading and writing numbers in frames. The network's own headers are big-endian, the probe's fields
// little-endian. Every access is bounds-checked by the span; callers check lengths before, once.

extension Span<UInt8> {
    func bigEndian16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(bigEndian16(at: offset)) << 16 | UInt32(bigEndian16(at: offset + 2))
    }

    func bigEndian64(at offset: Int) -> UInt64 {
        UInt64(bigEndian32(at: offset)) << 32 | UInt64(bigEndian32(at: offset + 4))
    }

    func littleEndian16(at offset: Int) -> UInt16 { bigEndian16(at: offset).byteSwapped }
    func littleEndian32(at offset: Int) -> UInt32 { bigEndian32(at: offset).byteSwapped }
    func littleEndian64(at offset: Int) -> UInt64 { bigEndian64(at: offset).byteSwapped }
}

extension MutableSpan<UInt8> {
    @_lifetime(self: copy self)
    mutating func storeBigEndian<Number: FixedWidthInteger & UnsignedInteger>(
        _ number: Number, at offset: Int
    ) {
        let size = Number.bitWidth / 8
        for index in 0..<size {
            self[offset + index] = UInt8(truncatingIfNeeded: number >> Number(8 * (size - 1 - index)))
        }
    }

    @_lifetime(self: copy self)
    mutating func storeLittleEndian<Number: FixedWidthInteger & UnsignedInteger>(
        _ number: Number, at offset: Int
    ) {
        storeBigEndian(number.byteSwapped, at: offset)
    }

    @_lifetime(self: copy self)
    mutating func fillWithZeros(_ range: Range<Int>) {
        for index in range { self[index] = 0 }
    }
}
