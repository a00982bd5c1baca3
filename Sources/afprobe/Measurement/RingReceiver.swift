import AFPacketKit

/// Receives probes from one interface through a ring.
struct RingReceiver: SocketSource, ~Copyable {
    private var ring: ReceiveRing
    private var userspace = Timestamp(nanoseconds: 0)

    private(set) var faults = FrameFaultCounts()
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

    func add(to poll: inout PollSet) -> PollSet.Member { poll.add(ring.socket) }

    mutating func receive(limit _: Int) throws(SystemError) -> Int {
        // One stamp for the portions of one block: they came together.
        if try ring.receive() { userspace = .now() }
        return ring.count
    }

    var mayHaveMore: Bool { ring.hasMore }

    mutating func find(at index: Int) -> FoundProbe? {
        do throws(FrameFault) {
            return try FoundProbe(
                in: ring.frame(at: index), ring.ancillary(at: index), isTruncated: ring.isTruncated(at: index)
            )
        } catch {
            faults.count(error)
            return nil
        }
    }

    func probe(at index: Int, _ found: FoundProbe) -> ReceivedProbe {
        found.read(
            from: ring.frame(at: index), ring.ancillary(at: index), length: ring.length(at: index),
            userspace: userspace)
    }

    func ancillary(at index: Int) -> Ancillary { ring.ancillary(at: index) }

    func capture(at index: Int, to console: inout Console) {
        console.capture(
            ring.frame(at: index), length: ring.length(at: index), ring.ancillary(at: index),
            userspace: userspace)
    }

    mutating func updateStatistics() throws(SystemError) {
        statistics += try ring.socket.takeStatistics()
    }

    func join(_ group: inout FanOutGroup, taking filter: SocketFilter) throws(SystemError) -> PacketSocket {
        try ring.socket.join(&group, taking: filter)
    }
}
