// Values at any offset among bytes. Each access is checked once, not byte by byte.

extension Span<UInt8> {
    /// The value whose bytes, in this machine's order, start at `offset`; they must all be there.
    @inlinable
    public func value<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size, "the value is not all there")
        return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type)
    }

    /// The value whose bytes, in this machine's order, start at `offset`; nil if they are not all there.
    func load<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, count - offset >= MemoryLayout<Value>.size else { return nil }
        return unsafe withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
}

extension Span<UInt8> {
    /// A copy of the bytes.
    package var array: [UInt8] { unsafe withUnsafeBufferPointer { unsafe Array($0) } }
}

extension MutableSpan<UInt8> {
    /// Stores the bytes of a value, in this machine's order, from `offset` on; there must be room.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
        precondition(
            offset >= 0 && offset <= count - MemoryLayout<Value>.size, "there is no room for the value")
        unsafe withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: value, toByteOffset: offset, as: Value.self)
        }
    }

    /// Copies bytes to the beginning; there must be room.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func copy(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= count, "there is no room for the bytes")
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe withUnsafeMutableBytes { unsafe $0.copyMemory(from: bytes) }
        }
    }

    /// Sets bytes to zero.
    @inlinable
    @_lifetime(self: copy self)
    public mutating func fill(withZeros range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "the bytes are not all there")
        unsafe withUnsafeMutableBytes { bytes in
            _ = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[range]).initializeMemory(
                as: UInt8.self, repeating: 0)
        }
    }
}

extension Span<UInt8> {
    /// The sum of all groups of eight bytes from the first on, each as a little-endian number; up to seven bytes at
    /// the end are left out. It cannot overflow for any amount of memory.
    ///
    /// Inlined, so that the loop disappears if the caller knows the number of bytes.
    @inlinable @inline(__always)
    package func sumOfLittleEndianWords() -> UInt128 {
        var sum: UInt128 = 0
        unsafe withUnsafeBytes { bytes in
            for index in 0..<bytes.count / 8 {
                let word = unsafe bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
                sum &+= UInt128(word.littleEndian)
            }
        }
        return sum
    }
}

extension StaticString {
    /// The text in UTF-8.
    @inlinable
    package var bytes: Span<UInt8> {
        @_lifetime(immortal)
        @inline(__always)
        get {
            let span = unsafe Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}
