import AFPacketKit

/// Receives frames from one interface, a batch at a time.
struct Receiver<Socket: Port & ~Copyable>: ~Copyable {
    private let socket: Socket
    private var batch: MessageBatch
    private var mtu: Int
    private let tellsOutgoing: Bool
    /// The maximum of the last receive call.
    private var limit = Int.max
    private var statistics = PacketStatistics()

    /// - Parameter tellsOutgoing: whether the socket also gets copies of the frames that this host sends.
    init(_ socket: consuming Socket, mtu: Int, tellsOutgoing: Bool = false) {
        self.socket = socket
        self.mtu = mtu
        self.tellsOutgoing = tellsOutgoing
        batch = Self.batch(mtu: mtu, tellsOutgoing: tellsOutgoing)
    }

    private static func batch(mtu: Int, tellsOutgoing: Bool) -> MessageBatch {
        // A tag that is not the outermost stays in the frame.
        MessageBatch(capacity: 64, frameCapacity: min(mtu, 65_535) + 22, tellsOutgoing: tellsOutgoing)
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

    mutating func follow(_ filter: SocketFilter, mtu: Int) throws(SystemError) {
        try socket.replaceFilter(by: filter)
        guard mtu > self.mtu else { return }
        self.mtu = mtu
        batch = Self.batch(mtu: mtu, tellsOutgoing: tellsOutgoing)
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
