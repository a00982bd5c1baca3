internal import CShim
import Glibc

/// Memory for the frames of one or a few send calls, allocated once and reused. sendmmsg(2)
public struct FrameBatch: ~Copyable {
    /// Tells whether each frame is sent with a launch time.
    public let hasLaunchTimes: Bool
    @usableFromInline var memory: MessageMemory<LaunchControl>

    /// SCM_TXTIME as words; shim.c asserts that the size matches.
    @usableFromInline typealias LaunchControl = InlineArray<3, UInt64>

    /// The max number of frames per call. UIO_MAXIOV
    public static var maxCount: Int { 1024 }

    /// Creates `count` copies of a frame, 1 to `maxCount`.
    public init(of frame: Span<UInt8>, count: Int, hasLaunchTimes: Bool = false) {
        precondition((1...Self.maxCount).contains(count), "a call sends 1 to 1024 frames")
        self.hasLaunchTimes = hasLaunchTimes
        memory = MessageMemory(
            count: count, frameSize: frame.count, control: LaunchControl(repeating: 0),
            hasControl: hasLaunchTimes)
        for index in 0..<count { memory.frames.copy(frame, to: index * frame.count) }
    }

    /// The number of frames, at most `maxCount`.
    @inlinable
    public var count: Int { memory.count }

    /// The size of each frame in bytes.
    @inlinable
    public var frameSize: Int { memory.frameSize }

    /// Changes the first `count` frames, one after the other; `count` must not exceed the batch's.
    @inlinable
    public mutating func update(first count: Int, _ body: (inout MutableSpan<UInt8>) -> Void) {
        precondition(count >= 0 && count <= self.count, "there are no such frames")
        for index in 0..<count {
            var frame = unsafe memory.mutableFrame(at: index)
            body(&frame)
        }
    }

    /// The frame at `index`, from 0 up to `count`.
    @inlinable
    @_lifetime(borrow self)
    public func frame(at index: Int) -> Span<UInt8> {
        precondition(index >= 0 && index < count, "there is no such frame")
        return unsafe memory.frame(at: index, length: .max)
    }

    /// Sets the launch time of the frame at `index`, on the clock that the socket was opened with. SCM_TXTIME
    public mutating func setLaunchTime(_ time: Timestamp, ofFrameAt index: Int) {
        precondition(hasLaunchTimes && (0..<count).contains(index), "that frame has no launch time")
        unsafe cshim_write_launch_time(
            memory.controlAddress(at: index), UInt64(bitPattern: time.nanoseconds))
    }

    /// Hands the frame at `index`, which must exist, to the kernel, without its launch time.
    ///
    /// - Returns: the number of frames taken, which is 1, or negative, as send(2).
    @inline(__always)
    @unsafe func send(frameAt index: Int, to descriptor: borrowing Descriptor) -> Int {
        unsafe cshim_send(descriptor.rawValue, memory.frames.address(of: index &* frameSize), frameSize) < 0
            ? -1 : 1
    }

    /// Hands the frames at some indices, which must exist, to the kernel in one call.
    ///
    /// - Returns: the number of frames taken, or negative, as sendmmsg(2).
    @inline(__always)
    @unsafe func sendTogether(_ indices: Range<Int>, to descriptor: borrowing Descriptor) -> Int {
        let first = unsafe memory.messages(from: indices.lowerBound)
        return unsafe Int(cshim_sendmmsg(descriptor.rawValue, first, CUnsignedInt(indices.count)))
    }
}
