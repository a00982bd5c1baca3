import AFPacketKit

// Reading and writing numbers in frames. The network's own headers are big-endian, the probe's fields little-endian.
// Every access is bounds-checked by the span; callers check lengths before, once.

extension Span<UInt8> {
    func bigEndian16(at offset: Int) -> UInt16 { UInt16(bigEndian: value(at: offset, as: UInt16.self)) }
    func bigEndian32(at offset: Int) -> UInt32 { UInt32(bigEndian: value(at: offset, as: UInt32.self)) }
    func bigEndian64(at offset: Int) -> UInt64 { UInt64(bigEndian: value(at: offset, as: UInt64.self)) }

    func littleEndian16(at offset: Int) -> UInt16 {
        UInt16(littleEndian: value(at: offset, as: UInt16.self))
    }
    func littleEndian32(at offset: Int) -> UInt32 {
        UInt32(littleEndian: value(at: offset, as: UInt32.self))
    }
    func littleEndian64(at offset: Int) -> UInt64 {
        UInt64(littleEndian: value(at: offset, as: UInt64.self))
    }
}

extension MutableSpan<UInt8> {
    @_lifetime(self: copy self)
    mutating func storeBigEndian<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ number: Number, at offset: Int
    ) {
        store(number.bigEndian, at: offset)
    }

    @_lifetime(self: copy self)
    mutating func storeLittleEndian<Number: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ number: Number, at offset: Int
    ) {
        store(number.littleEndian, at: offset)
    }

    @_lifetime(self: copy self)
    mutating func fillWithZeros(_ range: Range<Int>) {
        // Most frames have no padding.
        if !range.isEmpty { fill(withZeros: range) }
    }
}

/// A number stored little-endian, as in a probe, on a machine of either byte order.
@propertyWrapper
struct LittleEndian<Number: FixedWidthInteger & BitwiseCopyable & Sendable>: BitwiseCopyable, Equatable,
    Sendable
{
    private var bytes: Number

    init(wrappedValue: Number) { bytes = wrappedValue.littleEndian }

    var wrappedValue: Number {
        get { Number(littleEndian: bytes) }
        set { bytes = newValue.littleEndian }
    }
}
