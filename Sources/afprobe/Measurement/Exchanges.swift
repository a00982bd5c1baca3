import AFPacketKit

/// The requests of a `ping` run, and what comes back of each until it is settled.
struct Exchanges: ~Copyable {
    /// Sends the requests, and keeps what is known of each.
    var transmitter: PacedTransmitter<Exchange>
    /// For the capture file: each request as it was sent.
    private var captured: RenumberedFrame
    private let plan: PingPlan
    private var expected: ExpectedStamps
    private var clock: ClockComparison
    private var recorder: PingRecorder
    private var pacing: ReplyPacing

    /// Where what is known of a request is kept.
    typealias Place = ProbeWindow<Exchange>.Place

    init(
        on interface: NetworkInterface, _ message: ProbeMessage, _ plan: PingPlan, _ detail: PingLine.Detail,
        preferring preferred: StampClock
    ) throws(SystemError) {
        self.plan = plan
        transmitter = try PacedTransmitter(
            on: interface, message, plan.transmit, isOneAtATime: plan.isOneAtATime)
        captured = RenumberedFrame(
            ProbeFrame(message, in: plan.transmit.shape, size: plan.transmit.size))
        expected = ExpectedStamps(on: interface, plan.transmit.handling)
        clock = ClockComparison(of: interface)
        pacing = ReplyPacing(isAdaptive: plan.isAdaptive, longest: plan.transmit.timeout)
        recorder = PingRecorder(
            plan,
            PingResult(
                preferred: preferred, hasStages: plan.showsStages,
                isSynchronised: plan.isSynchronised), detail)
    }

    /// What has been found out so far.
    var result: PingResult { recorder.result }

    /// Takes note that the NIC's setting has changed.
    mutating func updateExpectedStamps(on interface: NetworkInterface) {
        expected = ExpectedStamps(on: interface, plan.transmit.handling)
    }

    // MARK: What is waited for

    /// How many reports are expected of a request.
    var reportCount: Int { expected.reportCount }

    /// Whether stamps of a request that waits for something are still to come.
    @inline(always)
    func lacksStamps(_ place: Place) -> Bool {
        transmitter.window.isOpen(place) && !expected.areComplete(transmitter.window[place].requestSent)
    }

    /// Whether there is one request that waits for something, and this is a reply or a follow-up.
    @inline(always)
    mutating func awaitFramesAlone() -> Bool {
        guard transmitter.window.openCount == 1, !transmitter.isWaitingForRoom,
            let place = transmitter.window.oldestOpenPlace()
        else { return false }
        return expected.areComplete(transmitter.window[place].requestSent)
    }

    // MARK: What comes back

    /// Where the request is kept that an answer is for; nil where it was never sent, or so long ago that nothing is known of
    /// it any more, which is counted.
    @inline(always)
    mutating func place(of answer: FoundAnswer) -> Place? {
        let place = transmitter.window.place(of: answer.number)
        if place == nil { recorder.result.tally.unmatched += 1 }
        return place
    }

    /// Takes a request's own stamps.
    @inline(always)
    mutating func take(_ stamps: ReportedStamps, of number: UInt64, _ console: inout Console) {
        guard let place = transmitter.window.place(of: number) else { return }
        let isNews = transmitter.window[place].requestSent.merge(stamps)
        if isNews, console.captures, stamps.event == .sent, stamps.software != nil {
            capture(number, &console)
        }
        settleIfComplete(number, at: place, &console)
    }

    /// Takes an answer: the frame at `index` of those received last.
    @inline(always)
    mutating func take(
        _ answer: FoundAnswer, at index: Int, of receiver: borrowing Receiver, _ place: Place,
        _ console: inout Console
    ) {
        guard answer.isFollowUp ? awaitsFollowUp(place) : !transmitter.window[place].hasReply else {
            return takeSuperfluous(answer, received: receiver.stamps(at: index), place, &console)
        }
        // A follow-up that came first knows more than the reply.
        if answer.isFollowUp || !transmitter.window[place].hasFollowUp {
            transmitter.window[place].report = answer.report(in: receiver.frame(at: index))
        }
        if answer.isFollowUp {
            transmitter.window[place].hasFollowUp = true
        } else {
            guard takeReply(to: answer.number, receiver.stamps(at: index), place, &console) else { return }
        }
        settleIfComplete(answer.number, at: place, &console)
    }

    private func awaitsFollowUp(_ place: Place) -> Bool {
        transmitter.window.isOpen(place) && !transmitter.window[place].hasFollowUp
    }

    /// Takes a further reply, or a follow-up that comes too late or again.
    @inline(never)
    private mutating func takeSuperfluous(
        _ answer: FoundAnswer, received: ReceiveStamps, _ place: Place, _ console: inout Console
    ) {
        guard answer.number > plan.transmit.warmup else { return }
        guard !answer.isFollowUp else {
            recorder.result.tally.lateFollowUps += 1
            return
        }
        let request = transmitter.window[place].requestSent
        recorder.takeDuplicate(answer.number, of: request, received: received, &console)
    }

    /// Takes the first reply to a request, but for what the responder says.
    ///
    /// - Returns: whether the exchange goes on.
    @inline(always)
    private mutating func takeReply(
        to number: UInt64, _ received: ReceiveStamps, _ place: Place, _ console: inout Console
    ) -> Bool {
        let isOpen = transmitter.window.isOpen(place)
        transmitter.window[place].replyReceived = received
        // Now, close to the stamps: by the time that the exchange is settled the clocks may have drifted.
        if plan.showsStages, received.hardware != nil { compareClocks(place) }
        if plan.isOneAtATime {
            let pause = pacing.pause(after: transmitter.window[place].roundTrip(by: .userspace))
            transmitter.release(number, after: pause)
        }
        // Where the follow-up came first it is the same responder's.
        if recorder.result.tally.responder.take(transmitter.window[place].report) {
            recorder.reportOtherResponder(&console)
        }
        guard number > plan.transmit.warmup else { return true }
        // When it came counts, and not when it was read.
        let isLate = (transmitter.window[place].wait ?? 0) > plan.transmit.timeout
        guard isOpen, !isLate else {
            takeLate(number, received, place, &console)
            return false
        }
        recorder.result.tally.count(arrivalOf: number)
        return true
    }

    @inline(never)
    private mutating func takeLate(
        _ number: UInt64, _ received: ReceiveStamps, _ place: Place, _ console: inout Console
    ) {
        if transmitter.window.isOpen(place) {
            transmitter.window.close(number, at: place)
        } else {
            recorder.result.tally.lost -= 1
        }
        let request = transmitter.window[place].requestSent
        recorder.takeLate(number, of: request, received: received, &console)
    }

    @inline(never)
    private mutating func compareClocks(_ place: Place) {
        transmitter.window[place].clockOffset = clock.current()
    }

    // MARK: Settling

    /// Settles an exchange once nothing more of it is to come.
    @inline(always)
    private mutating func settleIfComplete(
        _ number: UInt64, at place: Place, _ console: inout Console
    ) {
        guard transmitter.window.isOpen(place), transmitter.window[place].isComplete(expected) else { return }
        settle(number, at: place, &console)
    }

    /// Gives up the requests whose time is over.
    mutating func expire(at now: MonotonicTime, _ console: inout Console) {
        while let number = transmitter.overdue(at: now) {
            settle(number, &console)
        }
    }

    private mutating func settle(_ number: UInt64, _ console: inout Console) {
        guard let place = transmitter.window.place(of: number) else { return }
        settle(number, at: place, &console)
    }

    @inline(never)
    private mutating func settle(
        _ number: UInt64, at place: Place, _ console: inout Console
    ) {
        transmitter.window.close(number, at: place)
        if console.captures, transmitter.window[place].requestSent.software == nil {
            capture(number, &console)
        }
        if !plan.isAdaptive || !transmitter.window[place].hasReply { transmitter.release(number) }
        guard number > plan.transmit.warmup else { return }
        recorder.settle(&transmitter.window[place], number, &console)
    }

    /// Hands a request over to be captured.
    @inline(never)
    private mutating func capture(_ number: UInt64, _ console: inout Console) {
        let sent = transmitter.window[number].requestSent
        guard let time = sent.software ?? sent.userspace else { return }
        captured.renumber(to: number)
        console.capture(captured.bytes.span, length: plan.transmit.size, at: time)
    }

    /// Settles what is left at the end of the run, and completes the result.
    ///
    /// - Parameter otherVersion: how many answers were of another version of the format.
    mutating func complete(otherVersion: UInt64, _ console: inout Console) {
        // What has been answered counts, even where something of it is still out.
        while let (number, _) = transmitter.window.oldestOpen() {
            if transmitter.window[number].hasReply {
                settle(number, &console)
            } else {
                transmitter.window.close(number)
            }
        }
        recorder.complete(&console)
        recorder.result.tally.failed = transmitter.failed
        recorder.result.tally.warmup = transmitter.warmedUp
        recorder.result.tally.otherVersion = otherVersion
        recorder.result.tally.complete(sent: transmitter.sent)
    }
}
