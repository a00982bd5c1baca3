internal import CShim
import Glibc

/// The memory of the frames of one send or receive call, and the headers that point the kernel to it.
///
/// Only here does the kernel get addresses: each `msg_iov`, `iov_base`, `msg_name` and `msg_control` points into a
/// slab of the same owner, and is valid as long as the headers. sendmmsg(2), recvmmsg(2)
///
/// The caller checks indices, once for all accesses to a frame.
@usableFromInline
@safe struct MessageMemory<Control: BitwiseCopyable>: ~Copyable {
    /// The size of each frame in bytes.
    @usableFromInline let frameSize: Int
    @usableFromInline var frames: Slab<UInt8>
    @usableFromInline let headers: Slab<MessageHeader>
    @usableFromInline let senders: Slab<SenderAddress>
    private let controls: Slab<Control>
    private let vectors: Slab<iovec>

    /// Creates memory for `count` frames, all bytes 0.
    ///
    /// - Parameters:
    ///   - control: the initial content of each frame's memory for control messages.
    ///   - hasControl: whether the kernel gets that memory.
    ///   - tellsSenders: whether the kernel writes the sender of each frame.
    init(count: Int, frameSize: Int, control: Control, hasControl: Bool, tellsSenders: Bool = false) {
        self.frameSize = frameSize
        // Written now, so that no page is faulted in while frames are measured.
        let frames = Slab<UInt8>(repeating: 0, count: max(1, count * frameSize))
        let controls = Slab(repeating: control, count: count)
        let senders = Slab(repeating: SenderAddress(), count: count)
        let vectors = unsafe Slab(count: count) { index in
            unsafe iovec(iov_base: frames.address(of: index * frameSize), iov_len: frameSize)
        }
        headers = Slab(count: count) { index in
            var header = MessageHeader()
            unsafe header.vectors = UnsafeMutableRawPointer(vectors.address(of: index))
            header.vectorCount = 1
            if hasControl {
                unsafe header.control = UnsafeMutableRawPointer(controls.address(of: index))
                header.controlLength = MemoryLayout<Control>.size
            }
            if tellsSenders {
                unsafe header.sender = UnsafeMutableRawPointer(senders.address(of: index))
                header.senderLength = UInt32(MemoryLayout<SenderAddress>.size)
            }
            return header
        }
        self.frames = frames
        self.controls = controls
        self.senders = senders
        unsafe self.vectors = vectors
    }

    /// The number of frames.
    @usableFromInline
    var count: Int { headers.count }

    /// The headers from `index` on, for the kernel.
    @inline(__always)
    func messages(from index: Int) -> UnsafeMutablePointer<cshim_mmsghdr> {
        unsafe UnsafeMutableRawPointer(header(at: index)).assumingMemoryBound(to: cshim_mmsghdr.self)
    }

    @inlinable @inline(__always)
    func header(at index: Int) -> UnsafeMutablePointer<MessageHeader> { unsafe headers.address(of: index) }

    /// The first `length` bytes of a frame, or all if it has fewer.
    @inlinable @inline(__always)
    @_lifetime(borrow self)
    @unsafe func frame(at index: Int, length: UInt32) -> Span<UInt8> {
        let count = min(length, UInt32(truncatingIfNeeded: frameSize))
        return unsafe frames.span(unchecked: index &* frameSize, count: Int(count))
    }

    /// The bytes of a frame, mutable.
    @inlinable @inline(__always)
    @_lifetime(&self)
    @unsafe mutating func mutableFrame(at index: Int) -> MutableSpan<UInt8> {
        unsafe frames.mutableSpan(unchecked: index &* frameSize, count: frameSize)
    }

    /// The control messages of a frame, as many bytes as the kernel wrote.
    @inline(__always)
    func control(at index: Int) -> (start: UnsafeRawPointer, count: Int) {
        let written = unsafe UInt(bitPattern: header(at: index).pointee.controlLength)
        let count = min(written, UInt(bitPattern: MemoryLayout<Control>.size))
        return unsafe (UnsafeRawPointer(controls.address(of: index)), Int(bitPattern: count))
    }

    /// The address for a frame's control messages.
    @inline(__always)
    func controlAddress(at index: Int) -> UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(controls.address(of: index))
    }

    /// Sets the room that the kernel may fill for a frame; the kernel overwrites it with what it wrote.
    @inline(__always)
    @unsafe mutating func arm(_ index: Int) {
        let header = unsafe header(at: index)
        unsafe header.pointee.senderLength = UInt32(MemoryLayout<SenderAddress>.size)
        unsafe header.pointee.controlLength = MemoryLayout<Control>.size
    }

    /// Tells whether this host sent a frame, by its sender's address. PACKET_OUTGOING, packet(7)
    @inlinable @inline(__always)
    @unsafe func isOutgoing(at index: Int) -> Bool {
        unsafe senders.address(of: index).pointee.packetType == SenderAddress.outgoing
    }
}

/// struct mmsghdr, with the fields of its struct msghdr. Code that reads frames is inlined into callers, where the
/// imported type cannot be named. recvmmsg(2)
@usableFromInline
@safe struct MessageHeader: BitwiseCopyable {
    @usableFromInline var sender: UnsafeMutableRawPointer?
    @usableFromInline var senderLength: UInt32 = 0
    @usableFromInline var vectors: UnsafeMutableRawPointer?
    @usableFromInline var vectorCount = 0
    @usableFromInline var control: UnsafeMutableRawPointer?
    @usableFromInline var controlLength = 0
    @usableFromInline var flags: CInt = 0
    private var padding: CInt = 0
    /// The length of a received frame, or the number of bytes sent.
    @usableFromInline var length: UInt32 = 0

    /// MSG_TRUNC
    @inlinable
    static var truncated: CInt { 0x20 }

    /// Creates a header without a frame.
    init() {}

    /// Tells whether the fields have the kernel's offsets.
    static var isLaidOutAsTheKernels: Bool {
        unsafe MemoryLayout<MessageHeader>.stride == MemoryLayout<cshim_mmsghdr>.stride
            && MemoryLayout.offset(of: \MessageHeader.vectors) == MemoryLayout.offset(of: \msghdr.msg_iov)
            && MemoryLayout.offset(of: \MessageHeader.control) == MemoryLayout.offset(of: \msghdr.msg_control)
            && MemoryLayout.offset(of: \MessageHeader.flags) == MemoryLayout.offset(of: \msghdr.msg_flags)
            && MemoryLayout.offset(of: \MessageHeader.length)
                == MemoryLayout.offset(of: \cshim_mmsghdr.msg_len)
            && truncated == CInt(MSG_TRUNC)
    }
}

/// struct sockaddr_ll, for the same reason. packet(7)
@usableFromInline
struct SenderAddress: BitwiseCopyable {
    @usableFromInline var family: UInt16 = 0
    @usableFromInline var ethernetProtocol: UInt16 = 0
    @usableFromInline var interfaceIndex: CInt = 0
    @usableFromInline var hardwareType: UInt16 = 0
    @usableFromInline var packetType: UInt8 = 0
    @usableFromInline var addressLength: UInt8 = 0
    @usableFromInline var address: (UInt32, UInt32) = (0, 0)

    /// PACKET_OUTGOING
    @inlinable
    static var outgoing: UInt8 { 4 }

    /// Creates an empty address.
    init() {}

    /// Tells whether the fields have the kernel's offsets.
    static var isLaidOutAsTheKernels: Bool {
        MemoryLayout<SenderAddress>.size == MemoryLayout<sockaddr_ll>.size
            && MemoryLayout.offset(of: \SenderAddress.packetType)
                == MemoryLayout.offset(of: \sockaddr_ll.sll_pkttype)
            && outgoing == UInt8(PACKET_OUTGOING)
    }
}
