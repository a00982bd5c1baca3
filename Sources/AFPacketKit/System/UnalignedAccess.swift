// Values at any place among bytes, each access checked once and not byte by byte.

extension Span<UInt8> {
    /// The value whose bytes, in this machine's order, start at `offset`; they must all be there.
    @inlinable
    public func value<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size, "the value is not all there")
        return bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type)
    }

    /// The value whose bytes, in this machine's order, start at `offset`; nil where they are not all there.
    func load<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, count - offset >= MemoryLayout<Value>.size else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}

extension MutableSpan<UInt8> {
    /// Stores the bytes of a value, in this machine's order, from `offset` on; there must be room.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        precondition(
            offset >= 0 && offset <= count - MemoryLayout<Value>.size, "there is no room for the value")
        withUnsafeMutableBytes { $0.storeBytes(of: value, toByteOffset: offset, as: Value.self) }
    }

    /// Copies bytes to the beginning; there must be room.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func copy(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= count, "there is no room for the bytes")
        bytes.withUnsafeBytes { bytes in withUnsafeMutableBytes { $0.copyMemory(from: bytes) } }
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
