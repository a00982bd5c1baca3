import AFPacketKit

/// When a sent frame was seen on its way out.
struct TransmitStamps {
    /// When it was to leave, on the clock of the software stamps; nil where there is no schedule.
    @OptionalTimestamp var planned: Timestamp? = nil
    /// The send call: CLOCK_REALTIME just before it.
    @OptionalTimestamp var userspace: Timestamp? = nil
    /// Entry to the packet scheduler.
    @OptionalTimestamp var scheduled: Timestamp? = nil
    /// The driver handed it to the NIC.
    @OptionalTimestamp var software: Timestamp? = nil
    /// The NIC sent it: the NIC's own clock.
    @OptionalTimestamp var hardware: Timestamp? = nil
    /// Why it did not leave at its launch time.
    var launchFailure: LaunchFailure?

    /// By how much it left later than planned, in nanoseconds; nil where that cannot be told. Hardware stamps are of a
    /// clock that no plan is made in. It is as exact as the two clocks of the plan can be compared, which is to some
    /// 50 ns: see `ClockPair`.
    var scheduleError: Int64? {
        guard let planned, let software else { return nil }
        return software - planned
    }

    /// Adds the stamps of a report, and tells whether it brought any that were not there. The first of
    /// each kind counts: stacked devices repeat the scheduled stamp.
    @inline(__always)
    mutating func merge(_ reported: ReportedStamps) -> Bool {
        var isNews = false
        switch reported.event {
        case .scheduled:
            if scheduled == nil, let stamp = reported.software { (scheduled, isNews) = (stamp, true) }
        case .sent:
            if let stamp = reported.software, software == nil { (software, isNews) = (stamp, true) }
            if let stamp = reported.hardware, hardware == nil { (hardware, isNews) = (stamp, true) }
        }
        return isNews
    }
}

extension TransmitStamps: TransmitEntry {
    init(sent: TransmitStamps) { self = sent }
}

/// What one report says of a frame on its way out. No larger than what a function returns in registers, its number beside
/// it.
struct ReportedStamps {
    enum Event {
        /// It entered the packet scheduler.
        case scheduled
        /// The driver handed it to the NIC, or the NIC sent it.
        case sent
    }

    @OptionalTimestamp var software: Timestamp? = nil
    @OptionalTimestamp var hardware: Timestamp? = nil
    let event: Event
}

extension ReportedStamps {
    /// The stamps of a report; nil where it reports on something else.
    init?(_ event: TransmitCompletion.Event, _ ancillary: Ancillary) {
        switch event {
        case .scheduled: self.event = .scheduled
        case .sent: self.event = .sent
        default: return nil
        }
        software = ancillary.software
        hardware = ancillary.hardware
    }
}

/// Which stamps of a sent frame there is reason to wait for.
struct ExpectedStamps: OptionSet {
    let rawValue: UInt8
    static let scheduled = ExpectedStamps(rawValue: 1 << 0)
    static let software = ExpectedStamps(rawValue: 1 << 1)
    static let hardware = ExpectedStamps(rawValue: 1 << 2)

    /// How many reports bring them.
    var reportCount: Int { self == .software ? 1 : rawValue.nonzeroBitCount }

    /// Whether nothing more is to come.
    func areComplete(_ stamps: TransmitStamps) -> Bool {
        // Mostly it is that one alone.
        if self == .software { return stamps.software != nil }
        return (!contains(.scheduled) || stamps.scheduled != nil)
            && (!contains(.software) || stamps.software != nil)
            && (!contains(.hardware) || stamps.hardware != nil)
    }
}

extension ExpectedStamps {
    /// What can be expected of an interface as it is set now.
    init(on interface: NetworkInterface, _ handling: Handling) {
        self = []
        guard handling.wantsStamps else { return }
        insert(.software)
        // What goes past the scheduler is not stamped there.
        if handling.wantsScheduledStamps, !handling.bypassesScheduler { insert(.scheduled) }
        let capabilities = try? interface.timestampingCapabilities()
        let setting = try? interface.hardwareTimestampingSetting()
        if capabilities?.flags.contains(.transmitHardware) ?? false,
            setting.map({ $0.transmitType != .off }) ?? false
        {
            insert(.hardware)
        }
    }
}
