import AFPacketKit

/// A run of `listen`: tells the probes that arrive, and answers the requests among them.
struct ListenRun<Source: ProbeSource & ~Copyable, Socket: Port & ~Copyable, Events: ListenEvents>: Run,
    ~Copyable
{
    let events: Events
    private var source: Source
    private var station: Station<Socket, Events>
    /// In memory of its own, like the responder; nil if it could not be opened.
    private var otherForms: Slab<OtherFormWatch<Socket>>?
    private let plan: ListenPlan
    private let interface: NetworkInterface
    private var link: LinkMonitor
    /// When to attend to the watch for other forms, and the number of probes after which to.
    private var otherFormsDue = MonotonicTime.never
    private var otherFormsLimit: UInt64 = 0
    private var areOtherFormsPaused = false
    private var statistics = PacketStatistics()
    private var intervals: IntervalTimer
    /// When to read the kernel's counters for the next answer, which tells the drops.
    private var dropsDue = MonotonicTime(nanoseconds: 0)
    private var repliesAtDrops: UInt64 = 0
    private let end: MonotonicTime
    /// The earliest of these times: one comparison in a turn of the loop ("receive one by one: user instructions").
    private var due: MonotonicTime
    /// Tells whether a receive call has found the interface down. The next step handles it: it knows the time.
    private var hasGoneDown = false
    /// Frames received since a receive call found none.
    private var framesInARow = 0

    /// - Parameters:
    ///   - responder: answers requests; nil if they are not answered.
    ///   - otherForms: notices probes that the run does not take; nil if nothing does.
    init(
        _ source: consuming Source, _ responder: consuming Slab<Responder<Socket, Events>>?,
        _ otherForms: consuming Slab<OtherFormWatch<Socket>>? = nil, _ plan: ListenPlan,
        _ snapshot: TimestampingSnapshot, _ reader: InterfaceReader, _ events: Events,
        at now: MonotonicTime
    ) {
        self.source = source
        self.otherForms = otherForms
        self.plan = plan
        self.events = events
        interface = reader.interface
        link = LinkMonitor(reader)
        intervals = IntervalTimer(length: plan.statisticsInterval, at: now)
        end = plan.deadline.map { now + $0 } ?? .never
        due = min(intervals.due, end)
        station = Station(
            events: events, responder: responder, monitor: InterfaceMonitor(snapshot, reader, at: now),
            tally: ReceiveTally(upTo: plan.count), clockName: snapshot.clockName,
            stampFilters: plan.stampFilters)
    }

    /// Tells whether any probe came.
    var hasMeasured: Bool { station.tally.probes > 0 }

    // MARK: The loop

    var spins: Bool { plan.spins }
    var isWaitingForRoom: Bool { false }

    func watch(in poll: inout PollSet) -> Bool {
        source.watchFrames(in: &poll)
        switch otherForms {
        case .some(let watch): watch[0].watch(in: &poll)
        case .none: break
        }
        return station.watchCompletions(in: &poll)
    }

    var paused: PollSet.Members { areOtherFormsPaused ? .otherForms : [] }

    mutating func handleOtherForms(at now: MonotonicTime) {
        otherForms?[0].read(at: now, events)
        attendToOtherForms(at: now)
        due = min(intervals.due, min(otherFormsDue, end))
    }

    private mutating func attendToOtherForms(at now: MonotonicTime) {
        let probes = station.tally.probes
        otherForms?[0].attend(at: now, probes: probes)
        otherFormsDue = otherForms?[0].due ?? .never
        areOtherFormsPaused = otherForms?[0].isPaused ?? false
        otherFormsLimit = otherForms?[0].limit ?? .max
    }

    mutating func step(at now: MonotonicTime) throws(RunError) -> RunStep {
        if hasGoneDown { try goDown(at: now) }
        // The last replies are followed up as well.
        if station.isComplete && !station.awaitsCompletions || now >= end { return .end }
        if now >= due || station.tally.probes >= otherFormsLimit { try attend(at: now) }
        if now >= dropsDue, station.replyCounts.replies != repliesAtDrops { try updateDrops(at: now) }
        guard station.awaitsCompletions else { return .wait(until: due, framesAlone: source.canWait) }
        let next = min(due, station.expire(at: now))
        return station.isComplete && !station.awaitsCompletions ? .end : .wait(until: next)
    }

    private mutating func attend(at now: MonotonicTime) throws(RunError) {
        if now >= otherFormsDue || station.tally.probes >= otherFormsLimit { attendToOtherForms(at: now) }
        if now >= intervals.due { try tellStatistics(at: now) }
        due = min(intervals.due, min(otherFormsDue, end))
    }

    /// Hands the drops to the responder. Only after a reply, so that it wakes nobody up.
    private mutating func updateDrops(at now: MonotonicTime) throws(RunError) {
        try readLast()
        repliesAtDrops = station.replyCounts.replies
        dropsDue = now + dropsInterval
    }

    private mutating func goDown(at now: MonotonicTime) throws(RunError) {
        hasGoneDown = false
        try link.goDown(at: now, events)
    }

    private mutating func tellStatistics(at now: MonotonicTime) throws(RunError) {
        try readLast()
        tellStatistics()
        _ = intervals.advance(at: now)
    }

    mutating func handleCompletions(_ read: CompletionsRead) throws(RunError) {
        try station.readCompletions(isReady: read == .ready)
    }

    /// Handles frames that have arrived, up to a maximum, so that a flood of them does not hold up the loop.
    mutating func handleFrames(_ read: FramesRead) throws(RunError) {
        do throws(SystemError) {
            // The call for one frame is quicker, and a frame that was waited or polled for is mostly alone. Now and
            // then a batch is read, in case others follow it ("receive … blocking", "receive … spinning").
            if read != .all, framesInARow < framesBetweenBatches {
                try handleOne(read)
            } else {
                try handleBatches()
            }
        } catch {
            framesInARow = 0
            guard error.code == .networkDown else { throw RunError(.receive, error, on: interface) }
            hasGoneDown = true
        }
        // Most drivers have stamped the replies by now.
        if station.awaitsCompletions { try station.readCompletions() }
    }

    private mutating func handleOne(_ read: FramesRead) throws(SystemError) {
        let count =
            read == .waiting
            ? try source.receiveWaiting()
            : try source.receiveSpinning(polls: station.awaitsCompletions ? 1 : pollsInATurn)
        framesInARow = count == 0 ? 0 : framesInARow &+ count
        handle(count)
    }

    private mutating func handleBatches() throws(SystemError) {
        var batchesLeft = batchesInATurn
        repeat {
            batchesLeft -= 1
            let count = try source.receive()
            // One alone is no sign of more.
            framesInARow = count < 2 ? 0 : framesInARow &+ count
            handle(count)
        } while source.mayHaveMore && !station.isComplete && batchesLeft > 0
    }

    private mutating func handle(_ count: Int) {
        let onlyCounts =
            !events.takesFrames && !events.takesCaptures && plan.replies == nil
            && station.takesHardwareStamps
        var index = 0
        while index < count, !station.isComplete {
            if onlyCounts { index = source.countPlain(from: index, upTo: count, &station.tally) }
            guard index < count, !station.isComplete else { return }
            if var probe = source.probe(at: index, &station.faults) {
                if !station.takesHardwareStamps { probe.dropHardwareStamp() }
                station.handle(probe)
            }
            index += 1
        }
    }

    var housekeepingDue: MonotonicTime { min(station.monitor.checkDue, link.checkDue) }

    mutating func keepHouse(at now: MonotonicTime) throws(RunError) {
        try link.check(at: now, events)
        station.checkSetting(at: now)
    }

    mutating func handleLinkChange(at now: MonotonicTime) throws(RunError) {
        station.checkClock()
        guard let changed = station.checkLink() else { return }
        otherForms?[0].follow(plan.otherForms(changed.address), on: changed)
        do throws(SystemError) { try source.follow(plan.filter(changed.address), mtu: changed.mtu) } catch {
            throw RunError(.receive, error, on: interface)
        }
    }

    func tellStatus() { events.listenStatus(probes: station.tally.probes) }

    // MARK: The end

    /// Reads the kernel's counters.
    mutating func readLast() throws(RunError) {
        do throws(SystemError) { statistics = try source.readStatistics() } catch {
            throw RunError(.readCounters, error, on: interface)
        }
        station.responder?[0].dropped = UInt64(statistics.drops)
    }

    /// Tells the kernel's counters as they were read last.
    func tellStatistics() { events.counted(statistics) }

    /// Sums the run up.
    mutating func finish() -> ListenResult {
        var faults = station.faults
        faults += source.threadFaults
        return ListenResult(
            tally: station.tally, faults: faults, statistics: statistics,
            replies: station.replyCounts, otherForms: otherForms?[0].finish(events),
            missingHardware: station.monitor.reasonsForReceiveHardware(
                station.tally.missingHardware, stampedBy: plan.stampFilters))
    }
}

extension ListenRun where Source: ~Copyable, Socket == TimestampedSocket {
    /// Opens the sockets of a run on an interface; `open` opens the source of the probes.
    init(
        on interface: NetworkInterface, _ plan: ListenPlan, _ snapshot: TimestampingSnapshot,
        _ events: Events, open: () throws(SystemError) -> Source
    ) throws(RunError) {
        let reader = InterfaceReader.kernel(interface, clockIndex: snapshot.capabilities?.clockIndex)
        do throws(SystemError) {
            let source = try open()
            var responder: Slab<Responder<TimestampedSocket, Events>>?
            if let rules = plan.replies {
                responder = Slab(of: try Responder(on: interface, rules, snapshot, reader, events))
            }
            // Without it, the run is the same.
            let otherForms = try? Slab(
                of: OtherFormWatch(
                    ListenForm(interface: interface, carrier: plan.carrier, isPTP: plan.isPTP),
                    plan.otherForms(interface.address)))
            self.init(source, responder, otherForms, plan, snapshot, reader, events, at: .now())
        } catch {
            throw RunError(.receive, error, on: interface)
        }
    }
}

/// Handles each probe of a listening run: counts it, answers it, tells it.
private struct Station<Socket: Port & ~Copyable, Events: ListenEvents>: ~Copyable {
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

/// Frames received one by one before a batch is read.
private let framesBetweenBatches = 64

/// Nanoseconds between two reads of the kernel's counters for answers.
private let dropsInterval: Int64 = 100_000_000

/// Polls for one frame in a turn of a spinning loop.
private let pollsInATurn = 16

/// Batches of frames received before the signals and the time are checked again.
let batchesInATurn = 16
