import AFPacketKit

/// What a run of `listen` is to do.
struct ListenPlan {
    let filter: SocketFilter
    let usesRing: Bool
    /// How many threads receive.
    let threads: Int
    /// Whether the NIC's stamps are wanted where there is room for one stamp alone.
    let prefersHardware: Bool
    /// The NIC's filters by which such frames get hardware stamps.
    let stampFilters: [ReceiveFilter]
    /// Group addresses to be received, too.
    let groups: [MACAddress]
    let isPromiscuous: Bool
    let count: UInt64?
    let deadline: Int64?
    let statisticsInterval: Int64
    /// Replies a second at most; nil where none are wanted.
    let replyLimit: UInt64?
    let isQuiet: Bool
    /// Whether to look for frames without sleeping.
    let spins: Bool
}

extension ListenPlan {
    /// The size of all rings together, in bytes: room for some 400,000 small frames.
    private static var ringCapacity: Int { 64 << 20 }

    func openReceiver(
        on interface: NetworkInterface, _ filter: SocketFilter
    ) throws(SystemError) -> Receiver {
        try Receiver(
            on: interface, filter: filter,
            timestamping: [.receiveSoftware, .receiveHardware, .software, .rawHardware],
            groups: groups, isPromiscuous: isPromiscuous)
    }

    func openRing(
        on interface: NetworkInterface, _ filter: SocketFilter
    ) throws(SystemError) -> RingReceiver {
        try RingReceiver(
            on: interface, filter: filter,
            timestamping: prefersHardware
                ? [.receiveSoftware, .receiveHardware, .software, .rawHardware]
                : [.receiveSoftware, .software],
            groups: groups, isPromiscuous: isPromiscuous, capacity: Self.ringCapacity / threads)
    }
}
