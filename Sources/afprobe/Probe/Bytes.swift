import AFPacketKit

// Reading and writing numbers in frames. The network's own headers are big-endian, the probe's fields
// little-endian. Every access is bounds-checked by the span; callers check lengths before, once.

extension Span<UInt8> {
    func bigEndian16(at offset: Int) -> UInt16 { UInt16(bigEndian: number(at: offset, as: UInt16.self)) }
    func bigEndian32(at offset: Int) -> UInt32 { UInt32(bigEndian: number(at: offset, as: UInt32.self)) }
    func bigEndian64(at offset: Int) -> UInt64 { UInt64(bigEndian: number(at: offset, as: UInt64.self)) }

    func littleEndian16(at offset: Int) -> UInt16 {
        UInt16(littleEndian: number(at: offset, as: UInt16.self))
    }
    func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian: number(at: offset, as: UInt32.self))
    }
    func littleEndian64(at offset: Int) -> UInt64 {
        UInt64(littleEndian: number(at: offset, as: UInt64.self))
    }
}

extension MutableSpan<UInt8> {
    @_lifetime(self: copy self)
    mutating func storeBigEndian<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ number: Number, at offset: Int
    ) {
        store(number: number.bigEndian, at: offset)
    }

    @_lifetime(self: copy self)
    mutating func storeLittleEndian<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ number: Number, at offset: Int
    ) {
        store(number: number.littleEndian, at: offset)
    }

    @_lifetime(self: copy self)
    mutating func fillWithZeros(_ range: Range<Int>) { fill(withZeros: range) }
}
