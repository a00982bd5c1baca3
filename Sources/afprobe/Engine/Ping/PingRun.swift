import AFPacketKit

/// A run of `ping`: sends requests and measures how long the replies take, and where the time goes.
struct PingRun<Socket: Port & ~Copyable, Answers: AnswerMatching, Events: PingEvents>: Run, ~Copyable {
    let events: Events
    private var exchanges: Exchanges<Socket, Events>
    private var receiver: Receiver<Socket>
    private let plan: PingPlan
    private(set) var answers: Answers
    private var faults = AnswerFaults()
    private var monitor: InterfaceMonitor
    private var way: WayMonitor?
    /// The guard of the requests' UDP port, which gets what the network returns; nil without one.
    private var portGuard: PortGuard?
    private var intervals: IntervalTimer
    /// Frames that the receive queue dropped.
    private var drops: UInt64 = 0

    init(
        _ transmitter: consuming Socket, _ receiver: consuming Receiver<Socket>, _ request: ProbeFrame,
        _ answers: Answers, _ plan: PingPlan, _ snapshot: TimestampingSnapshot, _ reader: InterfaceReader,
        _ events: Events
    ) {
        self.plan = plan
        self.events = events
        self.receiver = receiver
        monitor = InterfaceMonitor(snapshot, reader, at: transmitter.monotonicTime())
        intervals = IntervalTimer(length: nil, at: transmitter.monotonicTime())
        exchanges = Exchanges(transmitter, request, plan, snapshot, reader, events)
        self.answers = answers
        way = plan.way
    }

    /// Keeps the guard of the requests' port until the end, and tells what the network returns.
    mutating func keep(_ portGuard: consuming PortGuard?) { self.portGuard = portGuard }

    var result: PingResult { exchanges.result }

    /// Nanoseconds from the start of the run to its end.
    private(set) var elapsed: Int64 = 0

    mutating func begin() throws(RunError) {
        Scheduling.useFinestTimer()
        try exchanges.begin()
        intervals = IntervalTimer(
            length: plan.transmit.statisticsInterval, at: exchanges.transmitter.start)
    }

    // MARK: The loop

    var spins: Bool { plan.spins }
    var isWaitingForRoom: Bool { exchanges.transmitter.isWaitingForRoom }
    var housekeepingDue: MonotonicTime {
        min(monitor.checkDue, events.progressDue, intervals.due)
    }

    func watch(in poll: inout PollSet) -> Bool {
        receiver.watchFrames(in: &poll)
        exchanges.transmitter.watchCompletions(in: &poll)
        switch portGuard {
        case .some(let portGuard): portGuard.watchReturned(in: &poll, as: .returnedV4, .returnedV6)
        case .none: break
        }
        return true
    }

    mutating func step(at now: MonotonicTime) throws(RunError) -> RunStep {
        if exchanges.isTimedOut(at: now) { try expire(at: now) }
        // A request that is due at the end of an interval is the next one's.
        if now >= intervals.due { exchanges.endInterval(after: intervals.advance(at: now)) }
        if exchanges.transmitter.isFinished || exchanges.transmitter.isOver(at: now) || answers.isEnded {
            return .end
        }
        if try exchanges.sendIfDue(at: now), exchanges.transmitter.isFinished { return .again }
        return .wait(until: exchanges.wakeTime(), framesAlone: exchanges.awaitsFramesAlone())
    }

    /// Settles the requests that have timed out, after reading what has arrived: this program may not have run for a
    /// while.
    private mutating func expire(at now: MonotonicTime) throws(RunError) {
        try handleCompletions(.all)
        var roundsLeft = 64
        repeat {
            roundsLeft -= 1
            try handleFrames(.all)
        } while receiver.mayHaveMore && roundsLeft > 0
        exchanges.expire(at: now)
    }

    mutating func handleCompletions(_ read: CompletionsRead) throws(RunError) {
        try exchanges.readCompletions(isReady: read == .ready)
    }

    mutating func handleFrames(_ read: FramesRead) throws(RunError) {
        var batchesLeft = batchesInATurn
        var read = read
        repeat {
            batchesLeft -= 1
            guard let count = try receive(read) else { return }
            read = .all
            if count > 0 { exchanges.beginAnswers(at: receiver.userspace) }
            for index in 0..<count {
                let frame = receiver.frame(at: index)
                guard let answer = answers.match(frame, &faults) else { continue }
                if let further = answer.further {
                    try exchanges.handle(further, in: frame, at: receiver.userspace)
                }
                try exchanges.handle(answer, in: frame, at: receiver.userspace)
            }
        } while receiver.mayHaveMore && batchesLeft > 0
    }

    /// Receives waiting frames, and returns their number; nil if the interface is down, which the next request will
    /// tell.
    private mutating func receive(_ read: FramesRead) throws(RunError) -> Int? {
        do throws(SystemError) {
            switch read {
            case .all: return try receiver.receive(limit: .max)
            case .spinning: return try receiver.receive(limit: 1)
            case .waiting: return try receiver.receiveAllWaiting()
            }
        } catch {
            guard error.code == .networkDown else { throw RunError(.receive, error, on: monitor.interface) }
            return nil
        }
    }

    mutating func handleReturned() {
        let all =
            switch portGuard {
            case .some(let portGuard): portGuard.takeReturned()
            case .none: [] as [PortGuard.Returned]
            }
        for returned in all {
            let number = answers.number(ofReturned: returned.payload.span)
            // A program that shares the port has sent the others. Some routers return no payload.
            guard number != nil || returned.payload.isEmpty else { continue }
            exchanges.loseUndeliverable(number, returned.error)
        }
    }

    mutating func keepHouse(at now: MonotonicTime) {
        if monitor.check(at: now, missing: missing, events) { exchanges.expectStamps(monitor.latest) }
        if now >= events.progressDue { events.progressed(result, at: now) }
    }

    /// The replies whose request, and those of which only the reply, lack a hardware stamp.
    private var missing: (transmit: UInt64, receive: UInt64) {
        let (all, requests) = (result.counts[.missingHardware], result.unstampedRequests)
        return (requests, all - min(all, requests))
    }

    var watchesRoutes: Bool { way != nil }

    mutating func handleLinkChange(at now: MonotonicTime) {
        way?.check(events)
        _ = monitor.checkLink(isFollowed: false, events)
        guard monitor.checkClock(missing: missing, events) else { return }
        receiver.stopHardwareStamps()
        exchanges.stopHardwareStamps()
        exchanges.expectStamps(monitor.latest)
    }

    func tellStatus() { events.pingStatus(result) }

    // MARK: The end

    mutating func readLast() throws(RunError) {
        elapsed = exchanges.transmitter.elapsed
        try handleCompletions(.all)
        try handleFrames(.all)
        handleReturned()
        do throws(SystemError) { drops = try receiver.readStatistics().drops } catch {
            throw RunError(.readCounters, error, on: monitor.interface)
        }
    }

    /// Settles the rest, and completes the result.
    mutating func finish() {
        exchanges.complete(faults, drops: drops)
        guard plan.transmit.statisticsInterval != nil else { return }
        exchanges.endInterval(after: intervals.advance(at: exchanges.transmitter.now))
    }

    mutating func reasonsForMissingHardware() -> [MissingCount] {
        monitor.reasonsForRoundTripHardware(
            result.counts[.missingHardware], requests: result.unstampedRequests,
            MissingStampFacts(
                timeout: plan.transmit.timeout, overflows: exchanges.transmitter.completionOverflows),
            stampedBy: plan.stampFilters)
    }
}

extension PingRun where Socket: ~Copyable, Answers == AnswerPattern {
    /// A run of afprobe's own requests.
    init(
        _ transmitter: consuming Socket, _ receiver: consuming Receiver<Socket>, session: UInt64,
        _ plan: PingPlan, _ snapshot: TimestampingSnapshot, _ reader: InterfaceReader, _ events: Events
    ) {
        self.init(
            transmitter, receiver,
            ProbeFrame(plan.request(session), in: plan.transmit.shape, size: plan.transmit.size),
            AnswerPattern(session, to: plan.transmit.shape), plan, snapshot, reader, events)
    }
}

extension PingRun where Socket == TimestampedSocket, Answers == AnswerPattern {
    /// Opens the sockets of a run on an interface.
    init(
        on interface: NetworkInterface, _ plan: PingPlan, _ snapshot: TimestampingSnapshot, _ events: Events
    ) throws(RunError) {
        let session = UInt64.random(in: 1 ... .max)
        var snapshot = snapshot
        // Without stages, a request's stamp is of no use unless the reply has one.
        if !plan.hasStages, !snapshot.stampsReceiveHardware(by: plan.stampFilters) {
            if snapshot.unasked == nil || snapshot.unasked == .settingOff { snapshot.unasked = .useless }
        }
        let reader = InterfaceReader.kernel(interface, clockIndex: snapshot.capabilities?.clockIndex)
        do throws(SystemError) {
            let receiver = try plan.receive.openReceiver(on: interface, plan.filter(for: session))
            let socket = try PacketSocket.transmitter(on: interface, plan.transmit.options, snapshot)
            self.init(socket, receiver, session: session, plan, snapshot, reader, events)
        } catch {
            throw RunError(.ping, error, on: interface)
        }
    }
}
