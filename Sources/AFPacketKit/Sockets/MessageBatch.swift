internal import CShim
import Glibc

/// Memory for the frames of one receive call, allocated once and reused. recvmmsg(2)
public struct MessageBatch: ~Copyable {
    /// The number of frames from the last receive call.
    public private(set) var count = 0
    /// The userspace stamp of these frames: CLOCK_REALTIME right after their receive call. Completions do not change
    /// it.
    public private(set) var receivedAt = Timestamp(nanoseconds: 0)

    /// Room for every requested control message, with space to spare.
    @usableFromInline typealias Control = InlineArray<32, UInt64>

    @usableFromInline var memory: MessageMemory<Control>
    /// The kernel's data about the frames of the last call.
    @usableFromInline var ancillaries: Slab<Ancillary>

    /// Creates memory for `capacity` frames (1 or more) of up to `frameCapacity` bytes.
    public init(capacity: Int, frameCapacity: Int) {
        precondition(capacity > 0 && frameCapacity > 0, "a batch holds at least one frame of one byte")
        memory = MessageMemory(
            count: capacity, frameSize: frameCapacity, control: Control(repeating: 0), hasControl: true)
        ancillaries = Slab(repeating: Ancillary(), count: capacity)
    }

    /// The max number of frames per call.
    public var capacity: Int { memory.count }

    /// The max number of bytes kept of a frame; the rest of a longer one is cut off.
    public var frameCapacity: Int { memory.frameSize }

    /// Receives frames; they replace the previous ones.
    ///
    /// - Parameters:
    ///   - isWaiting: whether to wait for the first frame, up to the socket's timeout.
    ///   - limit: the max number of frames. If as many are there, the call is quicker: it does not look for another
    ///     one.
    @inline(__always)
    mutating func receive(
        from descriptor: borrowing Descriptor, flags: CInt, isWaiting: Bool = false, limit: Int = .max
    ) throws(SystemError) {
        guard limit > 1 else {
            guard limit == 1 else {
                count = 0
                return
            }
            return try receiveOne(from: descriptor, flags: flags, isWaiting: isWaiting)
        }
        count = 0
        let most = CUnsignedInt(truncatingIfNeeded: min(limit, capacity))
        let flags = flags | (isWaiting ? CInt(MSG_WAITFORONE) : CInt(MSG_DONTWAIT))
        repeat {
            let received = unsafe cshim_recvmmsg(descriptor.rawValue, memory.messages(from: 0), most, flags)
            if received >= 0 { return takeSeveral(Int(received), flags) }
        } while try wasInterrupted("recvmmsg")
    }

    /// Receives one frame, which replaces the previous ones, by the simpler call, which costs less.
    ///
    /// - Parameters:
    ///   - isWaiting: whether to wait for the frame, up to the socket's timeout.
    ///   - polls: the number of polls for a frame, if not waiting.
    @inline(__always)
    mutating func receiveOne(
        from descriptor: borrowing Descriptor, flags: CInt, isWaiting: Bool = false, polls: Int = 1
    ) throws(SystemError) {
        count = 0
        let flags = isWaiting ? flags : flags | CInt(MSG_DONTWAIT)
        var pollsLeft = polls
        // The clock's code leaves the caches between two frames, and would stamp tens of ns late: calling it now and
        // then keeps it there.
        if polls > 1 { _ = Timestamp.now() }
        while pollsLeft > 0 {
            let header = unsafe memory.messages(from: 0)
            let length = unsafe cshim_recvmsg(descriptor.rawValue, &header.pointee.msg_hdr, flags)
            if length >= 0 {
                unsafe header.pointee.msg_len = CUnsignedInt(truncatingIfNeeded: length)
                return take(1, flags)
            }
            // Mostly there is no frame. Checked here first, so that the next poll comes sooner.
            if errno != EAGAIN, try wasInterrupted("recvmsg") { continue }
            pollsLeft &-= 1
        }
    }

    /// Reads the kernel's data about the frames of a call.
    @inline(__always)
    private mutating func take(_ received: Int, _ flags: CInt) {
        if flags & CInt(MSG_ERRQUEUE) == 0 { receivedAt = .now() }
        for index in 0..<received { readControl(at: index) }
        count = received
    }

    @inline(never)
    private mutating func takeSeveral(_ received: Int, _ flags: CInt) { take(received, flags) }

    /// Returns whether a call was interrupted by a signal and must be repeated; false if no frame is there.
    @inline(never)
    private func wasInterrupted(_ call: StaticString) throws(SystemError) -> Bool {
        let error = SystemError.last(call)
        switch error.code {
        case .interrupted: return true
        case .wouldBlock: return false
        default: throw error
        }
    }

    /// Parses the control messages of a frame at once, because every caller needs some of them; then the kernel may
    /// reuse their memory.
    @inline(__always)
    private mutating func readControl(at index: Int) {
        // Changed in place: most of it stays as it is.
        let ancillary = unsafe ancillaries.address(of: index)
        unsafe ancillary.pointee = Ancillary()
        let control = unsafe memory.control(at: index)
        unsafe ancillary.pointee.read(at: control.start, count: control.count)
        unsafe memory.arm(index)
    }

    /// The frame at `index`, from 0 up to `count`, of the last receive call.
    @inlinable
    public subscript(index: Int) -> ReceivedFrame {
        @inline(__always)
        @_lifetime(borrow self)
        get {
            check(index)
            let header = unsafe memory.header(at: index)
            let frame = unsafe ReceivedFrame(
                memory.frame(at: index, length: header.pointee.length), length: header.pointee.length,
                isTruncated: header.pointee.flags & MessageHeader.truncated != 0,
                words: UnsafeRawPointer(ancillaries.address(of: index)), in: .batch)
            return unsafe _overrideLifetime(frame, borrowing: self)
        }
    }

    /// The bytes of the frame at `index`, valid until the next receive call.
    @inlinable
    @_lifetime(borrow self)
    public func frame(at index: Int) -> Span<UInt8> {
        check(index)
        return unsafe memory.frame(at: index, length: memory.header(at: index).pointee.length)
    }

    /// The kernel's data about the frame at `index`.
    @inlinable
    public func ancillary(at index: Int) -> Ancillary {
        check(index)
        return unsafe ancillaries.address(of: index).pointee
    }

    @inlinable @inline(__always)
    func check(_ index: Int) {
        precondition(index >= 0 && index < count, "no frame was received there")
    }

    // MARK: Frames from other sources

    /// Empties the batch.
    package mutating func removeAll() { count = 0 }

    /// Adds a frame as if it had been received; there must be room.
    ///
    /// - Parameter length: the length on the wire in bytes, if longer than the frame's bytes.
    package mutating func append(_ bytes: Span<UInt8>, length: Int? = nil, _ ancillary: Ancillary) {
        precondition(count < capacity, "there is no room for another frame")
        let kept = min(bytes.count, frameCapacity)
        memory.frames.copy(bytes.extracting(first: kept), to: count * frameCapacity)
        let length = length ?? bytes.count
        let header = unsafe memory.header(at: count)
        unsafe header.pointee.length = UInt32(length)
        unsafe header.pointee.flags = kept < length ? MessageHeader.truncated : 0
        ancillaries[count] = ancillary
        count += 1
    }

    /// Replaces the content by frames as if they had been received, for tests; at most `capacity`.
    package mutating func fill(
        with frames: [(bytes: [UInt8], ancillary: Ancillary)], receivedAt: Timestamp
    ) {
        removeAll()
        for frame in frames { append(frame.bytes.span, frame.ancillary) }
        self.receivedAt = receivedAt
    }
}
