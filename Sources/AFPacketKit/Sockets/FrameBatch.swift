internal import CShim
import Glibc

/// Memory for the frames that one system call sends, or a few calls, allocated once and used again and again. sendmmsg(2)
public struct FrameBatch: ~Copyable {
    /// How many frames it holds, at most as many as a call takes. UIO_MAXIOV
    public let count: Int
    /// How many bytes each has.
    public let frameSize: Int
    /// Whether each is sent with the time at which it is to leave.
    public let hasLaunchTimes: Bool

    /// The most frames that one call takes.
    public static var largestCount: Int { 1024 }

    private let headers: UnsafeMutablePointer<cshim_mmsghdr>
    private let vectors: UnsafeMutablePointer<iovec>
    @usableFromInline let frames: UnsafeMutablePointer<UInt8>
    private let controls: UnsafeMutablePointer<UInt8>

    private static var controlSize: Int { Int(CSHIM_LAUNCH_CONTROL_SIZE) }

    /// `count` copies of a frame, 1 to `largestCount`.
    public init(of frame: Span<UInt8>, count: Int, hasLaunchTimes: Bool = false) {
        precondition((1...Self.largestCount).contains(count), "a call sends 1 to 1024 frames")
        self.count = count
        self.hasLaunchTimes = hasLaunchTimes
        let size = frame.count
        frameSize = size
        headers = .allocate(capacity: count)
        vectors = .allocate(capacity: count)
        frames = .allocate(capacity: count * size)
        controls = .allocate(capacity: count * Self.controlSize)
        headers.initialize(repeating: cshim_mmsghdr(), count: count)
        controls.initialize(repeating: 0, count: count * Self.controlSize)
        for index in 0..<count {
            for offset in 0..<size { frames[index * size + offset] = frame[offset] }
            (vectors + index).initialize(to: iovec(iov_base: frames + index * size, iov_len: size))
            headers[index].msg_hdr.msg_iov = vectors + index
            headers[index].msg_hdr.msg_iovlen = 1
            guard hasLaunchTimes else { continue }
            headers[index].msg_hdr.msg_control = UnsafeMutableRawPointer(controls + index * Self.controlSize)
            headers[index].msg_hdr.msg_controllen = Self.controlSize
        }
    }

    deinit {
        headers.deallocate()
        vectors.deallocate()
        frames.deallocate()
        controls.deallocate()
    }

    /// Changes the first `count` frames, one after the other; the batch must have them.
    @inlinable
    public mutating func update(first count: Int, _ body: (inout MutableSpan<UInt8>) -> Void) {
        precondition(count >= 0 && count <= self.count, "there are no such frames")
        for index in 0..<count {
            var frame = MutableSpan(_unsafeStart: frames + index &* frameSize, count: frameSize)
            body(&frame)
        }
    }

    /// Changes the first frame.
    @inlinable
    public mutating func updateFirstFrame(_ body: (inout MutableSpan<UInt8>) -> Void) {
        var frame = MutableSpan(_unsafeStart: frames, count: frameSize)
        body(&frame)
    }

    /// The first frame.
    @inlinable
    public var firstFrame: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            _overrideLifetime(Span(_unsafeStart: UnsafePointer(frames), count: frameSize), borrowing: self)
        }
    }

    /// Says when the frame at `index` is to leave, on the clock that the socket was opened with. SCM_TXTIME
    public mutating func setLaunchTime(_ time: Timestamp, ofFrameAt index: Int) {
        precondition(hasLaunchTimes && (0..<count).contains(index), "that frame has no launch time")
        cshim_write_launch_time(
            controls + index * Self.controlSize, UInt64(bitPattern: time.nanoseconds))
    }

    /// Hands the frame at `index`, which must be there, to the kernel, without its launch time.
    ///
    /// - Returns: how many it took, which is 1, or negative, as send(2).
    @inline(__always)
    func send(frameAt index: Int, to descriptor: borrowing Descriptor) -> Int {
        cshim_send(descriptor.rawValue, frames + index &* frameSize, frameSize) < 0 ? -1 : 1
    }

    /// Hands the frames at some indices, which must be there, to the kernel together.
    ///
    /// - Returns: how many of them it took, or negative, as sendmmsg(2).
    @inline(__always)
    func sendTogether(_ indices: Range<Int>, to descriptor: borrowing Descriptor) -> Int {
        let first = headers + indices.lowerBound
        return Int(cshim_sendmmsg(descriptor.rawValue, first, CUnsignedInt(indices.count)))
    }
}
