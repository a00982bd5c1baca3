import AFPacketKit

/// The timestamping capabilities and setting of an interface at one moment.
struct TimestampingSnapshot {
    /// Nil if the driver does not tell.
    let capabilities: TimestampingCapabilities?
    /// Nil if it has none.
    var setting: HardwareTimestampingSetting?
    let driver: String?
    /// The device that stamps, if a lease of its setting was taken; else nil.
    var leasedDevice: CInt?
    /// Tells whether another NIC than at the beginning stamps, whose clock must not be taken for the first one's.
    var isOfOtherClock = false
    /// The reason not to ask for hardware stamps of sent frames; nil if they are asked for.
    var unasked: TransmitUnasked?

    init(
        capabilities: TimestampingCapabilities?, setting: HardwareTimestampingSetting?, driver: String?
    ) {
        self.capabilities = capabilities
        self.setting = setting
        self.driver = driver
    }

    init(of interface: NetworkInterface) {
        self.init(
            capabilities: try? interface.timestampingCapabilities(),
            setting: try? interface.hardwareTimestampingSetting(), driver: try? interface.driver())
    }

    /// The name of the NIC's clock, which takes the hardware stamps; nil if it has none.
    var clockName: String? { capabilities?.clockIndex.map { "ptp\($0)" } }

    // MARK: Claims of the driver

    func claims(_ flag: TimestampingFlags) -> Bool { capabilities?.flags.contains(flag) ?? false }

    /// Tells whether software stamps of sent frames can come; assumed if the driver does not tell.
    var canStampTransmitSoftware: Bool { capabilities?.flags.contains(.transmitSoftware) ?? true }

    var claimsTransmitHardware: Bool {
        claims(.transmitHardware) && capabilities?.transmitTypes.contains(.on) ?? false
    }

    /// Returns whether the driver claims hardware stamps by any of the filters.
    func claimsReceiveHardware(by filters: [ReceiveFilter]) -> Bool {
        claims(.receiveHardware) && filters.contains { capabilities?.receiveFilters.contains($0) ?? false }
    }

    // MARK: The setting

    /// Tells whether sent frames get hardware stamps.
    var stampsTransmitHardware: Bool {
        unasked == nil && !isOfOtherClock && claims(.transmitHardware)
            && setting.map { $0.transmitType != .off } ?? false
    }

    /// Returns whether received frames get hardware stamps by any of the filters.
    func stampsReceiveHardware(by filters: [ReceiveFilter]) -> Bool {
        !isOfOtherClock && claims(.receiveHardware)
            && setting.map { filters.contains(where: $0.receiveFilter.includes) } ?? false
    }

    /// The reason why frames received under the setting can have no hardware stamp by any of the filters; nil if they
    /// can.
    func receiveHardwareHindrance(stampedBy filters: [ReceiveFilter]) -> MissingReason? {
        guard claims(.receiveHardware) else { return .notSupported(driver: driver) }
        guard let setting, setting.receiveFilter != .none else { return .receiveFilterOff }
        return stampsReceiveHardware(by: filters) ? nil : .filterMismatch(setting.receiveFilter)
    }

    /// The best clock for round trips through the interface whose replies any of the filters has stamped.
    func preferredClock(stampedBy filters: [ReceiveFilter]) -> StampClock {
        guard !stampsTransmitHardware || !stampsReceiveHardware(by: filters) else { return .hardware }
        return canStampTransmitSoftware ? .software : .userspace
    }
}

/// The reason why a run does not ask for hardware stamps of what it sends. A NIC may have one slot for them: whoever
/// asks takes it from others, also if the NIC's setting is off.
enum TransmitUnasked {
    /// The user does not want them.
    case byUser
    /// A PTP program on the interface needs the slot.
    case leftToPTP
    /// The setting was off when the run began: its sockets do not get them later either.
    case settingOff
    /// They are of no use: the replies get no hardware stamps.
    case useless
}

/// The clocks that can stamp both ends of a difference, the best first.
enum StampClock: Int, CaseIterable, Comparable {
    case hardware
    case software
    case userspace

    /// The best clock that meets a condition; nil if none does.
    static func best(_ holds: (StampClock) -> Bool) -> StampClock? {
        holds(.hardware) ? .hardware : holds(.software) ? .software : holds(.userspace) ? .userspace : nil
    }

    var name: String {
        switch self {
        case .hardware: "hardware"
        case .software: "software"
        case .userspace: "userspace"
        }
    }

    static func < (left: StampClock, right: StampClock) -> Bool { left.rawValue < right.rawValue }
}
