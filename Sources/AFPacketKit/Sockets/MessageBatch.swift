internal import CShim
import Glibc

/// Memory for the frames that one system call receives, allocated once and used again and again.
/// recvmmsg(2)
public struct MessageBatch: ~Copyable {
    /// The number of frames that the last receive call left here.
    public private(set) var count = 0
    /// The userspace stamp of these frames: CLOCK_REALTIME right after the receive call that brought them. Completions
    /// do not change it.
    public private(set) var receivedAt = Timestamp(nanoseconds: 0)

    /// Room for every control message that is asked for, with space to spare.
    @usableFromInline typealias Control = InlineArray<32, UInt64>

    @usableFromInline var memory: MessageMemory<Control>
    /// The kernel's words about the frames of the last call.
    @usableFromInline var ancillaries: Slab<Ancillary>

    /// Memory for `capacity` frames (1 or more) of up to `frameCapacity` bytes.
    ///
    /// - Parameter tellsOutgoing: whether `isOutgoing` is to tell the copies of frames that this host sent; where none
    ///   come the kernel need not say whom each frame came from.
    public init(capacity: Int, frameCapacity: Int, tellsOutgoing: Bool = false) {
        precondition(capacity > 0 && frameCapacity > 0, "a batch holds at least one frame of one byte")
        memory = MessageMemory(
            count: capacity, frameSize: frameCapacity, control: Control(repeating: 0), hasControl: true,
            tellsSenders: tellsOutgoing)
        ancillaries = Slab(repeating: Ancillary(), count: capacity)
    }

    /// The number of frames that it takes at once.
    public var capacity: Int { memory.count }

    /// The number of bytes of a frame that it keeps; the rest of a longer one is cut off.
    public var frameCapacity: Int { memory.frameSize }

    /// Receives frames in place of those that were here before.
    ///
    /// - Parameters:
    ///   - isWaiting: whether to wait for the first of them, as long as the socket is set to.
    ///   - limit: how many frames to take at most. The call is quicker where that is how many there are: it does not
    ///     look for another one.
    @inline(__always)
    mutating func receive(
        from descriptor: borrowing Descriptor, flags: CInt, isWaiting: Bool = false, limit: Int = .max
    ) throws(SystemError) {
        guard limit > 1 else { return try receiveOne(from: descriptor, flags: flags, isWaiting: isWaiting) }
        count = 0
        let most = CUnsignedInt(truncatingIfNeeded: min(limit, capacity))
        let flags = flags | (isWaiting ? CInt(MSG_WAITFORONE) : CInt(MSG_DONTWAIT))
        repeat {
            let received = unsafe cshim_recvmmsg(descriptor.rawValue, memory.messages(from: 0), most, flags)
            if received >= 0 { return takeSeveral(Int(received), flags) }
        } while try wasInterrupted("recvmmsg")
    }

    /// Receives one frame in place of those that were here before, by the simpler call, which costs less.
    ///
    /// - Parameters:
    ///   - isWaiting: whether to wait for it, as long as the socket is set to.
    ///   - looks: how often to look whether there is one, if it is not waited for.
    @inline(__always)
    mutating func receiveOne(
        from descriptor: borrowing Descriptor, flags: CInt, isWaiting: Bool = false, looks: Int = 1
    ) throws(SystemError) {
        count = 0
        let flags = isWaiting ? flags : flags | CInt(MSG_DONTWAIT)
        var looksLeft = looks
        // What reads the clock leaves the caches between two frames, which would be stamped tens of ns late: it is
        // called now and then, to stay there.
        if looks > 1 { _ = Timestamp.now() }
        while looksLeft > 0 {
            let header = unsafe memory.messages(from: 0)
            let length = unsafe cshim_recvmsg(descriptor.rawValue, &header.pointee.msg_hdr, flags)
            if length >= 0 {
                unsafe header.pointee.msg_len = CUnsignedInt(truncatingIfNeeded: length)
                return take(1, flags)
            }
            // Mostly there is nothing: told here, the next look is the sooner.
            if errno != EAGAIN, try wasInterrupted("recvmsg") { continue }
            looksLeft &-= 1
        }
    }

    /// Reads the words about the frames that a call left here.
    @inline(__always)
    private mutating func take(_ received: Int, _ flags: CInt) {
        if flags & CInt(MSG_ERRQUEUE) == 0 { receivedAt = .now() }
        for index in 0..<received { readControl(at: index) }
        count = received
    }

    @inline(never)
    private mutating func takeSeveral(_ received: Int, _ flags: CInt) { take(received, flags) }

    /// Whether a call failed because of a signal, and has to be repeated; not where nothing is there.
    @inline(never)
    private func wasInterrupted(_ call: StaticString) throws(SystemError) -> Bool {
        let error = SystemError.last(call)
        switch error.code {
        case .interrupted: return true
        case .wouldBlock: return false
        default: throw error
        }
    }

    /// Reads what the kernel says about a frame, now, for everybody asks for something of it; then the kernel may write
    /// there again.
    @inline(__always)
    private mutating func readControl(at index: Int) {
        // In its place: most of it stays as it is.
        let ancillary = unsafe ancillaries.address(of: index)
        unsafe ancillary.pointee = Ancillary()
        let control = unsafe memory.control(at: index)
        unsafe ancillary.pointee.read(at: control.start, count: control.count)
        unsafe memory.arm(index)
    }

    /// The frame at `index`, from 0 up to `count`, as the last receive call left it here.
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
                isOutgoing: memory.isOutgoing(at: index),
                words: UnsafeRawPointer(ancillaries.address(of: index)), in: .batch)
            return unsafe _overrideLifetime(frame, borrowing: self)
        }
    }

    /// The bytes of the frame at `index`. They are good until the next receive call.
    @inlinable
    @_lifetime(borrow self)
    public func frame(at index: Int) -> Span<UInt8> {
        check(index)
        return unsafe memory.frame(at: index, length: memory.header(at: index).pointee.length)
    }

    /// The length that the frame at `index` had, which is more than there are bytes if it was cut off.
    @inlinable
    public func length(at index: Int) -> Int {
        check(index)
        return unsafe Int(memory.header(at: index).pointee.length)
    }

    /// Whether this host sent the frame at `index`, and it was only passed by. PACKET_OUTGOING, packet(7)
    @inlinable
    public func isOutgoing(at index: Int) -> Bool {
        check(index)
        return unsafe memory.isOutgoing(at: index)
    }

    /// Whether bytes of the frame at `index` were cut off.
    @inlinable
    public func isTruncated(at index: Int) -> Bool { self[index].isTruncated }

    /// The kernel's words about the frame at `index`.
    @inlinable
    public func ancillary(at index: Int) -> Ancillary {
        check(index)
        return unsafe ancillaries.address(of: index).pointee
    }

    @inlinable @inline(__always)
    func check(_ index: Int) {
        precondition(index >= 0 && index < count, "no frame was received there")
    }

    // MARK: Frames from elsewhere

    /// Empties the batch.
    package mutating func removeAll() { count = 0 }

    /// Adds a frame as if it had been received; there must be room.
    ///
    /// - Parameter length: that it had on the wire, if it was longer than its bytes.
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

    /// Replaces the content by frames as if they had been received, for tests: at most as many as there is room for.
    package mutating func fill(
        with frames: [(bytes: [UInt8], ancillary: Ancillary)], receivedAt: Timestamp
    ) {
        removeAll()
        for frame in frames { append(frame.bytes.span, frame.ancillary) }
        self.receivedAt = receivedAt
    }
}
