import AFPacketKit

/// Receives probes from one interface, a batch at a time.
struct Receiver: SocketSource, ~Copyable {
    let socket: PacketSocket
    private var batch: MessageBatch
    /// How many frames the last call would have taken.
    private var limit = Int.max

    private(set) var faults = FrameFaultCounts()
    private(set) var statistics = PacketStatistics()

    init(
        on interface: NetworkInterface, filter: SocketFilter, timestamping: TimestampingFlags,
        groups: [MACAddress] = [], isPromiscuous: Bool = false
    ) throws(SystemError) {
        socket = try .receiver(
            on: interface, filter: filter, timestamping: timestamping, groups: groups,
            isPromiscuous: isPromiscuous)
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

    var canWait: Bool { true }

    mutating func receiveWaiting() throws(SystemError) -> Int {
        limit = 1
        try socket.receiveOne(into: &batch)
        return batch.count
    }

    mutating func receiveSpinning(looks: Int) throws(SystemError) -> Int {
        limit = 1
        try socket.receive(into: &batch, limit: 1, looks: looks)
        return batch.count
    }

    /// Whether frames may be left that the last call did not take.
    var mayHaveMore: Bool { batch.count == min(limit, batch.capacity) }

    mutating func find(at index: Int) -> FoundProbe? {
        guard !batch.isOutgoing(at: index) else { return nil }
        do throws(FrameFault) {
            return try FoundProbe(
                in: batch.frame(at: index), batch.ancillary(at: index),
                isTruncated: batch.isTruncated(at: index))
        } catch {
            faults.count(error)
            return nil
        }
    }

    func probe(at index: Int, _ found: FoundProbe) -> ReceivedProbe {
        found.read(
            from: batch.frame(at: index), batch.ancillary(at: index), length: batch.length(at: index),
            userspace: batch.receivedAt)
    }

    func ancillary(at index: Int) -> Ancillary { batch.ancillary(at: index) }

    /// Hands the frame at `index` over to be captured.
    func capture(at index: Int, to console: inout Console) {
        console.capture(
            batch.frame(at: index), length: batch.length(at: index), batch.ancillary(at: index),
            userspace: batch.receivedAt)
    }

    /// Brings the running totals of the kernel's counters up to date.
    mutating func updateStatistics() throws(SystemError) {
        statistics += try socket.takeStatistics()
    }

    func add(to poll: inout PollSet) -> PollSet.Member { poll.add(socket) }

    func join(_ group: inout FanOutGroup, taking filter: SocketFilter) throws(SystemError) -> PacketSocket {
        try socket.join(&group, taking: filter)
    }
}
