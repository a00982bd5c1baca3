import AFPacketKit

/// A run of `listen`: tells the probes that arrive, and answers the requests among them.
struct ListenRun<Source: ProbeSource & ~Copyable, Socket: Port & ~Copyable, Events: ListenEvents>: Run,
    ~Copyable
{
    let events: Events
    private var source: Source
    private var handler: ProbeHandler<Socket, Events>
    /// In memory of its own, like the responder; nil if it could not be opened.
    private var otherForms: Slab<OtherFormWatch<Socket>>?
    private let plan: ListenPlan
    private let interface: NetworkInterface
    private var link: LinkMonitor
    /// Copies of what the watch for other forms says, for each turn of the loop.
    private var otherFormsDue = MonotonicTime.never
    private var otherFormsLimit: UInt64 = 0
    private(set) var paused: PollSet.Members = []
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
        handler = ProbeHandler(
            events: events, responder: responder, monitor: InterfaceMonitor(snapshot, reader, at: now),
            tally: ReceiveTally(upTo: plan.count), clockName: snapshot.clockName,
            stampFilters: plan.stampFilters)
    }

    /// Tells whether any probe came.
    var hasMeasured: Bool { handler.tally.probes > 0 }

    // MARK: The loop

    var spins: Bool { plan.spins }
    var isWaitingForRoom: Bool { false }

    func watch(in poll: inout PollSet) -> Bool {
        source.watchFrames(in: &poll)
        switch otherForms {
        case .some(let watch): watch[0].watch(in: &poll)
        case .none: break
        }
        return handler.watchCompletions(in: &poll)
    }

    mutating func handleOtherForms(at now: MonotonicTime) {
        otherForms?[0].read(at: now, events)
        attendToOtherForms(at: now)
        updateDue()
    }

    private mutating func attendToOtherForms(at now: MonotonicTime) {
        let probes = handler.tally.probes
        otherForms?[0].attend(at: now, probes: probes)
        otherFormsDue = otherForms?[0].due ?? .never
        otherFormsLimit = otherForms?[0].limit ?? .max
        paused = otherForms?[0].paused ?? []
    }

    private mutating func updateDue() { due = min(intervals.due, min(otherFormsDue, end)) }

    mutating func step(at now: MonotonicTime) throws(RunError) -> RunStep {
        if hasGoneDown { try goDown(at: now) }
        // The last replies are followed up as well.
        if handler.isComplete && !handler.awaitsCompletions || now >= end { return .end }
        if now >= due || handler.tally.probes >= otherFormsLimit { try attend(at: now) }
        if now >= dropsDue, handler.replyCounts.replies != repliesAtDrops { try updateDrops(at: now) }
        guard handler.awaitsCompletions else { return .wait(until: due, framesAlone: source.canWait) }
        let next = min(due, handler.expire(at: now))
        return handler.isComplete && !handler.awaitsCompletions ? .end : .wait(until: next)
    }

    private mutating func attend(at now: MonotonicTime) throws(RunError) {
        if now >= otherFormsDue || handler.tally.probes >= otherFormsLimit { attendToOtherForms(at: now) }
        if now >= intervals.due { try tellStatistics(at: now) }
        updateDue()
    }

    /// Hands the drops to the responder. Only after a reply, so that it wakes nobody up.
    private mutating func updateDrops(at now: MonotonicTime) throws(RunError) {
        try readLast()
        repliesAtDrops = handler.replyCounts.replies
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
        try handler.readCompletions(isReady: read == .ready)
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
        if handler.awaitsCompletions { try handler.readCompletions() }
    }

    private mutating func handleOne(_ read: FramesRead) throws(SystemError) {
        let count =
            read == .waiting
            ? try source.receiveWaiting()
            : try source.receiveSpinning(polls: handler.awaitsCompletions ? 1 : pollsInATurn)
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
        } while source.mayHaveMore && !handler.isComplete && batchesLeft > 0
    }

    private mutating func handle(_ count: Int) {
        let onlyCounts =
            !events.takesFrames && !events.takesCaptures && plan.replies == nil
            && handler.takesHardwareStamps
        var index = 0
        while index < count, !handler.isComplete {
            if onlyCounts { index = source.countPlain(from: index, upTo: count, &handler.tally) }
            guard index < count, !handler.isComplete else { return }
            if var probe = source.probe(at: index, &handler.faults) {
                if !handler.takesHardwareStamps { probe.dropHardwareStamp() }
                handler.handle(probe)
            }
            index += 1
        }
    }

    var housekeepingDue: MonotonicTime { min(handler.monitor.checkDue, link.checkDue) }

    mutating func keepHouse(at now: MonotonicTime) throws(RunError) {
        try link.check(at: now, events)
        handler.checkSetting(at: now)
    }

    mutating func handleLinkChange(at now: MonotonicTime) throws(RunError) {
        handler.checkClock()
        guard let changed = handler.checkLink() else { return }
        otherForms?[0].follow(plan.otherForms(changed.address), on: changed)
        do throws(SystemError) { try source.follow(plan.filter(changed.address), on: changed) } catch {
            throw RunError(.receive, error, on: interface)
        }
    }

    func tellStatus() { events.listenStatus(probes: handler.tally.probes) }

    // MARK: The end

    /// Reads the kernel's counters.
    mutating func readLast() throws(RunError) {
        do throws(SystemError) { statistics = try source.readStatistics() } catch {
            throw RunError(.readCounters, error, on: interface)
        }
        handler.responder?[0].dropped = UInt64(statistics.drops)
    }

    /// Tells the kernel's counters as they were read last.
    func tellStatistics() { events.counted(statistics) }

    /// Sums the run up.
    mutating func finish() -> ListenResult {
        var faults = handler.faults
        faults += source.threadFaults
        return ListenResult(
            tally: handler.tally, faults: faults, statistics: statistics,
            replies: handler.replyCounts, otherForms: otherForms?[0].finish(events),
            missingHardware: handler.monitor.reasonsForReceiveHardware(
                handler.tally.missingHardware, stampedBy: plan.stampFilters))
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

/// Frames received one by one before a batch is read.
private let framesBetweenBatches = 64

/// Nanoseconds between two reads of the kernel's counters for answers.
private let dropsInterval: Int64 = 100_000_000

/// Polls for one frame in a turn of a spinning loop.
private let pollsInATurn = 16

/// Batches of frames received before the signals and the time are checked again.
let batchesInATurn = 16
