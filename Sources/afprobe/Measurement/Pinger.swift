import AFPacketKit

/// A run of `ping`: sends requests and measures how long the replies take, and where the time goes.
struct Pinger: ~Copyable {
    private var transmitter: PacedTransmitter<Exchange>
    /// For the capture file: each request as it was sent.
    private var captured: RenumberedFrame
    private var receiver: Receiver
    private let plan: PingPlan
    private let interface: NetworkInterface
    private let answers: AnswerPattern
    private var expected: ExpectedStamps
    private var missing: MissingStamps
    private var clock: ClockComparison
    private var recorder: PingRecorder
    private var pacing: ReplyPacing

    init(on interface: NetworkInterface, _ plan: PingPlan, detail: PingLine.Detail) throws(Failure) {
        self.plan = plan
        self.interface = interface
        let session = UInt64.random(in: 1 ... .max)
        var flags: ProbeMessage.Flags = [.wantsFollowUp]
        if plan.transmit.handling.wantsScheduledStamps { flags.insert(.wantsScheduledStamp) }
        let message = ProbeMessage(number: 0, kind: .request, flags: flags, session: session)
        do throws(SystemError) {
            let receiver = try Receiver(
                on: interface, filter: plan.filter(for: session),
                timestamping: [.receiveSoftware, .receiveHardware, .software, .rawHardware],
                tellsStatus: plan.needsStatus)
            let transmitter = try PacedTransmitter<Exchange>(
                on: interface, message, plan.transmit, isOneAtATime: plan.isOneAtATime)
            self.receiver = receiver
            self.transmitter = transmitter
        } catch {
            throw Failure("Cannot ping on interface \(interface.name)", error)
        }
        captured = RenumberedFrame(
            ProbeFrame(message, in: plan.transmit.shape, size: plan.transmit.size))
        answers = AnswerPattern(session, to: plan.transmit.shape)
        expected = ExpectedStamps(on: interface, plan.transmit.handling)
        missing = MissingStamps(on: interface)
        clock = ClockComparison(of: interface)
        pacing = ReplyPacing(isAdaptive: plan.isAdaptive, longest: plan.transmit.timeout)
        recorder = PingRecorder(
            plan,
            PingResult(
                preferred: missing.preferredClock(stampedBy: plan.stampFilters), hasStages: plan.showsStages,
                isSynchronised: plan.isSynchronised), detail)
    }

    /// What has been found out so far.
    var result: PingResult { recorder.result }

    /// Whether any reply came.
    var hasMeasured: Bool { result.tally.received + result.tally.late > 0 }

    /// Whether anything was sent that is to be measured.
    var hasSent: Bool { transmitter.sent > 0 }

    /// Nanoseconds since the start of the run.
    var elapsed: Int64 { transmitter.elapsed }

    /// Sends requests until there is a reason to end, waits for the replies that are still out, and completes the
    /// result, also where that reason is a failure.
    mutating func run(_ signals: RunSignals, _ console: inout Console) throws(Failure) {
        defer { complete(&console) }
        try ping(signals, &console)
        try collectReports(&console)
        try collectReplies(&console)
    }

    private mutating func ping(
        _ signals: RunSignals, _ console: inout Console
    ) throws(Failure) {
        var poll = PollSet()
        let frames = poll.add(receiver.socket)
        let reports = transmitter.add(to: &poll)
        let requests = poll.add(signals.queue)
        let reader = poll.addReader(of: .output)
        Scheduling.useFinestTimer()
        var untilLook = 0
        var hasPolled = true
        var nextPoll = MonotonicTime.never
        while !console.isClosed {
            let now = MonotonicTime.now()
            if hasPolled { (hasPolled, nextPoll) = (false, now + PacketSocket.longestWait) }
            if transmitter.window.overdue(at: now, timeout: plan.transmit.timeout) != nil {
                try expire(at: now, &console)
            }
            if transmitter.isFinished || transmitter.isOver(at: now) { break }
            let wasDue = try transmitter.sendIfDue(at: now, &console) != nil
            if wasDue, transmitter.isFinished { continue }
            if plan.spins {
                try collectReplies(&console)
                untilLook -= 1
                // Most stamps are read when a reply comes; some come later than that.
                if untilLook.isMultiple(of: turnsBetweenReports) { try collectReports(&console) }
                if untilLook > 0 { continue }
                untilLook = turnsBetweenLooks
            } else if wasDue {
                // Most drivers have stamped it by now.
                try collectReports(&console, limit: expected.reportCount)
            }
            if now >= nextLook(&console) { lookAround(at: now, &console) }
            if plan.spins { console.flush(at: now) } else { console.flush() }
            transmitter.prepareWait(&poll, reports)
            var wake = plan.spins ? now : min(transmitter.wakeTime(), nextLook(&console))
            if awaitsFramesAlone(until: wake, now) {
                if now < nextPoll {
                    try collectReplies(&console, isWaiting: true)
                    continue
                }
                wake = now
            }
            hasPolled = true
            // That time is over may be found out a little late, but not that the next request is due.
            let isExact = !plan.spins && !transmitter.isHeld
            do throws(SystemError) { try poll.wait(until: wake, from: isExact ? .now() : now) } catch {
                throw Failure("Cannot wait for replies", error)
            }
            // First the transmit stamps: a request's own comes before its reply.
            if poll.isReady(reports) {
                transmitter.wake()
                try collectReports(&console, clearingErrors: true)
            }
            if poll.isReady(frames) { try collectReplies(&console) }
            if poll.isReady(reader) { console.close() }
            if poll.isReady(requests), isStopped(by: signals, &console) { break }
        }
    }

    /// Whether a reply or its follow-up alone can be waited for, in the receive call itself: it returns sooner than
    /// poll(2) and a receive call do. The signals and the reader are looked at now and then.
    private mutating func awaitsFramesAlone(until wake: MonotonicTime, _ now: MonotonicTime) -> Bool {
        guard wake - now >= 2 * PacketSocket.longestWait, transmitter.window.openCount == 1,
            !transmitter.isWaitingForRoom, let place = transmitter.window.oldestOpenPlace()
        else { return false }
        return expected.areComplete(transmitter.window[place].requestSent)
    }

    /// When to look around next.
    private func nextLook(_ console: inout Console) -> MonotonicTime {
        min(missing.nextLook, console.nextStatus)
    }

    @inline(never)
    private mutating func lookAround(at now: MonotonicTime, _ console: inout Console) {
        if missing.look(at: now, &console) {
            expected = ExpectedStamps(on: interface, plan.transmit.handling)
        }
        console.showStatus(at: now) { result.statusText(sent: transmitter.sent) }
    }

    /// Does what signals ask for.
    ///
    /// - Returns: whether the run is to end.
    @inline(never)
    private func isStopped(by signals: RunSignals, _ console: inout Console) -> Bool {
        while let request = signals.next() {
            if case .stop = request { return true }
            console.report(result, sent: transmitter.sent)
        }
        return false
    }

    // MARK: What comes back

    /// Reads the transmit stamps that have come back: all, or so many at most.
    private mutating func collectReports(
        _ console: inout Console, clearingErrors: Bool = false, limit: Int = .max
    ) throws(Failure) {
        repeat {
            let count = try transmitter.receiveReports(clearingErrors: clearingErrors, limit: limit)
            for index in 0..<count {
                if let (stamps, number) = transmitter.stamps(at: index) {
                    take(stamps, of: number, &console)
                } else {
                    take(unusualReportAt: index, &console)
                }
            }
        } while transmitter.mayHaveMoreReports && limit == .max
    }

    @inline(never)
    private mutating func take(unusualReportAt index: Int, _ console: inout Console) {
        guard case .stamps(let stamps, of: let number) = transmitter.report(at: index) else { return }
        take(stamps, of: number, &console)
    }

    @inline(always)
    private mutating func take(_ stamps: ReportedStamps, of number: UInt64, _ console: inout Console) {
        guard let place = transmitter.window.place(of: number) else { return }
        let isNews = transmitter.window[place].requestSent.merge(stamps)
        if isNews, console.captures, stamps.event == .sent, stamps.software != nil {
            capture(number, &console)
        }
        settleIfComplete(number, at: place, &console)
    }

    /// Reads the replies that have come, and takes them.
    ///
    /// - Parameter isWaiting: whether to wait a little for the first.
    private mutating func collectReplies(
        _ console: inout Console, isWaiting: Bool = false
    ) throws(Failure) {
        var batchesLeft = batchesInATurn
        // Where frames are looked for all the time it is one that is found.
        var limit = plan.spins ? 1 : Int.max
        var isWaiting = isWaiting
        repeat {
            batchesLeft -= 1
            let count: Int
            do throws(SystemError) {
                count = isWaiting ? try receiver.receiveAllWaiting() : try receiver.receive(limit: limit)
            } catch
                where error.code == .networkDown
            {
                return  // the next request finds out, and tells
            } catch {
                throw Failure(
                    "Cannot receive on interface \(interface.name)", error, interface: interface)
            }
            limit = .max
            isWaiting = false
            for index in 0..<count { try takeFrame(at: index, &console) }
        } while receiver.mayHaveMore && batchesLeft > 0
    }

    /// Where what is known of a request is kept.
    private typealias Place = ProbeWindow<Exchange>.Place

    /// Whether stamps of a request that waits for something are still to come.
    @inline(always)
    private func lacksStamps(_ place: Place) -> Bool {
        transmitter.window.isOpen(place) && !expected.areComplete(transmitter.window[place].requestSent)
    }

    @inline(always)
    private mutating func takeFrame(at index: Int, _ console: inout Console) throws(Failure) {
        guard let answer = receiver.findAnswer(at: index, answers) else { return }
        guard let place = transmitter.window.place(of: answer.number) else {
            // To a request never sent, or sent so long ago that nothing is known of it any more.
            recorder.result.tally.unmatched += 1
            if console.captures { receiver.capture(at: index, to: &console) }
            return
        }
        // A request's own stamps came before its reply.
        if lacksStamps(place) { try collectReports(&console, limit: expected.reportCount) }
        if console.captures { receiver.capture(at: index, to: &console) }
        take(answer, at: index, place, &console)
    }

    @inline(always)
    private mutating func take(
        _ answer: FoundAnswer, at index: Int, _ place: Place, _ console: inout Console
    ) {
        guard answer.isFollowUp ? awaitsFollowUp(place) : !transmitter.window[place].hasReply else {
            return takeSuperfluous(answer, at: index, place, &console)
        }
        // A follow-up that came first knows more than the reply.
        if answer.isFollowUp || !transmitter.window[place].hasFollowUp {
            transmitter.window[place].report = answer.report(in: receiver.frame(at: index))
        }
        if answer.isFollowUp {
            transmitter.window[place].hasFollowUp = true
        } else {
            guard takeReply(to: answer.number, at: index, place, &console) else { return }
        }
        settleIfComplete(answer.number, at: place, &console)
    }

    private func awaitsFollowUp(_ place: Place) -> Bool {
        transmitter.window.isOpen(place) && !transmitter.window[place].hasFollowUp
    }

    /// Takes a further reply, or a follow-up that comes too late or again.
    @inline(never)
    private mutating func takeSuperfluous(
        _ answer: FoundAnswer, at index: Int, _ place: Place, _ console: inout Console
    ) {
        guard answer.number > plan.transmit.warmup else { return }
        guard !answer.isFollowUp else {
            recorder.result.tally.lateFollowUps += 1
            return
        }
        let request = transmitter.window[place].requestSent
        recorder.takeDuplicate(answer.number, of: request, received: receiver.stamps(at: index), &console)
    }

    /// Takes the first reply to a request, but for what the responder says.
    ///
    /// - Returns: whether the exchange goes on.
    @inline(always)
    private mutating func takeReply(
        to number: UInt64, at index: Int, _ place: Place, _ console: inout Console
    ) -> Bool {
        let isOpen = transmitter.window.isOpen(place)
        let received = receiver.stamps(at: index)
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
            takeLate(number, at: index, place, &console)
            return false
        }
        recorder.result.tally.count(arrivalOf: number)
        return true
    }

    @inline(never)
    private mutating func takeLate(
        _ number: UInt64, at index: Int, _ place: Place, _ console: inout Console
    ) {
        if transmitter.window.isOpen(place) {
            transmitter.window.close(number, at: place)
        } else {
            recorder.result.tally.lost -= 1
        }
        let request = transmitter.window[place].requestSent
        recorder.takeLate(number, of: request, received: receiver.stamps(at: index), &console)
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

    /// Gives up the requests whose time is over, once it is sure that no answer waits to be read: this program may not
    /// have run for a while.
    @inline(never)
    private mutating func expire(at now: MonotonicTime, _ console: inout Console) throws(Failure) {
        try collectReports(&console)
        try collectReplies(&console)
        while let number = transmitter.window.overdue(at: now, timeout: plan.transmit.timeout) {
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

    // MARK: The end

    /// Why replies lack hardware stamps.
    mutating func reasonsForMissingHardware() -> [String] {
        let count = result.tally.missingHardware
        let transmit = missing.reasonsForTransmitHardware(
            count, late: 0, overflows: transmitter.reportOverflows)
        return missing.hindersTransmitHardware
            ? transmit : missing.reasonsForReceiveHardware(count, stampedBy: plan.stampFilters)
    }

    private mutating func complete(_ console: inout Console) {
        console.awaitRoom()
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
        recorder.result.tally.otherVersion = receiver.faults.otherVersion
        recorder.result.tally.complete(sent: transmitter.sent)
    }
}

/// How many turns without a reply pass, at most, before a spinning loop looks for transmit stamps.
private let turnsBetweenReports = 8

/// How many turns of a spinning loop pass between two looks at the signals and the clock of the status.
let turnsBetweenLooks = 256
