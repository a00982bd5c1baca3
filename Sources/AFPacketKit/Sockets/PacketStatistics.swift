/// The counters of a packet socket.
public struct PacketStatistics: Hashable, Sendable {
    /// Frames that the filter accepted, including dropped ones.
    public var packets: UInt64 = 0
    /// Frames that found no room in the queue.
    public var drops: UInt64 = 0
    /// The number of times that a full ring stopped the queue.
    public var queueFreezes: UInt64 = 0

    /// Creates counters with these values.
    public init(packets: UInt64 = 0, drops: UInt64 = 0, queueFreezes: UInt64 = 0) {
        self.packets = packets
        self.drops = drops
        self.queueFreezes = queueFreezes
    }

    /// Adds further counts: the kernel's restart from zero with each read.
    public static func += (total: inout PacketStatistics, more: PacketStatistics) {
        total.packets += more.packets
        total.drops += more.drops
        total.queueFreezes += more.queueFreezes
    }
}
