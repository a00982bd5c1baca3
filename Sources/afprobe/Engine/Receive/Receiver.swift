import AFPacketKit

/// Receives frames from one interface, a batch at a time.
struct Receiver<Socket: Port & ~Copyable>: ~Copyable {
    private let socket: Socket
    private var batch: MessageBatch
    /// The maximum of the last receive call.
    private var limit = Int.max
    private var statistics = PacketStatistics()

    init(_ socket: consuming Socket, on interface: NetworkInterface) {
        self.socket = socket
        batch = MessageBatch(capacity: 64, frameCapacity: interface.maxFrameLength)
    }

    func stopHardwareStamps() { socket.stopHardwareStamps() }

    /// Receives waiting frames, at most a batch or `limit`, and returns their number.
    mutating func receive(limit: Int) throws(SystemError) -> Int {
        self.limit = limit
        try socket.receive(into: &batch, limit: limit)
        return batch.count
    }

    /// The same, but waits for the first for up to `TimestampedSocket.maxWait`.
    mutating func receiveAllWaiting() throws(SystemError) -> Int {
        limit = .max
        try socket.receiveWaiting(into: &batch)
        return batch.count
    }
}

extension MessageBatch {
    /// Makes room for the longest frame of an interface whose MTU may have changed. The frames at hand are dropped.
    mutating func makeRoom(for interface: NetworkInterface) {
        guard interface.maxFrameLength > frameCapacity else { return }
        self = MessageBatch(capacity: capacity, frameCapacity: interface.maxFrameLength)
    }
}

extension Receiver: ProbeSource where Socket: ~Copyable {
    func watchFrames(in poll: inout PollSet) { socket.watchFrames(in: &poll) }

    mutating func receive() throws(SystemError) -> Int { try receive(limit: .max) }

    var canWait: Bool { true }

    mutating func receiveWaiting() throws(SystemError) -> Int {
        limit = 1
        try socket.receiveOne(into: &batch)
        return batch.count
    }

    mutating func receiveSpinning(polls: Int) throws(SystemError) -> Int {
        limit = 1
        try socket.receiveOne(into: &batch, polls: polls)
        return batch.count
    }

    var mayHaveMore: Bool { batch.count == min(limit, batch.capacity) }

    mutating func follow(_ filter: SocketFilter, on interface: NetworkInterface) throws(SystemError) {
        try socket.replaceFilter(by: filter)
        batch.makeRoom(for: interface)
    }

    mutating func readStatistics() throws(SystemError) -> PacketStatistics {
        statistics += try socket.takeStatistics()
        return statistics
    }
}

extension Receiver: FrameSource where Socket: ~Copyable {
    @_lifetime(borrow self)
    func frame(at index: Int) -> ReceivedFrame { batch[index] }

    var userspace: Timestamp { batch.receivedAt }
}
