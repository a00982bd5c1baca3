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
    private var clock: NICClock
    private var recorder: ExchangeRecorder<Events>
    private var pacing: ReplyPacing

    init(
        _ socket: consuming Socket, _ session: UInt64, _ plan: PingPlan, _ snapshot: TimestampingSnapshot,
        _ reader: InterfaceReader, _ events: Events
    ) {
        self.plan = plan
        self.events = events
        let frame = ProbeFrame(plan.request(session), in: plan.transmit.shape, size: plan.transmit.size)
        captured = RenumberedFrame(frame)
        transmitter = PacedTransmitter(
            socket, frame, plan.transmit, reader, isStopAndWait: plan.isStopAndWait)
        expected = ExpectedStamps(snapshot, plan.transmit.options)
        clock = NICClock(reader)
        pacing = ReplyPacing(isAdaptive: plan.isAdaptive, maxRoundTrip: plan.transmit.timeout)
        recorder = ExchangeRecorder(
            PingResult(
                preferred: snapshot.preferredClock(stampedBy: plan.stampFilters),
                hasStages: plan.hasStages, isSynchronised: plan.isSynchronised),
            peer: plan.transmit.shape.destination, events)
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
    }

    mutating func begin() throws(RunError) { try transmitter.begin() }

    // MARK: Sending

    /// Sends the request that is due, and returns whether one was. Unless spinning, its completions are read at once:
    /// most drivers have stamped it by then.
    mutating func sendIfDue(at now: MonotonicTime) throws(RunError) -> Bool {
        guard try transmitter.sendIfDue(at: now, events) != nil else { return false }
        if !plan.spins { try readCompletions(limit: expected.completionCount) }
        return true
    }

    /// Whether one request is in flight that lacks only its reply or follow-up.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func awaitsFramesAlone() -> Bool {
        guard transmitter.window.inFlightCount == 1, !transmitter.isWaitingForRoom,
            let (number, _) = transmitter.window.oldestInFlight()
        else { return false }
        return expected.areComplete(transmitter.window[number].requestSent)
    }

    /// Whether a request has timed out.
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
                guard case .stamps(let stamps, of: let number) = transmitter.completion(at: index) else {
                    continue
                }
                merge(stamps, of: number)
            }
        } while transmitter.mayHaveMoreCompletions && limit == .max
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func merge(_ stamps: CompletionStamps, of number: UInt64) {
        guard let isInFlight = transmitter.window.isInFlight(number) else { return }
        let isNew = transmitter.window[number].requestSent.merge(stamps)
        if isNew, events.takesCaptures, stamps.event == .sent, stamps.software != nil { capture(number) }
        if isInFlight { settleIfComplete(number) }
    }

    // MARK: Answers

    /// Handles an answer and the frame that contains it.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func handle(_ answer: FoundAnswer, in frame: ReceivedFrame, at userspace: Timestamp)
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
        guard let isInFlight else {
            // Never sent, or so long ago that its slot is another's.
            recorder.result.counts[.unmatched] += 1
            return
        }
        let info = answer.info(in: frame.bytes)
        if answer.isFollowUp {
            mergeFollowUp(info, number, isInFlight: isInFlight)
        } else {
            let kernel = frame.ancillary
            let received = ReceiveStamps(
                hardware: kernel.hardware, software: kernel.software, userspace: userspace)
            mergeReply(info, number, received, isInFlight: isInFlight)
        }
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func mergeFollowUp(_ info: ResponderInfo, _ number: UInt64, isInFlight: Bool) {
        guard isInFlight, !transmitter.window[number].hasFollowUp else {
            // Too late, or again.
            if number > plan.transmit.warmup { recorder.result.counts[.lateFollowUps] += 1 }
            return
        }
        transmitter.window[number].mergeFollowUp(info)
        settleIfComplete(number)
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func mergeReply(
        _ info: ResponderInfo, _ number: UInt64, _ received: ReceiveStamps, isInFlight: Bool
    ) {
        let isMeasured = number > plan.transmit.warmup
        guard !transmitter.window[number].hasReply else {
            let request = transmitter.window[number].requestSent
            if isMeasured { recorder.countDuplicate(number, of: request, received: received) }
            return
        }
        transmitter.window[number].merge(received, info)
        // Now, close to the stamps: the clocks may drift until the exchange is settled.
        if plan.hasStages, received.hardware != nil {
            transmitter.window[number].clockOffset = clock.offset(at: transmitter.now)
        }
        if plan.isStopAndWait {
            let pause = pacing.pause(after: transmitter.window[number].roundTrip(by: .userspace))
            transmitter.allowNext(after: number, pause: pause)
        }
        recorder.merge(info)
        if isMeasured {
            // The arrival time counts, not the time of reading.
            let isLate = (transmitter.window[number].wait ?? 0) > plan.transmit.timeout
            guard isInFlight, !isLate else { return mergeLate(number, received, isInFlight: isInFlight) }
            recorder.result.countReply(to: number)
        }
        if isInFlight { settleIfComplete(number) }
    }

    private mutating func mergeLate(_ number: UInt64, _ received: ReceiveStamps, isInFlight: Bool) {
        if isInFlight {
            transmitter.window.settle(number)
        } else {
            recorder.result.counts[.lost] -= 1
        }
        let request = transmitter.window[number].requestSent
        recorder.countLate(number, of: request, received: received)
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func settleIfComplete(_ number: UInt64) {
        if transmitter.window[number].isComplete(expected) { settle(number) }
    }

    /// Settles the requests that have timed out.
    mutating func expire(at now: MonotonicTime) {
        while let number = transmitter.timedOut(at: now) { settle(number) }
    }

    private mutating func settle(_ number: UInt64) {
        transmitter.window.settle(number)
        if events.takesCaptures, transmitter.window[number].requestSent.software == nil { capture(number) }
        if !plan.isAdaptive || !transmitter.window[number].hasReply { transmitter.allowNext(after: number) }
        guard number > plan.transmit.warmup else { return }
        let exchange = transmitter.window[number]
        recorder.settle(exchange, number)
    }

    /// Hands a request over to be captured.
    private mutating func capture(_ number: UInt64) {
        let sent = transmitter.window[number].requestSent
        guard let time = sent.software ?? sent.userspace else { return }
        captured.renumber(to: number)
        events.captured(captured.bytes.span, tag: nil, length: plan.transmit.size, at: time)
    }

    /// Settles what is left at the end of the run, and completes the result.
    mutating func complete(otherVersion: UInt64) {
        // An answered request counts, even if its stamps or follow-up are missing.
        while let (number, _) = transmitter.window.oldestInFlight() {
            if transmitter.window[number].hasReply {
                settle(number)
            } else {
                transmitter.window.settle(number)
            }
        }
        recorder.decide()
        recorder.result.counts[.failed] = transmitter.failed
        recorder.result.counts[.warmup] = transmitter.warmedUp
        recorder.result.counts[.otherVersion] = otherVersion
        recorder.result.complete(sent: transmitter.sent)
    }
}
