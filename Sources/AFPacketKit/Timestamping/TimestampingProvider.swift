// The kernel's data about the source and the number of hardware stamps, from netlink only.

/// A clock for stamps and their quality: a NIC and its PHYs may offer several. Linux 6.14
public struct TimestampingProvider: Hashable, Sendable {
    /// The quality of stamps. HWTSTAMP_PROVIDER_QUALIFIER_, linux/net_tstamp.h
    public struct Qualifier: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The kernel's number.
        public let rawValue: UInt32

        /// Creates a qualifier from the kernel's number.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Exact enough for IEEE 1588: taken as the frame passes the wire.
        public static let precise = Qualifier(rawValue: 0)
        /// Taken near the wire, for instance as a DMA transfer ends.
        public static let approximate = Qualifier(rawValue: 1)

        /// `precise` or `approx`; the number if there is no name.
        public var description: String {
            switch self {
            case .precise: "precise"
            case .approximate: "approx"
            default: "\(rawValue)"
            }
        }
    }

    /// The number N of the clock /dev/ptpN.
    public let clockIndex: Int
    /// The quality of its stamps.
    public let qualifier: Qualifier
}

extension TimestampingProvider: CustomStringConvertible {
    /// The clock and the quality, for instance `ptp0/precise`.
    public var description: String { "ptp\(clockIndex)/\(qualifier)" }
}

/// The device that takes the stamps. HWTSTAMP_SOURCE_, linux/ethtool_netlink_generated.h; Linux 6.14
public enum TimestampingSource: Hashable, Sendable {
    /// The NIC's MAC, or a NIC that has both in one.
    case mac
    /// A PHY, with its number if the kernel gives one, as in ethtool(8) --show-phys.
    case phy(index: Int?)

    /// The number of the PHY; nil if it is not one, or has none.
    public var phyIndex: Int? {
        if case .phy(let index) = self { index } else { nil }
    }
}

extension TimestampingSource: CustomStringConvertible {
    /// `mac` or `phy`.
    public var description: String { self == .mac ? "mac" : "phy" }
}

/// A driver's counters of transmit stamps; nil for those that it does not have. ethtool(8) -I -T, Linux 6.10
public struct TimestampingStatistics: Hashable, Sendable {
    /// Frames whose stamp came.
    public let stamped: UInt64?
    /// Frames whose stamp did not come.
    public let lost: UInt64?
    /// Frames for which requesting a stamp failed.
    public let errors: UInt64?
    /// One-step messages, which may or may not have been stamped.
    public let oneStepUnconfirmed: UInt64?

    /// Requested stamps that will not come: lost ones and errors.
    public var missing: UInt64 { (lost ?? 0) &+ (errors ?? 0) }
}
