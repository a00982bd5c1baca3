import AFPacketKit

/// Receives probes from one interface through a ring.
struct RingReceiver: SocketSource, ~Copyable {
    private var ring: ReceiveRing
    private(set) var userspace = Timestamp(nanoseconds: 0)

    var faults = FrameFaultCounts()
    private(set) var statistics = PacketStatistics()

    /// - Parameter capacity: of the ring, in bytes.
    init(
        on interface: NetworkInterface, filter: SocketFilter, timestamping: TimestampingFlags,
        groups: [MACAddress], isPromiscuous: Bool, capacity: Int
    ) throws(SystemError) {
        ring = try ReceiveRing(
            on: interface, filter: filter, timestamping: timestamping, groups: groups,
            isPromiscuous: isPromiscuous, capacity: capacity)
    }

    func add(to poll: inout PollSet, as name: PollSet.Members) { poll.add(ring.socket, as: name) }

    mutating func receive(limit _: Int) throws(SystemError) -> Int {
        // One stamp for the portions of one block: they came together.
        if try ring.receive() { userspace = .now() }
        return ring.count
    }

    var mayHaveMore: Bool { ring.hasMore }

    @_lifetime(borrow self)
    func frame(at index: Int) -> Span<UInt8> { ring.frame(at: index) }
    func ancillary(at index: Int) -> Ancillary { ring.ancillary(at: index) }
    func length(at index: Int) -> Int { ring.length(at: index) }
    func isTruncated(at index: Int) -> Bool { ring.isTruncated(at: index) }

    mutating func updateStatistics() throws(SystemError) {
        statistics += try ring.socket.takeStatistics()
    }

    func join(_ group: inout FanOutGroup, taking filter: SocketFilter) throws(SystemError) -> PacketSocket {
        try ring.socket.join(&group, taking: filter)
    }
}
