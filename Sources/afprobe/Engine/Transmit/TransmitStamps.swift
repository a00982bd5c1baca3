import AFPacketKit

/// The stamps of a sent frame.
struct TransmitStamps {
    /// The due time, on the clock of the software stamps; nil if there was none.
    @OptionalTimestamp var due: Timestamp? = nil
    /// The send call: CLOCK_REALTIME just before it.
    @OptionalTimestamp var userspace: Timestamp? = nil
    /// Entry to the qdisc.
    @OptionalTimestamp var scheduled: Timestamp? = nil
    /// The driver handed it to the NIC.
    @OptionalTimestamp var software: Timestamp? = nil
    /// The NIC sent it: the NIC's own clock.
    @OptionalTimestamp var hardware: Timestamp? = nil
    /// The reason why it did not leave at its launch time.
    var launchFailure: LaunchFailure?

    /// Nanoseconds by which it left after its due time; nil if unknown. Hardware stamps do not count: no due time is on
    /// their clock. It is exact to some 50 ns, like the comparison of the two clocks: see `ClockPair`.
    var scheduleError: Int64? {
        guard let due, let software else { return nil }
        return software - due
    }

    subscript(clock: StampClock) -> Timestamp? {
        switch clock {
        case .hardware: hardware
        case .software: software
        case .userspace: userspace
        }
    }

    /// Adds the stamps of a completion, and returns whether any is new. The first of each kind counts: stacked devices
    /// repeat the scheduled stamp.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func merge(_ completion: CompletionStamps) -> Bool {
        var isNew = false
        switch completion.event {
        case .scheduled:
            if scheduled == nil, let stamp = completion.software { (scheduled, isNew) = (stamp, true) }
        case .sent:
            if let stamp = completion.software, software == nil { (software, isNew) = (stamp, true) }
            if let stamp = completion.hardware, hardware == nil { (hardware, isNew) = (stamp, true) }
        }
        return isNew
    }
}

extension TransmitStamps: TransmitEntry {
    init(sent: TransmitStamps) { self = sent }
}

/// The stamps of one completion: small enough to be returned in registers, together with the number.
struct CompletionStamps {
    enum Event {
        /// The frame entered the qdisc.
        case scheduled
        /// The driver handed it to the NIC, or the NIC sent it.
        case sent
    }

    @OptionalTimestamp var software: Timestamp? = nil
    @OptionalTimestamp var hardware: Timestamp? = nil
    let event: Event
}

extension CompletionStamps {
    /// The stamps of a completion; nil if it is about something else.
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

/// The stamps of a sent frame that are to be waited for.
struct ExpectedStamps: OptionSet {
    let rawValue: UInt8
    static let scheduled = ExpectedStamps(rawValue: 1 << 0)
    static let software = ExpectedStamps(rawValue: 1 << 1)
    static let hardware = ExpectedStamps(rawValue: 1 << 2)

    /// The number of completions that bring them.
    var completionCount: Int { rawValue.nonzeroBitCount }

    /// Returns whether nothing more is to come.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    func areComplete(_ stamps: TransmitStamps) -> Bool {
        (!contains(.scheduled) || stamps.scheduled != nil)
            && (!contains(.software) || stamps.software != nil)
            && (!contains(.hardware) || stamps.hardware != nil)
    }
}

extension ExpectedStamps {
    /// The stamps to be expected of an interface as it is set now.
    init(_ snapshot: TimestampingSnapshot, _ options: TransmitOptions) {
        self = []
        guard options.stamps != .none else { return }
        insert(.software)
        // A bypassed qdisc takes no stamp.
        if options.stamps == .scheduled, !options.bypassesQdisc { insert(.scheduled) }
        if snapshot.stampsTransmitHardware { insert(.hardware) }
    }
}
