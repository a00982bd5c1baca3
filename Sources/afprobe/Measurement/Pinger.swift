import AFPacketKit

/// What a run of `ping` is to do.
struct PingPlan {
    let shape: FrameShape
    let size: Int
    let filter: SocketFilter
    let priority: Int?
    /// Nanoseconds between requests; 0 sends the next one as soon as the reply is there.
    let interval: Int64
    let count: UInt64?
    let warmup: UInt64
    let deadline: Int64?
    let timeout: Int64
    let isQuiet: Bool
}

/// The clock that both ends of a difference were read from.
enum StampClock: String {
    case software
    case userspace
}

/// A run of `ping`: sends requests and measures how long the replies take.
struct Pinger: ~Copyable {
    private var transmitter: Transmitter
    private var receiver: Receiver
    private var window: ProbeWindow<Exchange>
    private var pacing: Pacing
    private let plan: PingPlan
    private let interface: NetworkInterface
    private let session: UInt64
    private let start = MonotonicTime.now()
    private var outage = Outage()
    private var isWaitingForRoom = false
    /// Chosen with the first reply, for the whole run.
    private var clock: StampClock?
    private var tally = PingTally()

    init(on interface: NetworkInterface, _ plan: PingPlan) throws(Failure) {
        self.plan = plan
        self.interface = interface
        let session = UInt64.random(in: 1 ... .max)
        let message = ProbeMessage(number: 0, kind: .request, session: session)
        do throws(SystemError) {
            let receiver = try Receiver(
                on: interface, filter: plan.filter,
                timestamping: [.receiveSoftware, .receiveHardware, .software, .rawHardware])
            let transmitter = try Transmitter(
                on: interface, message, in: plan.shape, size: plan.size, priority: plan.priority,
                scheduled: false)
            self.receiver = receiver
            self.transmitter = transmitter
        } catch {
            throw Failure("Cannot ping on interface \(interface.name)", error)
        }
        self.session = session
        window = ProbeWindow(
            capacity: windowCapacity(interval: plan.interval, timeout: plan.timeout),
            filler: Exchange())
        pacing = Pacing(interval: plan.interval, count: plan.count.map { $0 + plan.warmup })
    }

    /// Whether any reply came.
    var hasMeasured: Bool { tally.received + tally.late > 0 }

    /// Sends requests until there is a reason to end, waits for the replies that are still out, and sums
    /// up, also where that reason is a failure.
    mutating func run(_ signals: borrowing RunSignals, _ console: inout Console) throws(Failure) {
        defer { summarize(&console) }
        try ping(signals, &console)
        try collectReports(&console)
        try collectReplies(&console)
    }

    private mutating func ping(
        _ signals: borrowing RunSignals, _ console: inout Console
    ) throws(Failure) {
        var poll = PollSet()
        let frames = poll.add(receiver.socket)
        let reports = poll.addErrorQueue(of: transmitter.socket)
        let requests = poll.add(signals.queue)
        PollSet.useFinestTimer()
        loop: while !console.isClosed {
            let now = MonotonicTime.now()
            expire(at: now, &console)
            if plan.deadline.map({ now >= start + $0 }) ?? false { break }
            if isFinished { break }
            if canSend, now >= max(pacing.nextDue, outage.retryAt) {
                try sendNext(at: now, &console)
                if isFinished { continue }
            }
            poll.watchWritability(of: reports, isWaitingForRoom)
            do throws(SystemError) { try poll.wait(until: wakeTime()) } catch {
                throw Failure("Cannot wait for replies", error)
            }
            // First the transmit stamps: a request's own comes before its reply.
            if poll.isReady(reports) {
                isWaitingForRoom = false
                try collectReports(&console, clearingErrors: true)
            }
            if poll.isReady(frames) { try collectReplies(&console) }
            if poll.isReady(requests) {
                while let request = signals.next() {
                    if case .stop = request { break loop }
                    reportStatus(&console)
                }
            }
        }
    }

    private var isFinished: Bool { pacing.isFinished && window.openCount == 0 }

    private var canSend: Bool {
        guard !pacing.isFinished, !window.isFull, !isWaitingForRoom else { return false }
        return plan.interval > 0 || window.openCount == 0
    }

    private mutating func wakeTime() -> MonotonicTime? {
        var wake = plan.deadline.map { start + $0 } ?? MonotonicTime(nanoseconds: .max)
        if canSend { wake = min(wake, max(pacing.nextDue, outage.retryAt)) }
        if let oldest = window.oldestOpen() { wake = min(wake, oldest.sentAt + plan.timeout) }
        return wake.nanoseconds == .max ? nil : wake
    }

    private mutating func sendNext(at now: MonotonicTime, _ console: inout Console) throws(Failure) {
        let number = pacing.sentCount + 1
        do throws(SystemError) {
            guard let userspace = try transmitter.send(number) else {
                isWaitingForRoom = true
                return
            }
            window.open(number, at: now, Exchange(request: TransmitStamps(userspace: userspace)))
            if number > plan.warmup { tally.sent += 1 }
            outage.end()
        } catch {
            try outage.begin(error, sending: interface, &console)
            window.skip(number)
            tally.failed += 1
        }
        pacing.advance(at: now)
    }

    // MARK: What comes back

    private mutating func collectReports(
        _ console: inout Console, clearingErrors: Bool = false
    ) throws(Failure) {
        do throws(SystemError) {
            repeat {
                let count = try transmitter.receiveReports()
                for index in 0..<count {
                    guard let (number, stamps) = transmitter.report(at: index),
                        let isOpen = window.isOpen(number)
                    else { continue }
                    _ = window[number].request.merge(stamps)
                    if isOpen { settleIfComplete(number, &console) }
                }
                if count == 0, clearingErrors { _ = transmitter.socket.takePendingError() }
            } while transmitter.mayHaveMore
        } catch {
            throw Failure("Cannot read the transmit stamps of interface \(interface.name)", error)
        }
    }

    private mutating func collectReplies(_ console: inout Console) throws(Failure) {
        repeat {
            do throws(SystemError) {
                for index in 0..<(try receiver.receive()) {
                    guard let probe = receiver.probe(at: index), isReply(probe) else { continue }
                    take(probe, &console)
                }
            } catch  where error.code == .networkDown {
                return try interface.reportDown(&console)
            } catch {
                throw Failure(
                    "Cannot receive on interface \(interface.name)", error, interface: interface)
            }
        } while receiver.mayHaveMore
    }

    private func isReply(_ probe: ReceivedProbe) -> Bool {
        probe.message.kind == .reply && probe.message.session == session
            && probe.shape.source == plan.shape.destination
    }

    private mutating func take(_ reply: ReceivedProbe, _ console: inout Console) {
        let number = reply.message.number
        guard let isOpen = window.isOpen(number) else {
            // To a request never sent, or sent so long ago that nothing is known of it any more.
            tally.unmatched += 1
            return
        }
        let isFirst = window[number].replyUserspace == nil
        if isFirst {
            window[number].replyUserspace = reply.userspace
            window[number].replySoftware = reply.ancillary.software
        }
        guard number > plan.warmup else { return settleIfComplete(number, &console) }
        guard isFirst else {
            tally.duplicates += 1
            return report("PING Duplicate", number, reply, &console)
        }
        guard isOpen else {
            tally.lost -= 1
            tally.late += 1
            return report("PING Late", number, reply, &console)
        }
        tally.count(arrivalOf: number)
        settleIfComplete(number, &console)
    }

    /// Settles an exchange once nothing more that it needs is to come.
    private mutating func settleIfComplete(_ number: UInt64, _ console: inout Console) {
        guard window.isOpen(number) ?? false, window[number].replyUserspace != nil else { return }
        let isComplete = window[number].request.software != nil || clock == .userspace
        if isComplete || number <= plan.warmup { settle(number, &console) }
    }

    private mutating func expire(at now: MonotonicTime, _ console: inout Console) {
        while let number = window.overdue(at: now, timeout: plan.timeout) { settle(number, &console) }
    }

    private mutating func settle(_ number: UInt64, _ console: inout Console) {
        window.close(number)
        guard number > plan.warmup else { return }
        let exchange = window[number]
        guard exchange.replyUserspace != nil else {
            tally.lost += 1
            if !plan.isQuiet {
                console.write(.warning, "PING Timeout") { line in
                    line.address("peer", plan.shape.destination)
                    line.integer("probe", number)
                }
            }
            return
        }
        let chosen = clock ?? (exchange.roundTrip(by: .software) != nil ? .software : .userspace)
        clock = chosen
        if let time = exchange.roundTrip(by: chosen) {
            tally.roundTrips.add(time)
            if !plan.isQuiet { console.write("PING Reply", number, plan, time, chosen) }
        } else if let time = exchange.roundTrip(by: .userspace) {
            tally.missingSoftware += 1
            if !plan.isQuiet { console.write("PING Reply", number, plan, time, .userspace) }
        }
    }

    /// Writes the line of a reply that is in no figure, with its time on the best clock it has.
    private func report(
        _ message: String, _ number: UInt64, _ reply: ReceivedProbe, _ console: inout Console
    ) {
        guard !plan.isQuiet else { return }
        var exchange = Exchange(request: window[number].request)
        exchange.replyUserspace = reply.userspace
        exchange.replySoftware = reply.ancillary.software
        let clock: StampClock = exchange.roundTrip(by: .software) != nil ? .software : .userspace
        guard let time = exchange.roundTrip(by: clock) else { return }
        console.write(message, number, plan, time, clock)
    }

    // MARK: The end

    private func reportStatus(_ console: inout Console) {
        console.report(.info, "PING Status") { line in
            line.integer("lost", tally.lost)
            line.integer("received", tally.received)
            line.integer("rtt_mean_ns", tally.roundTrips.mean)
            line.integer("sent", tally.sent)
        }
    }

    private mutating func summarize(_ console: inout Console) {
        // What has been answered counts, even where its transmit stamp is still out.
        while let (number, _) = window.oldestOpen() {
            if window[number].replyUserspace != nil { settle(number, &console) } else { window.close(number) }
        }
        tally.inFlight = tally.sent - tally.received - tally.lost - tally.late
        tally.warmup = min(plan.warmup, pacing.sentCount)
        console.summarize(tally, clock, peer: plan.shape.destination, elapsed: MonotonicTime.now() - start)
    }
}

/// What is known of a request and its reply.
private struct Exchange {
    var request = TransmitStamps()
    var replyUserspace: Timestamp?
    var replySoftware: Timestamp?

    /// From the request's departure to the reply's arrival; nil where a stamp of that clock is missing.
    func roundTrip(by clock: StampClock) -> Int64? {
        let (sent, received) =
            switch clock {
            case .software: (request.software, replySoftware)
            case .userspace: (request.userspace, replyUserspace)
            }
        guard let sent, let received else { return nil }
        return received - sent
    }
}

extension Console {
    fileprivate mutating func write(
        _ message: String, _ number: UInt64, _ plan: PingPlan, _ time: Int64, _ clock: StampClock
    ) {
        write(.info, message) { line in
            line.address("peer", plan.shape.destination)
            line.integer("probe", number)
            line.readableDuration("rtt", time)
            line.string("rtt_clock", clock.rawValue)
            line.integer("rtt_ns", time)
        }
    }
}
