import AFPacketKit

/// When a sent frame was seen on its way out.
struct TransmitStamps {
    /// When it was to leave, on the clock of the software stamps; nil where there is no schedule.
    var planned: Timestamp?
    /// The send call: CLOCK_REALTIME just before it.
    var userspace: Timestamp?
    /// Entry to the packet scheduler.
    var scheduled: Timestamp?
    /// The driver handed it to the NIC.
    var software: Timestamp?
    /// The NIC sent it: the NIC's own clock.
    var hardware: Timestamp?
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
    mutating func merge(_ other: TransmitStamps) -> Bool {
        var isNews = false
        func take(_ new: Timestamp?, _ known: inout Timestamp?) {
            guard known == nil, let new else { return }
            known = new
            isNews = true
        }
        take(other.scheduled, &scheduled)
        take(other.software, &software)
        take(other.hardware, &hardware)
        return isNews
    }
}

extension TransmitStamps {
    /// The stamps of a report; nil where it reports on something else.
    init?(_ event: TransmitReport.Event, _ ancillary: Ancillary) {
        switch event {
        case .scheduled: scheduled = ancillary.software
        case .sent:
            software = ancillary.software
            hardware = ancillary.hardware
        default: return nil
        }
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
