import AFPacketKit

/// The plan of a run of `listen`.
struct ListenPlan {
    let receive: ReceiveOptions
    /// The carrier of the probes that it takes.
    let carrier: ProbeCarrier
    /// Tells whether they are shaped as PTP messages.
    let isPTP: Bool
    /// Returns the filter for an address of the interface, which may change.
    let filter: (MACAddress) -> SocketFilter
    /// The same, for probes of other forms.
    let otherForms: (MACAddress) -> SocketFilter
    /// The NIC filters that have such frames stamped.
    let stampFilters: [ReceiveFilter]
    /// Probes after which to end; nil for no end.
    let count: UInt64?
    /// Nanoseconds after which to end, whatever has come.
    let deadline: Int64?
    /// Nanoseconds between two lines of the kernel's counters; nil for none but the last.
    let statisticsInterval: Int64?
    /// Whom to answer; nil if requests are not answered.
    let replies: ReplyRules?
    let spins: Bool
}

extension ProbeCarrier {
    /// The filter for what it carries to some stations.
    func filter(to destinations: [MACAddress]) -> SocketFilter {
        switch self {
        case .frames(let type): .frames(of: type, to: destinations)
        case .datagrams(let port): .datagrams(to: port, destinations: destinations)
        }
    }
}

/// The way frames are received.
struct ReceiveOptions {
    let filter: SocketFilter
    /// Tells whether to receive through a ring of memory that the kernel writes to.
    var usesRing = false
    /// The number of receiving threads.
    var threads = 1
    /// Tells whether the NIC's stamps are preferred if there is room for only one stamp.
    var prefersHardware = true
    /// Group addresses to be received, too.
    var groups: [MACAddress] = []
    var isPromiscuous = false

    /// The size of all rings together, in bytes: room for some 400,000 small frames.
    private static var ringCapacity: Int { 64 << 20 }

    /// Opens a socket that receives one frame after the other, with `filter` instead of the options' own.
    func openReceiver(
        on interface: NetworkInterface, _ filter: SocketFilter? = nil
    ) throws(SystemError) -> Receiver<TimestampedSocket> {
        Receiver(try openSocket(on: interface, filter ?? self.filter), on: interface)
    }

    private func openSocket(
        on interface: NetworkInterface, _ filter: SocketFilter
    ) throws(SystemError) -> TimestampedSocket {
        try PacketSocket.receiver(
            on: interface, filter: filter,
            timestamping: [.receiveSoftware, .receiveHardware, .software, .rawHardware],
            groups: groups, isPromiscuous: isPromiscuous)
    }

    /// Opens a socket that receives through a ring.
    func openRing(on interface: NetworkInterface) throws(SystemError) -> RingReceiver {
        RingReceiver(try openMemory(on: interface, filter))
    }

    private func openMemory(
        on interface: NetworkInterface, _ filter: SocketFilter
    ) throws(SystemError) -> ReceiveRing {
        let timestamping: TimestampingFlags =
            prefersHardware
            ? [.receiveSoftware, .receiveHardware, .software, .rawHardware] : [.receiveSoftware, .software]
        return try ReceiveRing(
            on: interface, filter: filter, timestamping: timestamping, groups: groups,
            isPromiscuous: isPromiscuous, capacity: Self.ringCapacity / threads)
    }

    // MARK: Sharing the frames among threads

    /// Opens a socket of a group, and starts its thread.
    func startReceiver(
        on interface: NetworkInterface, in group: inout FanOutGroup, _ bell: Doorbell
    ) throws(SystemError) -> ReceiveThread<Receiver<TimestampedSocket>> {
        // It accepts no frame before it shares them.
        let socket = try openSocket(on: interface, .rejectAll)
        let counters = try socket.share(&group, filter)
        return try ReceiveThread(
            Receiver(socket, on: interface), counters: counters, bell: bell)
    }

    /// Opens a ring of a group, and starts its thread.
    func startRing(
        on interface: NetworkInterface, in group: inout FanOutGroup, _ bell: Doorbell
    ) throws(SystemError) -> ReceiveThread<RingReceiver> {
        let ring = try openMemory(on: interface, .rejectAll)
        let counters = try ring.socket.share(&group, filter)
        return try ReceiveThread(RingReceiver(ring), counters: counters, bell: bell)
    }
}

extension TimestampedSocket {
    /// Joins a group whose sockets share the frames that the filter accepts; returns a duplicate of the socket, for the
    /// thread that reads its counters.
    fileprivate func share(
        _ group: inout FanOutGroup, _ filter: SocketFilter
    ) throws(SystemError) -> TimestampedSocket {
        try group.add(self)
        try replaceFilter(by: filter)
        return try duplicate()
    }
}
