/// A frame in a `MessageBatch` or a `ReceiveRing`; it cannot outlive the borrow of its owner.
@safe public struct ReceivedFrame: ~Escapable, BitwiseCopyable {
    /// The bytes from the destination address on, as many as there was room for: without the outer VLAN tag, which the
    /// kernel takes out of received frames, and without the FCS.
    public let bytes: Span<UInt8>
    /// The address of the kernel's data about it, which are read on access.
    @usableFromInline let words: UnsafeRawPointer?
    @usableFromInline let origin: Origin
    @usableFromInline let originalLength: UInt32
    /// Tells whether bytes were cut off. MSG_TRUNC, recvmsg(2)
    public let isTruncated: Bool

    /// The type of the kernel's data.
    @usableFromInline
    enum Origin: BitwiseCopyable {
        /// `Ancillary`, already parsed.
        case batch
        /// `FrameHeaders`, as the kernel wrote them.
        case ring
        /// None.
        case memory
    }

    /// Creates a frame from bytes in memory, for instance of a capture, without the kernel's data.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, isTruncated: Bool = false) {
        self.bytes = bytes
        unsafe words = nil
        origin = .memory
        originalLength = UInt32(truncatingIfNeeded: bytes.count)
        self.isTruncated = isTruncated
    }

    /// A frame whose bytes and kernel data are valid as long as the bytes' owner is borrowed.
    @inlinable @inline(__always)
    @_lifetime(copy bytes)
    @unsafe init(
        _ bytes: Span<UInt8>, length: UInt32, isTruncated: Bool, words: UnsafeRawPointer, in origin: Origin
    ) {
        self.bytes = bytes
        unsafe self.words = words
        self.origin = origin
        originalLength = length
        self.isTruncated = isTruncated
    }

    /// The original length in bytes, more than its bytes if it was cut off.
    @inlinable
    public var length: Int { Int(originalLength) }

    /// The kernel's data about it.
    @inlinable
    public var ancillary: Ancillary {
        @inline(__always)
        get {
            guard let words = unsafe words else { return Ancillary() }
            return switch origin {
            case .batch: unsafe words.assumingMemoryBound(to: Ancillary.self).pointee
            case .ring: unsafe FrameHeaders(at: 0, in: words).ancillary
            case .memory: Ancillary()
            }
        }
    }
}
