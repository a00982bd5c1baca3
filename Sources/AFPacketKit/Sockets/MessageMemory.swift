internal import CShim
import Glibc

/// The memory of the frames of one send or receive call, and the headers that point the kernel to it.
///
/// Only here does the kernel get addresses: each `msg_iov`, `iov_base` and `msg_control` points into a
/// slab of the same owner, and is valid as long as the headers. sendmmsg(2), recvmmsg(2)
///
/// The caller checks indices, once for all accesses to a frame.
@usableFromInline
@safe struct MessageMemory<Control: BitwiseCopyable>: ~Copyable {
    /// The size of each frame in bytes.
    @usableFromInline let frameSize: Int
    @usableFromInline var frames: Slab<UInt8>
    @usableFromInline let headers: Slab<MessageHeader>
    private let controls: Slab<Control>
    private let vectors: Slab<iovec>

    /// Creates memory for `count` frames, all bytes 0.
    ///
    /// - Parameters:
    ///   - control: the initial content of each frame's memory for control messages.
    ///   - hasControl: whether the kernel gets that memory.
    init(count: Int, frameSize: Int, control: Control, hasControl: Bool) {
        self.frameSize = frameSize
        // Written now, so that no page is faulted in while frames are measured.
        let frames = Slab<UInt8>(repeating: 0, count: max(1, count * frameSize))
        let controls = Slab(repeating: control, count: count)
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
            return header
        }
        self.frames = frames
        self.controls = controls
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
        unsafe header.pointee.controlLength = MemoryLayout<Control>.size
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
