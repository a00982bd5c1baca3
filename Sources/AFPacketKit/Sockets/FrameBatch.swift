internal import CShim
import Glibc

/// Memory for the frames that one system call sends, or a few calls, allocated once and used again and again.
/// sendmmsg(2)
public struct FrameBatch: ~Copyable {
    /// Whether each is sent with the time at which it is to leave.
    public let hasLaunchTimes: Bool
    @usableFromInline var memory: MessageMemory<LaunchControl>

    /// SCM_TXTIME, in words that shim.c asserts to be as many bytes as it takes.
    @usableFromInline typealias LaunchControl = InlineArray<3, UInt64>

    /// The most frames that one call takes. UIO_MAXIOV
    public static var largestCount: Int { 1024 }

    /// `count` copies of a frame, 1 to `largestCount`.
    public init(of frame: Span<UInt8>, count: Int, hasLaunchTimes: Bool = false) {
        precondition((1...Self.largestCount).contains(count), "a call sends 1 to 1024 frames")
        self.hasLaunchTimes = hasLaunchTimes
        memory = MessageMemory(
            count: count, frameSize: frame.count, control: LaunchControl(repeating: 0),
            hasControl: hasLaunchTimes)
        for index in 0..<count { memory.frames.copy(frame, to: index * frame.count) }
    }

    /// The number of frames it holds, at most as many as a call takes.
    @inlinable
    public var count: Int { memory.count }

    /// The number of bytes that each has.
    @inlinable
    public var frameSize: Int { memory.frameSize }

    /// Changes the first `count` frames, one after the other; the batch must have them.
    @inlinable
    public mutating func update(first count: Int, _ body: (inout MutableSpan<UInt8>) -> Void) {
        precondition(count >= 0 && count <= self.count, "there are no such frames")
        for index in 0..<count {
            var frame = unsafe memory.mutableFrame(at: index)
            body(&frame)
        }
    }

    /// The frame at `index`, which must be from 0 up to `count`.
    @inlinable
    @_lifetime(borrow self)
    public func frame(at index: Int) -> Span<UInt8> {
        precondition(index >= 0 && index < count, "there is no such frame")
        return unsafe memory.frame(at: index, length: .max)
    }

    /// Says when the frame at `index` is to leave, on the clock that the socket was opened with. SCM_TXTIME
    public mutating func setLaunchTime(_ time: Timestamp, ofFrameAt index: Int) {
        precondition(hasLaunchTimes && (0..<count).contains(index), "that frame has no launch time")
        unsafe cshim_write_launch_time(
            memory.controlAddress(at: index), UInt64(bitPattern: time.nanoseconds))
    }

    /// Hands the frame at `index`, which must be there, to the kernel, without its launch time.
    ///
    /// - Returns: how many it took, which is 1, or negative, as send(2).
    @inline(__always)
    @unsafe func send(frameAt index: Int, to descriptor: borrowing Descriptor) -> Int {
        unsafe cshim_send(descriptor.rawValue, memory.frames.address(of: index &* frameSize), frameSize) < 0
            ? -1 : 1
    }

    /// Hands the frames at some indices, which must be there, to the kernel together.
    ///
    /// - Returns: how many of them it took, or negative, as sendmmsg(2).
    @inline(__always)
    @unsafe func sendTogether(_ indices: Range<Int>, to descriptor: borrowing Descriptor) -> Int {
        let first = unsafe memory.messages(from: indices.lowerBound)
        return unsafe Int(cshim_sendmmsg(descriptor.rawValue, first, CUnsignedInt(indices.count)))
    }
}
