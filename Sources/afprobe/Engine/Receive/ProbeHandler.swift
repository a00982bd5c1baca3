import AFPacketKit

/// Handles each probe of a listening run: counts it, answers it, tells it.
struct ProbeHandler<Socket: Port & ~Copyable, Events: ListenEvents>: ~Copyable {
    let events: Events
    /// In memory of its own, because an optional would move it out and back at each call; nil if requests are not
    /// answered.
    var responder: Slab<Responder<Socket, Events>>?
    var monitor: InterfaceMonitor
    var tally: ReceiveTally
    var faults = FrameFaultCounts()
    let clockName: String?
    let stampFilters: [ReceiveFilter]
    /// False once they are another clock's.
    private(set) var takesHardwareStamps = true

    var isComplete: Bool { tally.isComplete }

    /// Tells whether transmit stamps of replies are still to come.
    var awaitsCompletions: Bool {
        switch responder {
        case .some(let responder): responder[0].awaitsCompletions
        case .none: false
        }
    }

    var replyCounts: ReplyCounts {
        switch responder {
        case .some(let responder): responder[0].counts
        case .none: ReplyCounts()
        }
    }

    /// Adds the replies' completions to the poll set; returns whether requests are answered.
    func watchCompletions(in poll: inout PollSet) -> Bool {
        switch responder {
        case .some(let responder):
            responder[0].watchCompletions(in: &poll)
            return true
        case .none: return false
        }
    }

    /// Follows up the replies whose stamps have timed out; returns the time at which the next ones will.
    mutating func expire(at now: MonotonicTime) -> MonotonicTime {
        responder?[0].expire(at: now)
        return responder?[0].nextTimeout() ?? .never
    }

    mutating func handle(_ probe: borrowing FoundProbe) {
        tally.count(probe.ancillary)
        // First, so that the output does not delay the answer.
        if probe.kind == .request { responder?[0].answer(probe) }
        if events.takesFrames { tell(probe) }
        if events.takesCaptures { probe.capture(to: events) }
    }

    private mutating func tell(_ probe: borrowing FoundProbe) {
        let isMissing = events.takesDetails && probe.ancillary.hardware == nil
        events.received(
            probe.read(), clock: clockName,
            missing: isMissing ? monitor.reasonForReceiveHardware(stampedBy: stampFilters) : nil)
    }

    mutating func readCompletions(isReady: Bool = false) throws(RunError) {
        do throws(SystemError) { try responder?[0].readCompletions(isReady: isReady) } catch {
            throw RunError(.readCompletions, error, on: monitor.interface)
        }
    }

    /// Has the responder follow the interface; returns it if its MAC address or its MTU has changed.
    mutating func checkLink() -> NetworkInterface? {
        let hasChanged = monitor.checkLink(isFollowed: true, events)
        responder?[0].follow(monitor.seen, monitor.addresses)
        return hasChanged ? monitor.seen : nil
    }

    mutating func checkClock() {
        guard monitor.checkClock(missing: (0, tally.missingHardware), events) else { return }
        takesHardwareStamps = false
        responder?[0].stopHardwareStamps()
        responder?[0].expectStamps(monitor.latest)
    }

    mutating func checkSetting(at now: MonotonicTime) {
        let missing: (UInt64, UInt64) = (0, tally.missingHardware)
        if monitor.check(at: now, missing: missing, events) { responder?[0].expectStamps(monitor.latest) }
    }
}

extension FoundProbe {
    /// Hands the frame over to be captured.
    func capture(to events: some RunEvents) {
        events.captured(
            frame.bytes, tag: ancillary.vlan, length: frame.length, at: ancillary.software ?? userspace)
    }
}
