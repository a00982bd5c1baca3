internal import CShim
import Glibc

/// The memory of the frames that one system call sends or receives, and the headers that show it to the kernel.
///
/// This is the one place where the kernel gets addresses: each of `msg_iov`, `iov_base`, `msg_name` and `msg_control`
/// points into a slab of the same owner, and so is good for as long as the headers are. sendmmsg(2), recvmmsg(2)
@usableFromInline
@safe struct MessageMemory<Control: BitwiseCopyable>: ~Copyable {
    /// How many bytes each frame has.
    @usableFromInline let frameSize: Int
    @usableFromInline var frames: Slab<UInt8>
    private let controls: Slab<Control>
    var headers: Slab<cshim_mmsghdr>
    private let vectors: Slab<iovec>
    private let senders: Slab<sockaddr_ll>

    /// Memory for `count` frames, all of whose bytes are 0.
    ///
    /// - Parameters:
    ///   - control: what the memory for the control messages of each frame holds before there are any.
    ///   - hasControl: whether it is shown to the kernel.
    ///   - tellsSenders: whether the kernel is to write whom each frame came from.
    init(count: Int, frameSize: Int, control: Control, hasControl: Bool, tellsSenders: Bool = false) {
        self.frameSize = frameSize
        // Written to now, so that no page is faulted in while frames are measured.
        let frames = Slab<UInt8>(repeating: 0, count: max(1, count * frameSize))
        let controls = Slab(repeating: control, count: count)
        let senders = Slab(repeating: sockaddr_ll(), count: count)
        let vectors = unsafe Slab(count: count) { index in
            unsafe iovec(iov_base: frames.address(of: index * frameSize), iov_len: frameSize)
        }
        unsafe headers = Slab(count: count) { index in
            var header = unsafe cshim_mmsghdr()
            unsafe header.msg_hdr.msg_iov = vectors.address(of: index)
            unsafe header.msg_hdr.msg_iovlen = 1
            if hasControl {
                unsafe header.msg_hdr.msg_control = UnsafeMutableRawPointer(
                    controls.address(of: index))
                unsafe header.msg_hdr.msg_controllen = MemoryLayout<Control>.size
            }
            if tellsSenders {
                unsafe header.msg_hdr.msg_name = UnsafeMutableRawPointer(senders.address(of: index))
                unsafe header.msg_hdr.msg_namelen = socklen_t(MemoryLayout<sockaddr_ll>.size)
            }
            return unsafe header
        }
        self.frames = frames
        self.controls = controls
        self.senders = senders
        unsafe self.vectors = vectors
    }

    /// The number of frames.
    var count: Int { unsafe headers.count }

    /// The header of a frame, for the kernel. The index is for the caller to check.
    @inline(__always)
    func header(at index: Int) -> UnsafeMutablePointer<cshim_mmsghdr> { unsafe headers.address(of: index) }

    /// The first bytes of a frame, `length` of them or as many as there are. The index is for the caller to check.
    @inlinable @inline(__always)
    @_lifetime(borrow self)
    @unsafe func frame(at index: Int, length: UInt32) -> Span<UInt8> {
        let count = min(length, UInt32(truncatingIfNeeded: frameSize))
        return unsafe frames.span(unchecked: index &* frameSize, count: Int(count))
    }

    /// A frame's bytes, to be changed. The index is for the caller to check.
    @inlinable @inline(__always)
    @_lifetime(&self)
    @unsafe mutating func mutableFrame(at index: Int) -> MutableSpan<UInt8> {
        unsafe frames.mutableSpan(unchecked: index &* frameSize, count: frameSize)
    }

    /// A frame's control messages, as far as the kernel says that it wrote them. The index is for the caller to check.
    @inline(__always)
    func control(at index: Int) -> (start: UnsafeRawPointer, count: Int) {
        let written = unsafe UInt(bitPattern: header(at: index).pointee.msg_hdr.msg_controllen)
        let count = min(written, UInt(bitPattern: MemoryLayout<Control>.size))
        return unsafe (UnsafeRawPointer(controls.address(of: index)), Int(bitPattern: count))
    }

    /// Where a frame's control messages are written. The index is for the caller to check.
    @inline(__always)
    func controlAddress(at index: Int) -> UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(controls.address(of: index))
    }

    /// Says how much the kernel may write for a frame; it overwrites that with how much it wrote. The index is for the
    /// caller to check.
    @inline(__always)
    @unsafe mutating func arm(_ index: Int) {
        let header = unsafe header(at: index)
        unsafe header.pointee.msg_hdr.msg_namelen = socklen_t(MemoryLayout<sockaddr_ll>.size)
        unsafe header.pointee.msg_hdr.msg_controllen = MemoryLayout<Control>.size
    }

    /// Whether this host sent a frame, as its sender's address tells. The index is for the caller to check.
    /// PACKET_OUTGOING, packet(7)
    @unsafe func isOutgoing(at index: Int) -> Bool {
        unsafe senders.address(of: index).pointee.sll_pkttype == UInt8(PACKET_OUTGOING)
    }
}
