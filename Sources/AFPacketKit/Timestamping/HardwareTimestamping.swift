/// The transmit setting of a NIC: the sent frames that it stamps. HWTSTAMP_TX_, linux/net_tstamp.h
public struct TransmitType: RawRepresentable, Hashable, Sendable {
    /// The kernel's number.
    public let rawValue: CInt

    /// Creates a type from the kernel's number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// None.
    public static let off = TransmitType(rawValue: 0)
    /// Frames whose socket requests it.
    public static let on = TransmitType(rawValue: 1)

    static let names: [StaticString] = ["off", "on", "onestep-sync", "onestep-p2p"]

    /// The types that can be requested.
    public static let all = names.indices.map { TransmitType(rawValue: CInt($0)) }
}

/// The receive filter of a NIC: the received frames that it stamps. HWTSTAMP_FILTER_, linux/net_tstamp.h
public struct ReceiveFilter: RawRepresentable, Hashable, Sendable {
    /// The kernel's number.
    public let rawValue: CInt

    /// Creates a filter from the kernel's number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// None.
    public static let none = ReceiveFilter(rawValue: 0)
    /// Every frame.
    public static let everything = ReceiveFilter(rawValue: 1)
    /// More frames than requested, but not all: a driver's answer, which cannot be requested.
    public static let some = ReceiveFilter(rawValue: 2)

    /// The event messages of PTP version 2 over UDP.
    public static let ptpV2OverUDP = ReceiveFilter(rawValue: 6)
    /// The event messages of PTP version 2 over Ethernet.
    public static let ptpV2OverEthernet = ReceiveFilter(rawValue: 9)
    /// The event messages of PTP version 2, over any transport.
    public static let ptpV2 = ReceiveFilter(rawValue: 12)

    /// Delay_Req messages of PTP version 2 over UDP.
    public static let ptpV2DelayRequestOverUDP = ReceiveFilter(rawValue: 8)
    /// Delay_Req messages of PTP version 2 over Ethernet.
    public static let ptpV2DelayRequestOverEthernet = ReceiveFilter(rawValue: 11)
    /// Delay_Req messages of PTP version 2, over any transport.
    public static let ptpV2DelayRequest = ReceiveFilter(rawValue: 14)

    /// NTP messages.
    public static let ntp = ReceiveFilter(rawValue: 15)

    /// Returns whether this filter also stamps every frame that the other filter stamps.
    public func includes(_ other: ReceiveFilter) -> Bool {
        if self == other || other == .none || self == .everything { return true }
        return switch rawValue {
        case 3: 3...5 ~= other.rawValue
        case 6: 6...8 ~= other.rawValue
        case 9: 9...11 ~= other.rawValue
        case 12: 6...14 ~= other.rawValue
        case 13: other.rawValue == 7 || other.rawValue == 10
        case 14: other.rawValue == 8 || other.rawValue == 11
        default: false
        }
    }

    static let names: [StaticString] = [
        "none", "all", "some", "ptpv1-l4-event", "ptpv1-l4-sync", "ptpv1-l4-delay-req",
        "ptpv2-l4-event", "ptpv2-l4-sync", "ptpv2-l4-delay-req", "ptpv2-l2-event", "ptpv2-l2-sync",
        "ptpv2-l2-delay-req", "ptpv2-event", "ptpv2-sync", "ptpv2-delay-req", "ntp-all",
    ]

    /// Tells whether it is for PTP messages alone.
    public var isForPTP: Bool { (3...14).contains(rawValue) }

    /// The filters that can be requested.
    public static let all = names.indices.map { ReceiveFilter(rawValue: CInt($0)) }.filter { $0 != .some }
}

extension TransmitType: LosslessStringConvertible {
    /// Creates a type from ethtool's name.
    public init?(_ name: String) {
        guard let type = Self.all.first(where: { $0.description == name }) else { return nil }
        self = type
    }

    /// ethtool's name, e.g. `onestep-sync`; the number if there is no name.
    public var description: String { numberedName(rawValue, Self.names) }
}

extension ReceiveFilter: LosslessStringConvertible {
    /// Creates a filter from ethtool's name.
    public init?(_ name: String) {
        guard let filter = Self.all.first(where: { $0.description == name }) else { return nil }
        self = filter
    }

    /// ethtool's name, e.g. `ptpv2-l2-event`; the number if there is no name.
    public var description: String { numberedName(rawValue, Self.names) }
}

private func numberedName(_ number: CInt, _ names: [StaticString]) -> String {
    names.indices.contains(Int(number)) ? names[Int(number)].description : "\(number)"
}

/// The stamps that the driver and the NIC behind an interface support. ETHTOOL_GET_TS_INFO, ethtool(8) -T
public struct TimestampingCapabilities: Hashable, Sendable {
    /// The supported stamps.
    public let flags: TimestampingFlags
    /// The number N of the NIC's clock /dev/ptpN; nil if it has none.
    public let clockIndex: Int?
    /// The supported types.
    public let transmitTypes: [TransmitType]
    /// ethtool's names of those types.
    public let transmitTypeNames: [String]
    /// The supported filters; the driver may grant a wider one than requested.
    public let receiveFilters: [ReceiveFilter]
    /// ethtool's names of those filters.
    public let receiveFilterNames: [String]
    /// The clock and the quality of the stamps; nil if there is no clock, or the kernel does not tell.
    public internal(set) var provider: TimestampingProvider?
    /// The device that takes the stamps; nil if there is no clock, or the kernel does not tell.
    public internal(set) var source: TimestampingSource?
    /// The driver's counters of transmit stamps; nil if it does not count, or the kernel does not tell.
    public internal(set) var statistics: TimestampingStatistics?

    /// Converts the kernel's sets of bits and the number of its clock.
    init(flags: UInt32, transmitTypes: UInt32, receiveFilters: UInt32, clockIndex: Int?) {
        func members<Value: RawRepresentable<CInt>>(_ bits: UInt32) -> [Value] {
            (0..<UInt32.bitWidth).filter { bits & (1 << UInt32($0)) != 0 }
                .compactMap { Value(rawValue: CInt($0)) }
        }
        self.flags = TimestampingFlags(rawValue: flags)
        self.clockIndex = clockIndex
        self.transmitTypes = members(transmitTypes)
        transmitTypeNames = bitNames(transmitTypes, TransmitType.names)
        self.receiveFilters = members(receiveFilters)
        receiveFilterNames = bitNames(receiveFilters, ReceiveFilter.names)
    }
}

/// The timestamping setting of a NIC: one for the whole NIC and all its users. struct hwtstamp_config,
/// linux/net_tstamp.h
public struct HardwareTimestampingSetting: Hashable, Sendable {
    /// The sent frames that are stamped.
    public var transmitType: TransmitType
    /// The received frames that are stamped.
    public var receiveFilter: ReceiveFilter

    /// Creates a setting.
    public init(transmitType: TransmitType, receiveFilter: ReceiveFilter) {
        self.transmitType = transmitType
        self.receiveFilter = receiveFilter
    }
}
