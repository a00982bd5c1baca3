import AFPacketKit

/// Receives frames from one interface through a ring.
struct RingReceiver: FrameSource, ~Copyable {
    private var ring: ReceiveRing
    private(set) var userspace = Timestamp(nanoseconds: 0)
    private var statistics = PacketStatistics()

    init(_ ring: consuming ReceiveRing) { self.ring = ring }

    func watchFrames(in poll: inout PollSet) { ring.socket.watchFrames(in: &poll) }

    mutating func receive() throws(SystemError) -> Int {
        // One stamp for the portions of one block: they came together.
        if try ring.receive() { userspace = .now() }
        return ring.count
    }

    var mayHaveMore: Bool { ring.hasMore }

    @_lifetime(borrow self)
    func frame(at index: Int) -> ReceivedFrame { ring[index] }

    mutating func follow(_ filter: SocketFilter, on interface: NetworkInterface) throws(SystemError) {
        try ring.socket.replaceFilter(by: filter)
    }

    mutating func readStatistics() throws(SystemError) -> PacketStatistics {
        statistics += try ring.socket.takeStatistics()
        return statistics
    }
}
