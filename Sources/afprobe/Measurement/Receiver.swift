import AFPacketKit

/// Receives probes from one interface, a batch at a time.
struct Receiver: SocketSource, ~Copyable {
    let socket: PacketSocket
    private var batch: MessageBatch
    /// How many frames the last call would have taken.
    private var limit = Int.max

    var faults = FrameFaultCounts()
    private(set) var statistics = PacketStatistics()

    init(
        on interface: NetworkInterface, filter: SocketFilter, timestamping: TimestampingFlags,
        groups: [MACAddress] = [], isPromiscuous: Bool = false, tellsStatus: Bool = true
    ) throws(SystemError) {
        socket = try .receiver(
            on: interface, filter: filter, timestamping: timestamping, groups: groups,
            isPromiscuous: isPromiscuous, tellsStatus: tellsStatus)
        // A tag that is not the outermost stays in the frame.
        batch = MessageBatch(
            capacity: 64, frameCapacity: min(interface.mtu, 65_535) + 22,
            tellsOutgoing: socket.receivesOutgoing)
    }

    /// Receives the frames that wait, as many as a batch holds, and returns how many these are.
    ///
    /// - Parameter limit: how many to take at most.
    /// - Throws: `SystemError` of recvmmsg(2).
    mutating func receive(limit: Int = .max) throws(SystemError) -> Int {
        self.limit = limit
        try socket.receive(into: &batch, limit: limit)
        return batch.count
    }

    /// The same, but waits for the first where there is none, for up to `PacketSocket.longestWait`.
    mutating func receiveAllWaiting() throws(SystemError) -> Int {
        limit = .max
        try socket.receiveWaiting(into: &batch)
        return batch.count
    }

    var canWait: Bool { true }

    mutating func receiveWaiting() throws(SystemError) -> Int {
        limit = 1
        try socket.receiveOne(into: &batch)
        return batch.count
    }

    mutating func receiveSpinning(looks: Int) throws(SystemError) -> Int {
        limit = 1
        try socket.receiveOne(into: &batch, looks: looks)
        return batch.count
    }

    /// Whether frames may be left that the last call did not take.
    var mayHaveMore: Bool { batch.count == min(limit, batch.capacity) }

    @_lifetime(borrow self)
    func frame(at index: Int) -> Span<UInt8> { batch.frame(at: index) }
    func ancillary(at index: Int) -> Ancillary { batch.ancillary(at: index) }
    func length(at index: Int) -> Int { batch.length(at: index) }
    func isTruncated(at index: Int) -> Bool { batch.isTruncated(at: index) }
    func isOutgoing(at index: Int) -> Bool { batch.isOutgoing(at: index) }
    var userspace: Timestamp { batch.receivedAt }

    /// When the frame at `index` was seen on its way in.
    func stamps(at index: Int) -> ReceiveStamps {
        let kernel = ancillary(at: index)
        return ReceiveStamps(hardware: kernel.hardware, software: kernel.software, userspace: userspace)
    }

    /// Brings the running totals of the kernel's counters up to date.
    mutating func updateStatistics() throws(SystemError) {
        statistics += try socket.takeStatistics()
    }

    func add(to poll: inout PollSet, as name: PollSet.Members) { poll.add(socket, as: name) }

    func join(_ group: inout FanOutGroup, taking filter: SocketFilter) throws(SystemError) -> PacketSocket {
        try socket.join(&group, taking: filter)
    }
}
