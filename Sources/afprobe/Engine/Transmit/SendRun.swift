import AFPacketKit

/// A run of `send`: sends probes when they are due, and tells when each left.
struct SendRun<Socket: Port & ~Copyable, Events: SendEvents>: Run, ~Copyable {
    let events: Events
    private var transmitter: PacedTransmitter<TransmitStamps, Socket>
    private var monitor: InterfaceMonitor
    private let clockName: String?
    private var expected: ExpectedStamps
    private(set) var tally: TransmitTally
    private var intervals: IntervalTimer
    /// Tells whether a settled frame is only counted.
    private let onlyCounts: Bool
    /// For captures: each frame as it was sent.
    private var captured: RenumberedFrame

    init(
        _ socket: consuming Socket, _ plan: TransmitPlan, _ snapshot: TimestampingSnapshot,
        _ reader: InterfaceReader, _ events: Events
    ) {
        let message = ProbeMessage(number: 0, kind: .probe, session: .random(in: 1 ... .max))
        let frame = ProbeFrame(message, in: plan.shape, size: plan.size)
        monitor = InterfaceMonitor(snapshot, reader, at: socket.monotonicTime())
        intervals = IntervalTimer(length: nil, at: socket.monotonicTime())
        transmitter = PacedTransmitter(socket, frame, plan, reader, isStopAndWait: false)
        self.events = events
        clockName = snapshot.clockName
        captured = RenumberedFrame(frame)
        expected = ExpectedStamps(snapshot, plan.options)
        tally = TransmitTally(
            hasSchedule: plan.interval > 0 && plan.options.stamps != .none,
            hasIntervals: plan.statisticsInterval != nil)
        onlyCounts = !events.takesFrames && !events.takesCaptures
        transmitter.takesUserspaceStamps = !onlyCounts
    }

    /// Tells whether any stamp came back.
    var hasMeasured: Bool { tally.stampedSoftware + tally.stampedHardware > 0 }

    /// Tells whether any frame to be measured was sent.
    var hasSent: Bool { transmitter.sent > 0 }

    mutating func begin() throws(RunError) {
        Scheduling.useFinestTimer()
        try transmitter.begin()
        intervals = IntervalTimer(
            length: transmitter.plan.statisticsInterval, at: transmitter.start)
        if tally.hasSchedule { transmitter.dueClock = ClockPair(.realtime) }
    }

    // MARK: The loop

    /// `step` spins by itself once a frame is nearly due.
    var spins: Bool { false }
    var isWaitingForRoom: Bool { transmitter.isWaitingForRoom }
    var housekeepingDue: MonotonicTime { min(monitor.checkDue, intervals.due) }

    func watch(in poll: inout PollSet) -> Bool {
        transmitter.watchCompletions(in: &poll)
        return true
    }

    mutating func step(at now: MonotonicTime) throws(RunError) -> RunStep {
        let now = transmitter.awaitDue(from: now)
        expire(at: now)
        // A frame that is due at the end of an interval is the next one's.
        if now >= intervals.due { endInterval(at: now) }
        if transmitter.isFinished || transmitter.isOver(at: now) { return .end }
        if transmitter.plan.interval == 0 {
            if try sendFlatOut(at: now) { return .again }
        } else {
            if try transmitter.sendIfDue(at: now, events) != nil { try mergeCompletions() }
            if transmitter.isFinished { return .again }
        }
        return .wait(until: transmitter.wakeTime())
    }

    /// Sends a burst flat out, and returns whether all frames are sent and settled. If not, housekeeping is due, or
    /// there is no room.
    private mutating func sendFlatOut(at now: MonotonicTime) throws(RunError) -> Bool {
        var left = burstLength
        while left > 0 {
            guard let count = try transmitter.sendIfDue(at: now, events), count > 0 else { break }
            left -= count
            // A limit, because the call is quicker if it need not look for another completion.
            try mergeCompletions(limit: count * expected.completionCount)
        }
        try mergeCompletions()
        return transmitter.isFinished
    }

    mutating func handleCompletions(_ read: CompletionsRead) throws(RunError) {
        try readCompletions(isReady: read == .ready)
    }

    mutating func handleFrames(_ read: FramesRead) {}

    mutating func keepHouse(at now: MonotonicTime) {
        if monitor.check(at: now, missing: (tally.missingHardware, 0), events) {
            expected = ExpectedStamps(monitor.latest, transmitter.plan.options)
        }
    }

    private mutating func endInterval(at now: MonotonicTime) {
        let interval = tally.endInterval(
            sent: transmitter.sent, failed: transmitter.failed, after: intervals.advance(at: now))
        if interval.sent + interval.failed > 0 { events.intervalEnded(interval) }
    }

    mutating func handleLinkChange(at now: MonotonicTime) {
        _ = monitor.checkLink(isFollowed: false, events)
        guard monitor.checkClock(missing: (tally.missingHardware, 0), events) else { return }
        transmitter.stopHardwareStamps()
        expected = ExpectedStamps(monitor.latest, transmitter.plan.options)
    }

    func tellStatus() {
        events.sendStatus(sent: transmitter.sent, stampedSoftware: tally.stampedSoftware)
    }

    // MARK: Completions

    /// Merges the stamps that have come back; if none are asked for, settles the frames that were sent.
    private mutating func mergeCompletions(limit: Int? = nil) throws(RunError) {
        guard expected.isEmpty else { return try readCompletions(limit: limit) }
        while let (number, _) = transmitter.window.oldestInFlight() { settle(number) }
    }

    private mutating func readCompletions(isReady: Bool = false, limit: Int? = nil) throws(RunError) {
        repeat {
            let count = try transmitter.receiveCompletions(isReady: isReady, limit: limit ?? .max)
            for index in 0..<count { merge(transmitter.completion(at: index)) }
        } while transmitter.mayHaveMoreCompletions && limit == nil
    }

    private mutating func merge(_ completion: Transmitter<Socket>.Completion) {
        switch completion {
        case .stamps(let stamps, of: let number): merge(stamps, of: number)
        case .notLaunched(let failure, of: let number): merge(failure, of: number)
        case .contradiction: tally.mismatched += 1
        case .unknown, .undeliverable, .redirected: tally.unmatched += 1
        }
    }

    private mutating func merge(_ stamps: CompletionStamps, of number: UInt64) {
        guard let isInFlight = transmitter.window.isInFlight(number) else {
            tally.unmatched += 1
            return
        }
        let isNew = transmitter.window[number].merge(stamps)
        guard isInFlight else {
            // Late, or a repeat.
            if isNew, number > transmitter.plan.warmup { tally.countLate(stamps) }
            return
        }
        if expected.areComplete(transmitter.window[number]) { settle(number) }
    }

    /// Settles a probe that was not launched: nothing more of it is to come.
    private mutating func merge(_ failure: LaunchFailure, of number: UInt64) {
        guard let isInFlight = transmitter.window.isInFlight(number) else {
            tally.unmatched += 1
            return
        }
        // The rest of a batch is sent again from a frame that was refused, which is then refused twice.
        let isNew = transmitter.window[number].launchFailure == nil
        transmitter.window[number].launchFailure = failure
        if isNew, number > transmitter.plan.warmup { tally.count(failure) }
        if isInFlight { settle(number) }
    }

    /// Settles the frames whose stamps have timed out.
    private mutating func expire(at now: MonotonicTime) {
        while let number = transmitter.timedOut(at: now) { settle(number) }
    }

    private mutating func settle(_ number: UInt64) {
        transmitter.window.settle(number)
        guard number > transmitter.plan.warmup else { return }
        tally.count(transmitter.window[number])
        if !onlyCounts { tell(number) }
    }

    private mutating func tell(_ number: UInt64) {
        let stamps = transmitter.window[number]
        if events.takesCaptures { capture(number, stamps) }
        guard events.takesFrames else { return }
        let replay = transmitter.plan.replay
        events.completed(
            SentFrame(
                number: number, stamps: stamps, shape: replay?.shape(number) ?? transmitter.plan.shape,
                size: replay?.frame(number).count ?? transmitter.plan.size, clock: clockName,
                missing: events.takesDetails ? reasons(stamps) : MissingStamps()))
    }

    private mutating func reasons(_ stamps: TransmitStamps) -> MissingStamps {
        let (options, timeout) = (transmitter.plan.options, transmitter.plan.timeout)
        guard options.stamps != .none else {
            return MissingStamps(hardware: .notAskedFor, software: .notAskedFor, scheduled: .notAskedFor)
        }
        var reasons = MissingStamps()
        if stamps.scheduled == nil {
            reasons.scheduled = options.bypassesQdisc ? .qdiscBypassed : .notScheduled
        }
        if let failure = stamps.launchFailure {
            (reasons.hardware, reasons.software) = (.notLaunched(failure), .notLaunched(failure))
            return reasons
        }
        if stamps.hardware == nil {
            reasons.hardware = monitor.reasonForTransmitHardware(timeout: timeout, at: transmitter.now)
        }
        if stamps.software == nil { reasons.software = monitor.reasonForTransmitSoftware(timeout: timeout) }
        return reasons
    }

    private mutating func capture(_ number: UInt64, _ stamps: TransmitStamps) {
        guard let time = stamps.software ?? stamps.userspace else { return }
        if let replay = transmitter.plan.replay {
            let frame = replay.frame(number)
            return events.captured(frame, tag: nil, length: frame.count, at: time)
        }
        captured.renumber(to: number)
        events.captured(captured.bytes.span, tag: nil, length: transmitter.plan.size, at: time)
    }

    // MARK: The end

    mutating func readLast() throws(RunError) { try readCompletions() }

    /// Sums the run up.
    mutating func finish() -> SendResult {
        if transmitter.plan.statisticsInterval != nil { endInterval(at: transmitter.now) }
        var result = SendResult()
        result.sent = transmitter.sent
        result.warmedUp = transmitter.warmedUp
        result.failed = transmitter.failed
        result.inFlight = UInt64(transmitter.window.inFlightCount)
        result.overflows = transmitter.completionOverflows
        result.hasLaunchTimes = transmitter.plan.launchOffset != nil
        guard transmitter.plan.options.stamps != .none else {
            (result.missingHardware, result.missingSoftware) = ([.all(.notAskedFor)], [.all(.notAskedFor)])
            return result
        }
        var missing = MissingStampFacts(
            timeout: transmitter.plan.timeout, late: tally.lateHardware, overflows: result.overflows,
            launchMissed: tally.launchMissed, launchInvalid: tally.launchInvalid)
        result.missingHardware = monitor.reasonsForTransmitHardware(tally.missingHardware, missing)
        missing.late = tally.lateSoftware
        result.missingSoftware = monitor.reasonsForTransmitSoftware(tally.missingSoftware, missing)
        return result
    }
}

extension SendRun where Socket == TimestampedSocket {
    /// Opens the socket of a run on an interface.
    init(
        on interface: NetworkInterface, _ plan: TransmitPlan, _ snapshot: TimestampingSnapshot,
        _ events: Events
    ) throws(RunError) {
        let reader = InterfaceReader.kernel(interface, clockIndex: nil)
        do throws(SystemError) {
            let socket = try PacketSocket.transmitter(on: interface, plan.options, snapshot)
            self.init(socket, plan, snapshot, reader, events)
        } catch {
            throw RunError(.send, error, on: interface)
        }
    }
}

/// Frames sent flat out before the signals and the timeouts are handled.
private let burstLength = 256
