/// A set of SOF_TIMESTAMPING_ flags, which a socket uses to request stamps and a NIC to tell its capabilities:
/// Documentation/networking/timestamping.rst in the kernel's sources.
public struct TimestampingFlags: OptionSet, Hashable, Sendable {
    /// The bits as the kernel numbers them.
    public let rawValue: UInt32

    /// Creates a set from the kernel's bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Record when the NIC sends a frame.
    public static let transmitHardware = TimestampingFlags(rawValue: 1 << 0)
    /// Record when the driver hands a frame to the NIC.
    public static let transmitSoftware = TimestampingFlags(rawValue: 1 << 1)
    /// Record when the NIC receives a frame.
    public static let receiveHardware = TimestampingFlags(rawValue: 1 << 2)
    /// Record when the kernel receives a frame.
    public static let receiveSoftware = TimestampingFlags(rawValue: 1 << 3)
    /// Return software stamps.
    public static let software = TimestampingFlags(rawValue: 1 << 4)
    /// Return hardware stamps in the NIC's clock.
    public static let rawHardware = TimestampingFlags(rawValue: 1 << 6)
    /// Number the sends of a socket from 0, and return that key with each completion.
    public static let identifier = TimestampingFlags(rawValue: 1 << 7)
    /// Record when a frame enters the packet scheduler (qdisc).
    public static let transmitScheduled = TimestampingFlags(rawValue: 1 << 8)
    /// Return the software stamp of a sent frame even if there is a hardware one, as a message of its own. Linux 4.13.
    public static let transmitBoth = TimestampingFlags(rawValue: 1 << 14)

    /// The names that ethtool(8) prints, by bit.
    static let names: [StaticString] = [
        "hardware-transmit", "software-transmit", "hardware-receive", "software-receive",
        "software-system-clock", "hardware-legacy-clock", "hardware-raw-clock", "option-id",
        "sched-transmit", "ack-transmit", "option-cmsg", "option-tsonly", "option-stats",
        "option-pktinfo", "option-tx-swhw", "bind-phc", "option-id-tcp", "option-rx-filter",
        "tx-completion",
    ]

    /// ethtool's names of the flags that are set, lowest bit first; `bit-N` for one newer than this list.
    public var names: [String] { bitNames(rawValue, Self.names) }
}

func bitNames(_ bits: UInt32, _ names: [StaticString]) -> [String] {
    (0..<UInt32.bitWidth).filter { bits & (1 << UInt32($0)) != 0 }
        .map { $0 < names.count ? names[$0].description : "bit-\($0)" }
}
