// Numbers at any place among bytes, each access checked once and not byte by byte.

extension Span<UInt8> {
    /// The number whose bytes, in this machine's order, start at `offset`; they must all be there.
    @inlinable
    public func number<Number: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: Number.Type
    ) -> Number {
        precondition(
            offset >= 0 && offset <= count - MemoryLayout<Number>.size, "the number is not all there")
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}

extension Span<UInt8> {
    /// The value whose bytes, in this machine's order, start at `offset`; nil where they are not all there.
    func load<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, count - offset >= MemoryLayout<Value>.size else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}

extension MutableSpan<UInt8> {
    /// Stores a number, in this machine's order, from `offset` on; there must be room.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func store<Number: FixedWidthInteger & BitwiseCopyable>(
        number: Number, at offset: Int
    ) {
        precondition(
            offset >= 0 && offset <= count - MemoryLayout<Number>.size, "there is no room for the number")
        withUnsafeMutableBytes { $0.storeBytes(of: number, toByteOffset: offset, as: Number.self) }
    }

    /// Sets bytes to zero.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func fill(withZeros range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the bytes are not all there")
        withUnsafeMutableBytes { bytes in
            _ = UnsafeMutableRawBufferPointer(rebasing: bytes[range]).initializeMemory(
                as: UInt8.self, repeating: 0)
        }
    }
}
