import AFPacketKit

/// The requests of a `ping` run and their answers, until they are settled.
struct Exchanges<Socket: Port & ~Copyable, Events: PingEvents>: ~Copyable {
    /// Sends the requests, and keeps an exchange for each.
    private(set) var transmitter: PacedTransmitter<Exchange, Socket>
    /// For captures: each request as it was sent.
    private var captured: RenumberedFrame
    private let plan: PingPlan
    private let events: Events
    private var expected: ExpectedStamps
    /// Tells whether every request that leaves this host gets a stamp.
    private var areAllStamped: Bool
    private var clock: NICClock
    private var recorder: ExchangeRecorder<Events>
    private var pacing: ReplyPacing
    private var overdue = OverdueRequests()
    private var clockSteps: ClockSteps
    /// When the frames at hand were received, or the clocks were read since.
    private var receivedAt = MonotonicTime(nanoseconds: 0)

    init(
        _ socket: consuming Socket, _ frame: ProbeFrame, _ plan: PingPlan, _ snapshot: TimestampingSnapshot,
        _ reader: InterfaceReader, _ events: Events
    ) {
        self.plan = plan
        self.events = events
        clockSteps = ClockSteps(on: socket)
        captured = RenumberedFrame(frame)
        transmitter = PacedTransmitter(
            socket, frame, plan.transmit, reader, isStopAndWait: plan.isStopAndWait)
        expected = ExpectedStamps(snapshot, plan.transmit.options)
        areAllStamped = snapshot.canStampTransmitSoftware
        clock = NICClock(reader)
        pacing = ReplyPacing(isAdaptive: plan.isAdaptive, maxRoundTrip: plan.transmit.timeout)
        recorder = ExchangeRecorder(
            PingResult(
                preferred: snapshot.preferredClock(stampedBy: plan.stampFilters),
                hasStages: plan.hasStages, isSynchronised: plan.isSynchronised,
                protocolName: plan.protocolName),
            peer: plan.peer, hasIntervals: plan.transmit.statisticsInterval != nil, events)
    }

    mutating func endInterval(after length: Int64) {
        recorder.endInterval(sent: transmitter.sent, failed: transmitter.failed, after: length)
    }

    /// The result so far.
    var result: PingResult {
        var result = recorder.result
        result.counts[.sent] = transmitter.sent
        return result
    }

    /// Handles a change of the NIC's setting.
    mutating func expectStamps(_ snapshot: TimestampingSnapshot) {
        expected = ExpectedStamps(snapshot, plan.transmit.options)
        areAllStamped = snapshot.canStampTransmitSoftware
    }

    /// Takes no more hardware stamps: those of the requests in flight were another clock's.
    mutating func stopHardwareStamps() {
        transmitter.stopHardwareStamps()
        clock.stop()
    }

    mutating func begin() throws(RunError) { try transmitter.begin() }

    // MARK: Sending

    /// Sends the request that is due, and returns whether one was. Unless spinning, its completions are read at once:
    /// most drivers have stamped it by then.
    mutating func sendIfDue(at now: MonotonicTime) throws(RunError) -> Bool {
        if now - receivedAt >= Self.clockCheckInterval { checkClock(before: now) }
        if transmitter.window.isFull { makeRoom() }
        guard try transmitter.sendIfDue(at: now, events) != nil else { return false }
        if !plan.spins { try readCompletions(limit: expected.completionCount) }
        return true
    }

    /// Nanoseconds without an answer after which the clocks are read again before a request: a step long before it does
    /// not touch it.
    private static var clockCheckInterval: Int64 { 10_000_000 }

    /// Settles the oldest answered requests in a full window: a lost follow-up must not hold up the next requests.
    private mutating func makeRoom() {
        while let (number, _) = transmitter.window.oldestInFlight(), transmitter.window.isFull,
            transmitter.window.state(of: number) == .answered
        {
            settle(number)
        }
    }

    private mutating func checkClock(before now: MonotonicTime) {
        receivedAt = now
        if transmitter.check(&clockSteps, before: now) { clock.forget() }
    }

    /// Returns whether one request is in flight that lacks only its reply or follow-up.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func awaitsFramesAlone() -> Bool {
        guard transmitter.window.inFlightCount == 1, !transmitter.isWaitingForRoom,
            let (number, _) = transmitter.window.oldestInFlight()
        else { return false }
        return expected.areComplete(transmitter.window[number].requestSent)
    }

    /// Returns whether a request has timed out.
    mutating func isTimedOut(at now: MonotonicTime) -> Bool { transmitter.timedOut(at: now) != nil }

    /// The time at which something is due next.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func wakeTime() -> MonotonicTime { transmitter.wakeTime() }

    // MARK: Completions

    /// Merges the completions that have come back, at most `limit`.
    mutating func readCompletions(isReady: Bool = false, limit: Int = .max) throws(RunError) {
        repeat {
            let count = try transmitter.receiveCompletions(isReady: isReady, limit: limit)
            for index in 0..<count {
                switch transmitter.completion(at: index) {
                case .stamps(let stamps, of: let number): merge(stamps, of: number)
                case .undeliverable(let error, of: let number):
                    guard transmitter.isOwnError(at: index) else { continue }
                    loseUndeliverable(number, error)
                case .redirected: recorder.tellRedirected()
                default: break
                }
            }
        } while transmitter.mayHaveMoreCompletions && limit == .max
    }

    /// Counts a request that the network has returned as lost, at once.
    mutating func loseUndeliverable(_ number: UInt64?, _ error: NetworkError) {
        recorder.tellUndeliverable(error)
        guard let number, transmitter.window.isInFlight(number) == true, !transmitter.window[number].hasReply
        else { return }
        settle(number, at: transmitter.now)
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func merge(_ stamps: CompletionStamps, of number: UInt64) {
        guard let isInFlight = transmitter.window.isInFlight(number) else { return }
        let isNew = transmitter.window[number].requestSent.merge(stamps)
        if isNew, events.takesCaptures, stamps.event == .sent, stamps.software != nil { capture(number) }
        if isInFlight { settleIfComplete(number) } else { recorder.result.doubtLostUnstamped() }
    }

    // MARK: Answers

    /// Notes when the next answers were received, and whether the clock was set.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func beginAnswers(at userspace: Timestamp) {
        receivedAt = transmitter.now
        let steps = clockSteps.count
        transmitter.check(&clockSteps, userspace, before: receivedAt)
        if clockSteps.count != steps { clock.forget() }
    }

    /// Nanoseconds by CLOCK_MONOTONIC from a time until a frame at hand had arrived in the kernel: the time that it
    /// waited there does not count.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    private func monotonicRoundTrip(since sent: MonotonicTime, _ stamps: ReceiveStamps) -> Int64 {
        let whole = receivedAt - sent
        guard let kernel = stamps.software, let userspace = stamps.userspace,
            !clockSteps.hasStepped(since: sent)
        else { return whole }
        return whole &- min(max(0, userspace - kernel), whole)
    }

    /// Handles an answer and the frame that contains it.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func handle(_ answer: some PingAnswer, in frame: ReceivedFrame, at userspace: Timestamp)
        throws(RunError)
    {
        let number = answer.number
        let isInFlight = transmitter.window.isInFlight(number)
        if isInFlight == true,
            !expected.areComplete(transmitter.window[number].requestSent)
        {
            // A request's own stamps came before its reply.
            try readCompletions(limit: expected.completionCount)
        }
        if events.takesCaptures {
            events.captured(
                frame.bytes, tag: frame.ancillary.vlan, length: frame.length,
                at: frame.ancillary.software ?? userspace)
        }
        let kernel = frame.ancillary
        let received = ReceiveStamps(
            hardware: kernel.hardware, software: kernel.software, userspace: userspace)
        guard let isInFlight else { return handleForgotten(answer, in: frame, received) }
        let info = answer.info(in: frame.bytes)
        if answer.isFollowUp {
            mergeFollowUp(info, answer.flags(in: frame.bytes), number, isInFlight: isInFlight)
        } else {
            mergeReply(
                info, answer.losses(in: frame.bytes), number, received, isInFlight: isInFlight,
                isWhole: answer.isWhole)
        }
    }

    /// Handles an answer whose request is not in the window: it was never sent, or so long ago that its slot is
    /// another's.
    private mutating func handleForgotten(
        _ answer: some PingAnswer, in frame: ReceivedFrame, _ received: ReceiveStamps
    ) {
        let number = answer.number
        guard transmitter.window.isFormer(number) else {
            recorder.result.counts[.unmatched] += 1
            return
        }
        guard number > plan.transmit.warmup else { return }
        guard !answer.isFollowUp else {
            recorder.result.counts[.lateFollowUps] += 1
            return
        }
        var exchange = Exchange(sent: TransmitStamps())
        exchange.merge(received, answer.info(in: frame.bytes))
        if let request = overdue.remove(number) {
            if let sent = request.sentAt {
                exchange.monotonicRoundTrip = monotonicRoundTrip(since: sent, received)
            }
            recorder.merge(exchange.info, answer.losses(in: frame.bytes))
            recorder.countLate(number, exchange, wasLost: true)
        } else if overdue.isKnown(number) {
            recorder.countDuplicate(number, exchange)
        } else {
            recorder.result.counts[.unmatched] += 1
        }
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func mergeFollowUp(
        _ info: ResponderInfo, _ flags: ProbeMessage.Flags, _ number: UInt64, isInFlight: Bool
    ) {
        guard isInFlight, !transmitter.window[number].hasFollowUp else {
            // Too late, or again.
            if number > plan.transmit.warmup { recorder.result.counts[.lateFollowUps] += 1 }
            return
        }
        if flags.contains(.isIncomplete), number > plan.transmit.warmup {
            recorder.result.counts[.incompleteFollowUps] += 1
        }
        transmitter.window[number].mergeFollowUp(info, flags)
        settleIfComplete(number)
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func mergeReply(
        _ info: ResponderInfo, _ losses: ResponderLosses, _ number: UInt64, _ received: ReceiveStamps,
        isInFlight: Bool, isWhole: Bool
    ) {
        let isMeasured = number > plan.transmit.warmup
        guard !transmitter.window[number].hasReply else {
            if isMeasured { recorder.countDuplicate(number, duplicate(of: number, info, received)) }
            return
        }
        let sentAt = transmitter.window.sentAt(number)
        let roundTrip = monotonicRoundTrip(since: sentAt, received)
        transmitter.window[number].merge(received, info)
        if isWhole { transmitter.window[number].hasFollowUp = true }
        transmitter.window[number].monotonicRoundTrip = roundTrip
        if clockSteps.hasStepped(since: sentAt) { transmitter.window[number].isClockStepped = true }
        // Now, close to the stamps: the clocks may drift until the exchange is settled.
        if plan.hasStages, received.hardware != nil {
            transmitter.window[number].clockOffset = clock.offset(at: transmitter.now)
        }
        if plan.isStopAndWait {
            let pause = pacing.pause(after: receivedAt - sentAt)
            transmitter.allowNext(after: number, pause: pause)
        }
        recorder.merge(info, losses)
        // The arrival time counts, not the time of reading.
        guard isInFlight, roundTrip <= plan.transmit.timeout else {
            return mergeLate(number, isInFlight: isInFlight, isMeasured: isMeasured)
        }
        transmitter.window.answer(number)
        if isMeasured { recorder.result.countReply(to: number) }
        settleIfComplete(number)
    }

    private mutating func mergeLate(_ number: UInt64, isInFlight: Bool, isMeasured: Bool) {
        if isInFlight {
            transmitter.window.settle(number)
            if events.takesCaptures { capture(number) }
            transmitter.allowNext(after: number)
        }
        guard isMeasured else {
            if !isInFlight { recorder.result.responder.countUnansweredWarmup(-1) }
            return
        }
        if !isInFlight { _ = overdue.remove(number) }
        recorder.countLate(number, transmitter.window[number], wasLost: !isInFlight)
    }

    /// A further reply to a request in the window, as an exchange.
    private func duplicate(
        of number: UInt64, _ info: ResponderInfo, _ received: ReceiveStamps
    ) -> Exchange {
        let sentAt = transmitter.window.sentAt(number)
        var exchange = Exchange(sent: transmitter.window[number].requestSent)
        exchange.merge(received, info)
        exchange.monotonicRoundTrip = monotonicRoundTrip(since: sentAt, received)
        exchange.isClockStepped = clockSteps.hasStepped(since: sentAt)
        return exchange
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func settleIfComplete(_ number: UInt64) {
        if transmitter.window[number].isComplete(expected) { settle(number) }
    }

    /// Settles the requests that have timed out.
    mutating func expire(at now: MonotonicTime) {
        while let number = transmitter.timedOut(at: now) { settle(number, at: now) }
    }

    /// - Parameter now: the time at which it timed out; nil if it is complete.
    private mutating func settle(_ number: UInt64, at now: MonotonicTime? = nil) {
        transmitter.window.settle(number)
        if events.takesCaptures { capture(number) }
        if !transmitter.window[number].hasReply {
            transmitter.allowNext(after: number, pause: plan.pauseAfterLoss)
        } else if !plan.isAdaptive {
            transmitter.allowNext(after: number)
        }
        guard number > plan.transmit.warmup else {
            if !transmitter.window[number].hasReply { recorder.result.responder.countUnansweredWarmup(1) }
            return
        }
        if let now, !transmitter.window[number].hasReply {
            let forgotten = overdue.add(number, sentAt: transmitter.window.sentAt(number), at: now)
            recorder.result.forget(forgotten)
            let stamps = transmitter.window[number].requestSent
            if areAllStamped, stamps.software == nil, stamps.hardware == nil {
                recorder.result.countLostUnstamped()
            }
        }
        let exchange = transmitter.window[number]
        recorder.settle(exchange, number)
    }

    /// Hands a request over to be captured, once.
    private mutating func capture(_ number: UInt64) {
        guard !transmitter.window[number].isCaptured else { return }
        transmitter.window[number].isCaptured = true
        let sent = transmitter.window[number].requestSent
        guard let time = sent.software ?? sent.userspace else { return }
        captured.renumber(to: number)
        events.captured(captured.bytes.span, tag: nil, length: plan.transmit.size, at: time)
    }

    /// Settles what is left at the end of the run, and completes the result.
    ///
    /// - Parameters:
    ///   - faults: the frames that seemed to be answers.
    ///   - drops: the frames that the receive queue dropped.
    mutating func complete(_ faults: AnswerFaults, drops: UInt64) {
        // An answered request counts, even if its stamps or follow-up are missing.
        while let (number, _) = transmitter.window.oldestInFlight() {
            if transmitter.window[number].hasReply {
                settle(number)
            } else {
                transmitter.window.settle(number)
                if events.takesCaptures { capture(number) }
                if number > plan.transmit.warmup { recorder.result.counts[.inFlight] += 1 }
            }
        }
        recorder.decide()
        if transmitter.completionOverflows > 0 { recorder.result.doubtLostUnstamped() }
        recorder.result.counts[.failed] = transmitter.failed
        recorder.result.counts[.warmup] = transmitter.warmedUp
        recorder.result.counts[.clockSteps] = clockSteps.count
        recorder.result.counts[.drops] = drops
        recorder.result.complete(sent: transmitter.sent, faults)
    }
}
