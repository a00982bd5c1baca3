import AFPacketKit

/// Follows the timestamping of a run's interface, and explains missing stamps by the driver's capabilities, the
/// setting, and the driver's counters since the run began.
struct InterfaceMonitor {
    /// The state when the run began, and the latest one.
    private let first: TimestampingSnapshot
    private(set) var latest: TimestampingSnapshot
    private let reader: InterfaceReader
    private let countersBefore: [DriverStatistic]
    /// The device that stamped when the run began; nil if there is none.
    private let stampingDevice: CInt?
    /// Stamps that the driver last counted as skipped, and frames for which that was told as the reason.
    private var skipped: UInt64 = 0
    private var explained: UInt64 = 0
    private var countersDue = MonotonicTime(nanoseconds: 0)
    /// When to read the setting again; never if there is none.
    private(set) var checkDue: MonotonicTime
    /// The interface as it was seen last.
    private(set) var seen: NetworkInterface
    private var hasCarrier: Bool
    private var carrierLosses: UInt32?
    /// Frames that lacked a stamp before another program changed the setting: for other reasons than that.
    private var missingBeforeChange: (transmit: UInt64, receive: UInt64)?

    /// Nanoseconds between two reads of the setting and of the counters, which all users of the NIC share.
    private static let settingInterval: Int64 = 1_000_000_000
    private static let counterInterval: Int64 = 100_000_000

    /// - Parameter snapshot: the state once a lease has set the interface up.
    init(_ snapshot: TimestampingSnapshot, _ reader: InterfaceReader, at now: MonotonicTime) {
        first = snapshot
        latest = snapshot
        self.reader = reader
        seen = reader.interface
        hasCarrier = reader.interface.hasCarrier
        carrierLosses = reader.carrierLosses()
        countersBefore = Self.lossCounters(reader)
        // A bond may use another port already.
        stampingDevice = snapshot.leasedDevice ?? reader.stampingDevice()
        checkDue = snapshot.setting == nil ? .never : now + Self.settingInterval
    }

    var interface: NetworkInterface { reader.interface }
    var addresses: [InterfaceAddress] { reader.addresses() }

    /// Checks, if it is due, whether another program has changed the setting, and returns whether it has.
    ///
    /// - Parameter missing: the frames sent, and those received, that lack a hardware stamp so far.
    mutating func check(
        at now: MonotonicTime, missing: (transmit: UInt64, receive: UInt64), _ events: some RunEvents
    ) -> Bool {
        guard now >= checkDue else { return false }
        checkDue = now + Self.settingInterval
        guard let old = latest.setting, let current = reader.setting(), current != old else {
            return false
        }
        latest.setting = current
        missingBeforeChange = missingBeforeChange ?? missing
        events.diagnosed(.timestampingLost(interface.name, from: old, to: current))
        return true
    }

    /// Handles a change of some link: tells what has changed of the interface, and returns whether its MAC address or
    /// its MTU has.
    ///
    /// - Parameter isFollowed: whether the run goes on under a new MAC address.
    mutating func checkLink(isFollowed: Bool, _ events: some RunEvents) -> Bool {
        // What has gone is told by the next call that fails.
        guard let now = try? reader.current() else { return false }
        let hasChanged = now.address != seen.address || now.mtu != seen.mtu
        defer { seen = now }
        if now.name != seen.name { events.diagnosed(.renamed(seen.name, to: now.name)) }
        if now.address != seen.address {
            events.diagnosed(
                .addressChanged(now.name, from: seen.address, to: now.address, isFollowed: isFollowed))
        }
        if now.mtu != seen.mtu { events.diagnosed(.mtuChanged(now.name, from: seen.mtu, to: now.mtu)) }
        // That it is down is told by the next call that fails.
        if now.isUp { checkCarrier(of: now, events) }
        return hasChanged
    }

    private mutating func checkCarrier(of now: NetworkInterface, _ events: some RunEvents) {
        let toldLosses = hasCarrier && !now.hasCarrier ? 1 : 0
        if let losses = reader.carrierLosses() {
            // The kernel announces changes at most once a second.
            let times = Int(losses) - Int(carrierLosses ?? losses) - toldLosses
            if times > 0 { events.diagnosed(.carrierFlapped(now.name, times: times)) }
            carrierLosses = losses
        }
        guard now.hasCarrier != hasCarrier else { return }
        hasCarrier = now.hasCarrier
        events.diagnosed(hasCarrier ? .carrierBack(now.name) : .carrierLost(now.name))
    }

    /// Handles a change of some link, and returns whether another NIC stamps since: its clock is another.
    mutating func checkClock(
        missing: (transmit: UInt64, receive: UInt64), _ events: some RunEvents
    ) -> Bool {
        guard !latest.isOfOtherClock, first.clockName != nil, reader.stampingDevice() != stampingDevice else {
            return false
        }
        latest.isOfOtherClock = true
        missingBeforeChange = missingBeforeChange ?? missing
        // Its setting is none of this run's.
        checkDue = .never
        events.diagnosed(
            .clockChanged(interface.name, from: first.clockName, to: reader.snapshot().clockName))
        return true
    }

    // MARK: One frame

    mutating func reasonForTransmitHardware(timeout: Int64, at now: MonotonicTime) -> MissingReason {
        if let reason = transmitHardwareHindrance { return reason }
        if now >= countersDue {
            countersDue = now + Self.counterInterval
            let counted = risenCounters(prefix: "tx_")
            skipped = counted.reduce(risenLosses(beyond: counted)) { $0 + $1.rise }
        }
        guard explained < skipped else { return .timedOut(after: timeout) }
        explained += 1
        return .skipped
    }

    func reasonForTransmitSoftware(timeout: Int64) -> MissingReason {
        first.canStampTransmitSoftware ? .timedOut(after: timeout) : .notSupported(driver: first.driver)
    }

    func reasonForReceiveHardware(stampedBy filters: [ReceiveFilter]) -> MissingReason {
        receiveHardwareHindrance(stampedBy: filters) ?? .notStamped
    }

    /// The reason why no frame sent now can have a hardware stamp; nil if one can.
    private var transmitHardwareHindrance: MissingReason? {
        guard first.claims(.transmitHardware) else { return .notSupported(driver: first.driver) }
        switch first.unasked {
        case .byUser: return .notAskedFor
        case .leftToPTP: return .leftToPTP
        case .useless: return .unusable
        case .settingOff: return .transmitTypeOff
        case nil: break
        }
        guard first.stampsTransmitHardware else { return .transmitTypeOff }
        guard !latest.isOfOtherClock else { return .clockChanged }
        return latest.stampsTransmitHardware ? nil : .transmitTypeTurnedOff
    }

    /// The reason why no frame received now can have a hardware stamp; nil if one can.
    private func receiveHardwareHindrance(stampedBy filters: [ReceiveFilter]) -> MissingReason? {
        if let reason = first.receiveHardwareHindrance(stampedBy: filters) { return reason }
        guard !latest.isOfOtherClock else { return .clockChanged }
        guard let now = latest.setting, !latest.stampsReceiveHardware(by: filters) else { return nil }
        return .filterChanged(now.receiveFilter)
    }

    // MARK: A run

    /// The reasons why `count` frames were sent without a hardware stamp.
    ///
    mutating func reasonsForTransmitHardware(_ count: UInt64, _ missing: MissingStampFacts) -> [MissingCount]
    {
        guard count > 0 else { return [] }
        updateSetting()
        var parts = Partition(of: count)
        if let reason = transmitHardwareHindrance {
            let before = min(missingBeforeChange?.transmit ?? 0, count)
            guard before > 0 else { return [.all(reason)] }
            parts.take(count - before) { .some(reason, $0) }
        }
        parts.takeLaunches(missing)
        let counted = risenCounters(prefix: "tx_")
        for (name, rise) in counted { parts.take(rise) { .counted(.skipped, $0, by: name) } }
        // Of the statistics common to all drivers.
        parts.take(risenLosses(beyond: counted)) { .counted(.skipped, $0, by: "tx_lost and tx_errors") }
        parts.takeTimeouts(missing)
        return parts.reasons
    }

    /// The reasons why `count` frames, which any of `filters` should have stamped, have no hardware receive stamp.
    mutating func reasonsForReceiveHardware(
        _ count: UInt64, stampedBy filters: [ReceiveFilter]
    ) -> [MissingCount] {
        guard count > 0 else { return [] }
        updateSetting()
        var parts = Partition(of: count)
        if let reason = receiveHardwareHindrance(stampedBy: filters) {
            let before = min(missingBeforeChange?.receive ?? 0, count)
            guard before > 0 else { return [.all(reason)] }
            parts.take(count - before) { .some(reason, $0) }
        }
        for (name, rise) in risenCounters(prefix: "rx_") {
            parts.take(rise) { .counted(.notStamped, $0, by: name) }
        }
        parts.take(parts.left) { $0 == count ? .all(.notStamped) : .some(.notStamped, $0) }
        return parts.reasons
    }

    /// The reasons why `count` replies lack a hardware stamp of their round trip: the requests' first.
    ///
    /// - Parameter unstamped: those that lack the stamp of the request, with or without that of the reply.
    mutating func reasonsForRoundTripHardware(
        _ count: UInt64, requests unstamped: UInt64, _ missing: MissingStampFacts,
        stampedBy filters: [ReceiveFilter]
    ) -> [MissingCount] {
        // If requests were not to be stamped because replies are not, the latter is the reason.
        if first.unasked == .useless { return reasonsForReceiveHardware(count, stampedBy: filters) }
        // The same reason holds for both.
        if latest.isOfOtherClock { return reasonsForTransmitHardware(count, missing) }
        return reasonsForTransmitHardware(unstamped, missing)
            + reasonsForReceiveHardware(count - min(count, unstamped), stampedBy: filters)
    }

    /// The reasons why `count` frames were sent without a software stamp.
    func reasonsForTransmitSoftware(_ count: UInt64, _ missing: MissingStampFacts) -> [MissingCount] {
        guard count > 0 else { return [] }
        guard first.canStampTransmitSoftware else { return [.all(.notSupported(driver: first.driver))] }
        var parts = Partition(of: count)
        parts.takeLaunches(missing)
        parts.takeTimeouts(missing)
        return parts.reasons
    }

    private mutating func updateSetting() {
        if !latest.isOfOtherClock, let current = reader.setting() { latest.setting = current }
    }

    // MARK: The driver's counters

    /// The counters of lost stamps that have risen since the beginning, and by how much.
    private func risenCounters(prefix: String) -> [(name: String, rise: UInt64)] {
        let now = Self.lossCounters(reader)
        return countersBefore.compactMap { old in
            guard old.name.hasPrefix(prefix), let new = now.first(where: { $0.name == old.name }),
                new.value > old.value
            else { return nil }
            return (old.name, new.value - old.value)
        }
    }

    /// The stamps lost since the beginning by the statistics common to all drivers, less those in the driver's own
    /// counters, which count the same losses.
    private func risenLosses(beyond counted: [(name: String, rise: UInt64)]) -> UInt64 {
        guard let old = first.capabilities?.statistics?.missing,
            let new = reader.snapshot().capabilities?.statistics?.missing, new > old
        else { return 0 }
        return Self.losses(new - old, beyond: counted.map(\.rise))
    }

    /// A sum of losses less those in single counters.
    static func losses(_ sum: UInt64, beyond counted: [UInt64]) -> UInt64 {
        counted.reduce(sum) { $0 - min($0, $1) }
    }

    /// The driver's counters of stamps that the NIC did not take or the driver gave up, such as `tx_hwtstamp_skipped`
    /// and `rx_hwtstamp_cleared`; each driver has its own names.
    private static func lossCounters(_ reader: InterfaceReader) -> [DriverStatistic] {
        let words = ["skip", "timeout", "clear", "lost", "drop", "err", "late"]
        return reader.counters().filter { statistic in
            let name = statistic.name.lowercased()
            return ["hwtstamp", "timestamp", "ptp_"].contains { includes(name, $0) }
                && words.contains { includes(name, $0) }
        }
    }

    /// Returns whether a text contains another. String's own search would link regular expressions into the executable
    /// and slow down its start.
    private static func includes(_ text: String, _ part: String) -> Bool {
        text.indices.contains { text[$0...].hasPrefix(part) }
    }
}

/// The facts that a run knows about missing stamps of the frames that it sent.
struct MissingStampFacts {
    /// Nanoseconds that it waited for a stamp.
    let timeout: Int64
    /// Stamps that came after that.
    var late: UInt64 = 0
    /// The number of times that the error queue was full.
    let overflows: UInt64
    /// Frames dropped because of their launch times.
    var launchMissed: UInt64 = 0
    var launchInvalid: UInt64 = 0
}

/// A number of frames, divided among the reasons that account for them.
private struct Partition {
    private(set) var left: UInt64
    private(set) var reasons: [MissingCount] = []

    init(of count: UInt64) { left = count }

    mutating func takeLaunches(_ missing: MissingStampFacts) {
        take(missing.launchInvalid) { .some(.notLaunched(.invalid), $0) }
        take(missing.launchMissed) { .some(.notLaunched(.missed), $0) }
    }

    mutating func takeTimeouts(_ missing: MissingStampFacts) {
        take(left) {
            .timedOut(
                $0, after: missing.timeout, late: min(missing.late, $0), isQueueFull: missing.overflows > 0)
        }
    }

    mutating func take(_ count: UInt64, _ reason: (UInt64) -> MissingCount) {
        let part = min(count, left)
        guard part > 0 else { return }
        reasons.append(reason(part))
        left -= part
    }
}
