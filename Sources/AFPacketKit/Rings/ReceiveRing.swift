internal import CShim
import Glibc

/// A receiving socket whose frames the kernel writes into memory shared with the program, block by block: for high
/// load, with room for many more frames than a socket's queue and without a system call per frame. PACKET_RX_RING with
/// TPACKET_V3, Documentation/networking/packet_mmap.rst in the kernel's sources
///
/// The kernel hands over a block when it is full, or some time after its first frame, so sparse frames come late. A
/// frame has room for one stamp: the NIC's if requested and available, else the kernel's.
@safe public struct ReceiveRing: ~Copyable, @unchecked Sendable {
    /// The socket, for waiting and for its counters.
    public let socket: TimestampedSocket
    /// The number of frames that the last receive call found.
    public private(set) var count = 0

    // Code that reads single frames is inlined into callers: a call would take as long as the read.
    @usableFromInline let frames = Slab(repeating: RingFrame(), count: portion)
    private let memory: RingMemory
    private var walk: RingWalk?
    /// The block being read, or else the next one that the kernel hands over.
    private var block = 0
    /// The address of that block.
    @usableFromInline private(set) var bytes: UnsafeMutablePointer<UInt8>

    /// The time in milliseconds after which the kernel hands over a block that is not full; it may take twice as long.
    /// A longer time delays frames, a shorter one fills the ring with nearly empty blocks.
    private static let blockTimeout: UInt32 = 4
    /// The size of a block in bytes: more than the longest frame.
    private static let blockSize = 1 << 17
    /// The max number of frames per call.
    private static let portion = 64

    /// Opens a socket with a ring; otherwise like `PacketSocket.receiver`.
    ///
    /// - Parameters:
    ///   - timestamping: the stamps to request; `rawHardware` prefers the NIC's to the kernel's.
    ///   - capacity: the size of the ring in bytes, in whole blocks of 128 KiB.
    /// - Throws: `SystemError` as `PacketSocket.receiver`; of `PACKET_RX_RING` with `outOfMemory` if the kernel lacks the
    ///   memory.
    public init(
        on interface: NetworkInterface, filter: SocketFilter, timestamping: TimestampingFlags,
        groups: [MACAddress] = [], isPromiscuous: Bool = false, capacity: Int
    ) throws(SystemError) {
        let socket = try PacketSocket.silentReceiver(
            on: interface, filter: filter, timestamping: timestamping, groups: groups,
            isPromiscuous: isPromiscuous, tellsStatus: false)  // the headers in the ring do
        let reported: TimestampingFlags = [.software, .rawHardware]
        try socket.descriptor.setOption(
            "PACKET_TIMESTAMP", SOL_PACKET, PACKET_TIMESTAMP, to: timestamping.intersection(reported).rawValue
        )
        let memory = try RingMemory(
            of: socket.descriptor, blockSize: Self.blockSize, count: max(2, capacity / Self.blockSize),
            timeout: Self.blockTimeout)
        try socket.start(on: interface)
        self.socket = socket
        unsafe bytes = memory.start(of: 0)
        self.memory = memory
    }

    /// Finds the next frames that other hosts sent, at most 64; they replace the previous ones and are valid until the
    /// next call.
    ///
    /// - Returns: whether they are the first of a block.
    /// - Throws: `SystemError` of `SO_ERROR` if there is no frame: once with `networkDown` when the interface goes
    ///   down, after which the ring stays open and receives again when it is up.
    @discardableResult
    public mutating func receive() throws(SystemError) -> Bool {
        count = 0
        if walk?.framesLeft == 0 { giveBack() }
        let isFirst = walk == nil
        guard var walk = walk ?? nextBlock() else {
            if let error = socket.takePendingError() { throw SystemError("SO_ERROR", error) }
            return false
        }
        count = find(&walk)
        self.walk = walk
        return isFirst
    }

    /// Records the next frames of the block, and returns their number.
    private func find(_ walk: inout RingWalk) -> Int {
        let bytes = memory[block]
        var count = 0
        while count < Self.portion, let frame = walk.next(in: bytes) {
            unsafe frames.address(of: count).pointee = frame
            count += 1
        }
        return count
    }

    private func nextBlock() -> RingWalk? {
        memory.isReady(block) ? RingWalk(through: memory[block]) : nil
    }

    private mutating func giveBack() {
        walk = nil
        memory.giveBack(block)
        block = (block + 1) % memory.count
        unsafe bytes = memory.start(of: block)
    }

    /// Tells whether there is a frame to receive, or a block to return, without waiting.
    public var hasMore: Bool { walk != nil || memory.isReady(block) }

    /// The frame at `index`, from 0 up to `count`, as the last receive call found it.
    @inlinable
    public subscript(index: Int) -> ReceivedFrame {
        @inline(__always)
        @_lifetime(borrow self)
        get {
            let found = found(index)
            // The walk has checked that headers and bytes are in the block.
            let words = unsafe UnsafeRawPointer(bytes + Int(found.headersOffset))
            let length = unsafe FrameHeaders(at: 0, in: words).length
            let frame = unsafe ReceivedFrame(
                Span(_unsafeStart: UnsafePointer(bytes + Int(found.start)), count: Int(found.count)),
                length: length, isTruncated: length > found.count, words: words, in: .ring)
            return unsafe _overrideLifetime(frame, borrowing: self)
        }
    }

    /// The bytes of the frame at `index`, valid until the next receive call.
    @inlinable
    @_lifetime(borrow self)
    public func frame(at index: Int) -> Span<UInt8> {
        let found = found(index)
        // The walk has checked that they are in the block.
        let bytes = unsafe UnsafePointer(bytes + Int(found.start))
        return unsafe _overrideLifetime(Span(_unsafeStart: bytes, count: Int(found.count)), borrowing: self)
    }

    /// The kernel's data about the frame at `index`.
    @inlinable
    public func ancillary(at index: Int) -> Ancillary {
        unsafe FrameHeaders(at: Int(found(index).headersOffset), in: bytes).ancillary
    }

    @inlinable
    func found(_ index: Int) -> RingFrame {
        precondition(index >= 0 && index < count, "no frame was found there")
        return unsafe frames.address(of: index).pointee
    }
}

/// The memory of a ring, shared with the kernel as long as it exists. mmap(2)
@safe struct RingMemory: ~Copyable, @unchecked Sendable {
    let count: Int
    let blockSize: Int
    let start: UnsafeMutableRawPointer

    /// - Parameter timeout: milliseconds.
    init(
        of descriptor: borrowing Descriptor, blockSize: Int, count: Int, timeout: UInt32
    ) throws(SystemError) {
        // Frames of this version have variable length; the kernel only checks that the size is possible.
        let frameSize = 2048
        var request = tpacket_req3()
        request.tp_block_size = UInt32(blockSize)
        request.tp_block_nr = UInt32(count)
        request.tp_frame_size = UInt32(frameSize)
        request.tp_frame_nr = UInt32(blockSize / frameSize * count)
        request.tp_retire_blk_tov = timeout
        try descriptor.setOption("PACKET_RX_RING", SOL_PACKET, PACKET_RX_RING, to: request)
        // All pages now, so that none is faulted in while frames are measured.
        let flags = MAP_SHARED | CInt(MAP_POPULATE)
        let memory = unsafe mmap(
            nil, blockSize * count, PROT_READ | PROT_WRITE, flags, descriptor.rawValue, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { throw .last("mmap") }
        unsafe start = memory
        self.blockSize = blockSize
        self.count = count
    }

    deinit { unsafe munmap(start, blockSize * count) }

    func start(of block: Int) -> UnsafeMutablePointer<UInt8> {
        unsafe (start + block &* blockSize).assumingMemoryBound(to: UInt8.self)
    }

    subscript(block: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get {
            unsafe _overrideLifetime(
                Span(_unsafeStart: UnsafePointer(start(of: block)), count: blockSize), borrowing: self)
        }
    }

    /// Returns whether the program may read a block. TP_STATUS_USER
    func isReady(_ block: Int) -> Bool {
        unsafe cshim_load_acquire(status(of: block)) & UInt32(TP_STATUS_USER) != 0
    }

    /// Returns a block to the kernel for writing. TP_STATUS_KERNEL
    func giveBack(_ block: Int) { unsafe cshim_store_release(status(of: block), UInt32(TP_STATUS_KERNEL)) }

    private func status(of block: Int) -> UnsafeMutablePointer<UInt32> {
        // The third word of a block, after the version and the offset of private data.
        unsafe (start + block * blockSize + 8).assumingMemoryBound(to: UInt32.self)
    }
}
