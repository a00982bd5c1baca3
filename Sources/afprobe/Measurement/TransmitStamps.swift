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
    init?(_ event: TransmitReport.Event, _ ancillary: Ancillary) {
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
struct ExpectedStamps {
    var scheduled = false
    var software = true
    var hardware = false

    /// Whether there is nothing to wait for.
    var areNone: Bool { reportCount == 0 }

    /// How many reports bring them.
    var reportCount: Int { (scheduled ? 1 : 0) + (software ? 1 : 0) + (hardware ? 1 : 0) }

    /// Whether nothing more is to come.
    func areComplete(_ stamps: TransmitStamps) -> Bool {
        (!scheduled || stamps.scheduled != nil) && (!software || stamps.software != nil)
            && (!hardware || stamps.hardware != nil)
    }

    /// What can be expected of an interface as it is set now.
    init(on interface: NetworkInterface, _ handling: Handling) {
        guard handling.wantsStamps else {
            software = false
            return
        }
        // What goes past the scheduler is not stamped there.
        scheduled = handling.wantsScheduledStamps && !handling.bypassesScheduler
        let capabilities = try? interface.timestampingCapabilities()
        let setting = try? interface.hardwareTimestampingSetting()
        hardware =
            capabilities?.flags.contains(.transmitHardware) ?? false
            && setting.map { $0.transmitType != .off } ?? false
    }
}
