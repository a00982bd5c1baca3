/// A frame in a `MessageBatch` or a `ReceiveRing`, where it was received; it cannot outlive the borrow of its owner.
@safe public struct ReceivedFrame: ~Escapable, BitwiseCopyable {
    /// The bytes from the destination address on, as many as there was room for: without the outer VLAN tag, which the
    /// kernel takes out of received frames, and without the FCS.
    public let bytes: Span<UInt8>
    /// The address of the kernel's words about it, which are read when somebody asks.
    @usableFromInline let words: UnsafeRawPointer?
    @usableFromInline let origin: Origin
    @usableFromInline let originalLength: UInt32
    /// Whether bytes were cut off. MSG_TRUNC, recvmsg(2)
    public let isTruncated: Bool
    /// Whether this host sent it, and it was only passed by. PACKET_OUTGOING, packet(7)
    ///
    /// It is told where the batch was made to tell it; a ring has no such frames.
    public let isOutgoing: Bool

    /// The type of the kernel's words.
    @usableFromInline
    enum Origin: BitwiseCopyable {
        /// `Ancillary`, read before.
        case batch
        /// `FrameHeaders`, as the kernel wrote them.
        case ring
        /// None.
        case memory
    }

    /// A whole frame that is in memory already, for instance of a capture: the kernel says nothing about it.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>, isTruncated: Bool = false) {
        self.bytes = bytes
        unsafe words = nil
        origin = .memory
        originalLength = UInt32(truncatingIfNeeded: bytes.count)
        self.isTruncated = isTruncated
        isOutgoing = false
    }

    /// A frame whose bytes and words are good as long as the bytes' owner is borrowed.
    @inlinable @inline(__always)
    @_lifetime(copy bytes)
    @unsafe init(
        _ bytes: Span<UInt8>, length: UInt32, isTruncated: Bool, isOutgoing: Bool,
        words: UnsafeRawPointer, in origin: Origin
    ) {
        self.bytes = bytes
        unsafe self.words = words
        self.origin = origin
        originalLength = length
        self.isTruncated = isTruncated
        self.isOutgoing = isOutgoing
    }

    /// The length in bytes that it had, which is more than there are bytes if it was cut off.
    @inlinable
    public var length: Int { Int(originalLength) }

    /// The kernel's words about it.
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
