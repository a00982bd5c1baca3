import AFPacketKit

/// What an interface can stamp and how it is set, at one moment.
struct TimestampingSnapshot {
    /// Nil if the driver does not tell.
    let capabilities: TimestampingCapabilities?
    /// Nil if it has none.
    var setting: HardwareTimestampingSetting?
    let driver: String?

    init(
        capabilities: TimestampingCapabilities?, setting: HardwareTimestampingSetting?, driver: String?
    ) {
        self.capabilities = capabilities
        self.setting = setting
        self.driver = driver
    }

    /// Reads the state of an interface.
    init(of interface: NetworkInterface) {
        self.init(
            capabilities: try? interface.timestampingCapabilities(),
            setting: try? interface.hardwareTimestampingSetting(), driver: try? interface.driver())
    }

    /// The name of the NIC's clock, whose readings hardware stamps are; nil if it has none.
    var clockName: String? { capabilities?.clockIndex.map { "ptp\($0)" } }

    // MARK: What the driver claims

    func claims(_ flag: TimestampingFlags) -> Bool { capabilities?.flags.contains(flag) ?? false }

    /// Whether software stamps of sent frames can come. Where the driver does not tell, they are hoped for.
    var canStampTransmitSoftware: Bool { capabilities?.flags.contains(.transmitSoftware) ?? true }

    var claimsTransmitHardware: Bool {
        claims(.transmitHardware) && capabilities?.transmitTypes.contains(.on) ?? false
    }

    /// - Parameter filters: any of which has the frames stamped.
    func claimsReceiveHardware(by filters: [ReceiveFilter]) -> Bool {
        claims(.receiveHardware) && filters.contains { capabilities?.receiveFilters.contains($0) ?? false }
    }

    // MARK: What is set

    /// Whether sent frames get hardware stamps.
    var stampsTransmitHardware: Bool {
        claims(.transmitHardware) && setting.map { $0.transmitType != .off } ?? false
    }

    /// Whether received frames get hardware stamps.
    ///
    /// - Parameter filters: any of which has the frames stamped.
    func stampsReceiveHardware(by filters: [ReceiveFilter]) -> Bool {
        claims(.receiveHardware)
            && setting.map { filters.contains(where: $0.receiveFilter.includes) } ?? false
    }

    /// The best clock that a round trip through the interface should be stamped by.
    ///
    /// - Parameter filters: any of which has the replies stamped.
    func preferredClock(stampedBy filters: [ReceiveFilter]) -> StampClock {
        guard !stampsTransmitHardware || !stampsReceiveHardware(by: filters) else { return .hardware }
        return canStampTransmitSoftware ? .software : .userspace
    }
}

/// The clock that both ends of a difference were stamped by, the best first.
enum StampClock: Int, CaseIterable, Comparable {
    case hardware
    case software
    case userspace

    /// The best of which something holds; nil if it holds of none.
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
