import AFPacketKit

/// A run of `ping`: sends requests and measures how long the replies take, and where the time goes.
struct Pinger: ~Copyable {
    private var exchanges: Exchanges
    private var receiver: Receiver
    private let plan: PingPlan
    private let interface: NetworkInterface
    private let answers: AnswerPattern
    private var missing: MissingStamps

    init(on interface: NetworkInterface, _ plan: PingPlan, detail: PingLine.Detail) throws(Failure) {
        self.plan = plan
        self.interface = interface
        let session = UInt64.random(in: 1 ... .max)
        var flags: ProbeMessage.Flags = [.wantsFollowUp]
        if plan.transmit.handling.wantsScheduledStamps { flags.insert(.wantsScheduledStamp) }
        let message = ProbeMessage(number: 0, kind: .request, flags: flags, session: session)
        let missing = MissingStamps(on: interface)
        self.missing = missing
        do throws(SystemError) {
            let receiver = try Receiver(
                on: interface, filter: plan.filter(for: session),
                timestamping: [.receiveSoftware, .receiveHardware, .software, .rawHardware],
                tellsStatus: plan.needsStatus)
            let exchanges = try Exchanges(
                on: interface, message, plan, detail,
                preferring: missing.preferredClock(stampedBy: plan.stampFilters))
            self.receiver = receiver
            self.exchanges = exchanges
        } catch {
            throw Failure("Cannot ping on interface \(interface.name)", error)
        }
        answers = AnswerPattern(session, to: plan.transmit.shape)
    }

    /// What has been found out so far.
    var result: PingResult { exchanges.result }

    /// Whether any reply came.
    var hasMeasured: Bool { result.tally.received + result.tally.late > 0 }

    /// Whether anything was sent that is to be measured.
    var hasSent: Bool { exchanges.transmitter.sent > 0 }

    /// Nanoseconds since the start of the run.
    var elapsed: Int64 { exchanges.transmitter.elapsed }

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
        poll.add(receiver.socket, as: .frames)
        exchanges.transmitter.add(to: &poll)
        poll.add(signals.queue, as: .signals)
        poll.addReader(of: .output, as: .reader)
        Scheduling.useFinestTimer()
        var untilLook = 0
        var hasPolled = true
        var nextPoll = MonotonicTime.never
        while !console.isClosed {
            let now = MonotonicTime.now()
            if hasPolled { (hasPolled, nextPoll) = (false, now + PacketSocket.longestWait) }
            if exchanges.transmitter.overdue(at: now) != nil {
                try expire(at: now, &console)
            }
            if exchanges.transmitter.isFinished || exchanges.transmitter.isOver(at: now) { break }
            let wasDue = try exchanges.transmitter.sendIfDue(at: now, &console) != nil
            if wasDue, exchanges.transmitter.isFinished { continue }
            if plan.spins {
                try collectReplies(&console)
                untilLook -= 1
                // Most stamps are read when a reply comes; some come later than that.
                if untilLook.isMultiple(of: turnsBetweenReports) { try collectReports(&console) }
                if untilLook > 0 { continue }
                untilLook = turnsBetweenLooks
            } else if wasDue {
                // Most drivers have stamped it by now.
                try collectReports(&console, limit: exchanges.reportCount)
            }
            if now >= nextLook(&console) { lookAround(at: now, &console) }
            if plan.spins { console.flush(at: now) } else { console.flush() }
            exchanges.transmitter.prepareWait(&poll)
            var wake = plan.spins ? now : min(exchanges.transmitter.wakeTime(), nextLook(&console))
            if awaitsFramesAlone(until: wake, now) {
                if now < nextPoll {
                    try collectReplies(&console, isWaiting: true)
                    continue
                }
                wake = now
            }
            hasPolled = true
            // That time is over may be found out a little late, but not that the next request is due.
            let isExact = !plan.spins && !exchanges.transmitter.isHeld
            let ready: PollSet.Members
            do throws(SystemError) { ready = try poll.wait(until: wake, from: isExact ? .now() : now) } catch
            {
                throw Failure("Cannot wait for replies", error)
            }
            // First the transmit stamps: a request's own comes before its reply.
            if ready.contains(.completions) {
                exchanges.transmitter.wake()
                try collectReports(&console, clearingErrors: true)
            }
            if ready.contains(.frames) { try collectReplies(&console) }
            if ready.contains(.reader) { console.close() }
            if ready.contains(.signals), isStopped(by: signals, &console) { break }
        }
    }

    /// Whether a reply or its follow-up alone can be waited for, in the receive call itself: it returns sooner than
    /// poll(2) and a receive call do. The signals and the reader are looked at now and then.
    private mutating func awaitsFramesAlone(until wake: MonotonicTime, _ now: MonotonicTime) -> Bool {
        wake - now >= 2 * PacketSocket.longestWait && exchanges.awaitFramesAlone()
    }

    /// When to look around next.
    private func nextLook(_ console: inout Console) -> MonotonicTime {
        min(missing.nextLook, console.nextStatus)
    }

    @inline(never)
    private mutating func lookAround(at now: MonotonicTime, _ console: inout Console) {
        if missing.look(at: now, &console) { exchanges.updateExpectedStamps(on: interface) }
        console.showStatus(at: now) { result.statusText(sent: exchanges.transmitter.sent) }
    }

    /// Does what signals ask for.
    ///
    /// - Returns: whether the run is to end.
    @inline(never)
    private func isStopped(by signals: RunSignals, _ console: inout Console) -> Bool {
        while let request = signals.next() {
            if case .stop = request { return true }
            console.report(result, sent: exchanges.transmitter.sent)
        }
        return false
    }

    // MARK: What comes back

    /// Reads the transmit stamps that have come back: all, or so many at most.
    private mutating func collectReports(
        _ console: inout Console, clearingErrors: Bool = false, limit: Int = .max
    ) throws(Failure) {
        repeat {
            let count = try exchanges.transmitter.receiveReports(clearingErrors: clearingErrors, limit: limit)
            for index in 0..<count {
                if let (stamps, number) = exchanges.transmitter.stamps(at: index) {
                    exchanges.take(stamps, of: number, &console)
                } else {
                    take(unusualReportAt: index, &console)
                }
            }
        } while exchanges.transmitter.mayHaveMoreReports && limit == .max
    }

    @inline(never)
    private mutating func take(unusualReportAt index: Int, _ console: inout Console) {
        guard case .stamps(let stamps, of: let number) = exchanges.transmitter.report(at: index) else {
            return
        }
        exchanges.take(stamps, of: number, &console)
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

    @inline(always)
    private mutating func takeFrame(at index: Int, _ console: inout Console) throws(Failure) {
        guard let answer = receiver.findAnswer(at: index, answers) else { return }
        guard let place = exchanges.place(of: answer) else {
            if console.captures { receiver.capture(at: index, to: &console) }
            return
        }
        // A request's own stamps came before its reply.
        if exchanges.lacksStamps(place) { try collectReports(&console, limit: exchanges.reportCount) }
        if console.captures { receiver.capture(at: index, to: &console) }
        exchanges.take(answer, at: index, of: receiver, place, &console)
    }

    /// Gives up the requests whose time is over, once it is sure that no answer waits to be read: this program may not
    /// have run for a while.
    @inline(never)
    private mutating func expire(at now: MonotonicTime, _ console: inout Console) throws(Failure) {
        try collectReports(&console)
        try collectReplies(&console)
        exchanges.expire(at: now, &console)
    }

    // MARK: The end

    /// Why replies lack hardware stamps.
    mutating func reasonsForMissingHardware() -> [String] {
        let count = result.tally.missingHardware
        let transmit = missing.reasonsForTransmitHardware(
            count, late: 0, overflows: exchanges.transmitter.reportOverflows)
        return missing.hindersTransmitHardware
            ? transmit : missing.reasonsForReceiveHardware(count, stampedBy: plan.stampFilters)
    }

    private mutating func complete(_ console: inout Console) {
        console.awaitRoom()
        exchanges.complete(otherVersion: receiver.faults.otherVersion, &console)
    }
}

/// How many turns without a reply pass, at most, before a spinning loop looks for transmit stamps.
private let turnsBetweenReports = 8

/// How many turns of a spinning loop pass between two looks at the signals and the clock of the status.
let turnsBetweenLooks = 256
