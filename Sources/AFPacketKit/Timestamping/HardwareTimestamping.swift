/// Which frames a NIC stamps as it sends them. HWTSTAMP_TX_, linux/net_tstamp.h
public struct TransmitType: RawRepresentable, Hashable, Sendable {
    /// The kernel's number.
    public let rawValue: CInt

    /// Takes the kernel's number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// None.
    public static let off = TransmitType(rawValue: 0)
    /// Those whose socket asks for it.
    public static let on = TransmitType(rawValue: 1)

    static let names: [StaticString] = ["off", "on", "onestep-sync", "onestep-p2p"]

    /// The types that can be asked for.
    public static let all = names.indices.map { TransmitType(rawValue: CInt($0)) }
}

/// Which frames a NIC stamps as it receives them. HWTSTAMP_FILTER_, linux/net_tstamp.h
public struct ReceiveFilter: RawRepresentable, Hashable, Sendable {
    /// The kernel's number.
    public let rawValue: CInt

    /// Takes the kernel's number.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// None.
    public static let none = ReceiveFilter(rawValue: 0)
    /// Every frame.
    public static let everything = ReceiveFilter(rawValue: 1)
    /// More frames than were asked for, but not all: a driver's answer, which cannot be
    /// asked for.
    public static let some = ReceiveFilter(rawValue: 2)

    /// The event messages of PTP version 2 over UDP.
    public static let ptpV2OverUDP = ReceiveFilter(rawValue: 6)
    /// The event messages of PTP version 2 over Ethernet.
    public static let ptpV2OverEthernet = ReceiveFilter(rawValue: 9)
    /// The event messages of PTP version 2, over whatever.
    public static let ptpV2 = ReceiveFilter(rawValue: 12)

    /// Delay_Req messages of PTP version 2 over UDP.
    public static let ptpV2DelayRequestOverUDP = ReceiveFilter(rawValue: 8)
    /// Delay_Req messages of PTP version 2 over Ethernet.
    public static let ptpV2DelayRequestOverEthernet = ReceiveFilter(rawValue: 11)
    /// Delay_Req messages of PTP version 2, over whatever.
    public static let ptpV2DelayRequest = ReceiveFilter(rawValue: 14)

    /// Whether every frame that the other filter has stamped is stamped with this one as well.
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

    /// The filters that can be asked for.
    public static let all = names.indices.map { ReceiveFilter(rawValue: CInt($0)) }.filter { $0 != .some }
}

extension TransmitType: LosslessStringConvertible {
    /// Takes ethtool's name.
    public init?(_ name: String) {
        guard let type = Self.all.first(where: { $0.description == name }) else { return nil }
        self = type
    }

    /// ethtool's name, e.g. `onestep-sync`; the number if there is no name.
    public var description: String { numberedName(rawValue, Self.names) }
}

extension ReceiveFilter: LosslessStringConvertible {
    /// Takes ethtool's name.
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

/// The stamps that the driver and the NIC behind an interface are able to take. ETHTOOL_GET_TS_INFO, ethtool(8) -T
public struct TimestampingCapabilities: Hashable, Sendable {
    /// The stamps there are.
    public let flags: TimestampingFlags
    /// The number N of the NIC's clock /dev/ptpN; nil if it has none.
    public let clockIndex: Int?
    /// The types it can be set to.
    public let transmitTypes: [TransmitType]
    /// ethtool's names of those types.
    public let transmitTypeNames: [String]
    /// The filters it can be set to; it may grant a wider one than asked for.
    public let receiveFilters: [ReceiveFilter]
    /// ethtool's names of those filters.
    public let receiveFilterNames: [String]
    /// The clock and the quality of the stamps; nil if there is no clock, or the kernel does not say.
    public internal(set) var provider: TimestampingProvider?
    /// The device that takes the stamps; nil if there is no clock, or the kernel does not say.
    public internal(set) var source: TimestampingSource?
    /// The driver's counters of transmit stamps; nil if it does not count, or the kernel does not say.
    public internal(set) var statistics: TimestampingStatistics?

    /// Reads the kernel's sets of bits and the number of its clock.
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

/// The setting of the NIC's time stamping: one for the whole NIC and all who use it.
/// struct hwtstamp_config, linux/net_tstamp.h
public struct HardwareTimestampingSetting: Hashable, Sendable {
    /// Which sent frames are stamped.
    public var transmitType: TransmitType
    /// Which received frames are stamped.
    public var receiveFilter: ReceiveFilter

    /// A setting of the two.
    public init(transmitType: TransmitType, receiveFilter: ReceiveFilter) {
        self.transmitType = transmitType
        self.receiveFilter = receiveFilter
    }
}
