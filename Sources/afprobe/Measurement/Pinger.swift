import AFPacketKit

/// The clock that both ends of a difference were read from.
enum StampClock: String {
    case software
    case userspace
}

/// A run of `ping`: sends requests and measures how long the replies take.
struct Pinger: ~Copyable {
    private var transmitter: PacedTransmitter<Exchange>
    private var receiver: Receiver
    private let plan: TransmitPlan
    private let interface: NetworkInterface
    private let session: UInt64
    /// Chosen with the first reply, for the whole run.
    private var clock: StampClock?
    private var tally = PingTally()

    /// - Parameter filter: takes the replies.
    init(
        on interface: NetworkInterface, _ plan: TransmitPlan, filter: SocketFilter
    ) throws(Failure) {
        self.plan = plan
        self.interface = interface
        let session = UInt64.random(in: 1 ... .max)
        let message = ProbeMessage(number: 0, kind: .request, session: session)
        do throws(SystemError) {
            let receiver = try Receiver(
                on: interface, filter: filter,
                timestamping: [.receiveSoftware, .receiveHardware, .software, .rawHardware])
            // Without an interval the next request follows the reply.
            let transmitter = try PacedTransmitter(
                on: interface, message, plan, isOneAtATime: plan.interval == 0, filler: Exchange())
            self.receiver = receiver
            self.transmitter = transmitter
        } catch {
            throw Failure("Cannot ping on interface \(interface.name)", error)
        }
        self.session = session
    }

    /// Whether any reply came.
    var hasMeasured: Bool { tally.received + tally.late > 0 }

    /// Whether anything was sent that is to be measured.
    var hasSent: Bool { transmitter.sent > 0 }

    /// Sends requests until there is a reason to end, waits for the replies that are still out, and sums
    /// up, also where that reason is a failure.
    mutating func run(_ signals: RunSignals, _ console: inout Console) throws(Failure) {
        defer { summarize(&console) }
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
        PollSet.useFinestTimer()
        loop: while !console.isClosed {
            let now = MonotonicTime.now()
            expire(at: now, &console)
            if transmitter.isFinished || transmitter.isOver(at: now) { break }
            let wasDue = try transmitter.sendIfDue(at: now, &console) {
                Exchange(request: TransmitStamps(userspace: $0))
            }
            if wasDue, transmitter.isFinished { continue }
            if console.isClosed { break }
            transmitter.prepareWait(&poll, reports)
            do throws(SystemError) { try poll.wait(until: transmitter.wakeTime()) } catch {
                throw Failure("Cannot wait for replies", error)
            }
            // First the transmit stamps: a request's own comes before its reply.
            if poll.isReady(reports) {
                transmitter.wake()
                try collectReports(&console, clearingErrors: true)
            }
            if poll.isReady(frames) { try collectReplies(&console) }
            if poll.isReady(reader) { console.close() }
            if poll.isReady(requests) {
                while let request = signals.next() {
                    if case .stop = request { break loop }
                    reportStatus(&console)
                }
            }
        }
    }

    // MARK: What comes back

    private mutating func collectReports(
        _ console: inout Console, clearingErrors: Bool = false
    ) throws(Failure) {
        repeat {
            let count = try transmitter.receiveReports(clearingErrors: clearingErrors)
            for index in 0..<count {
                guard case .stamps(let stamps, of: let number) = transmitter.report(at: index),
                    transmitter.window.isOpen(number) != nil
                else { continue }
                _ = transmitter.window[number].request.merge(stamps)
                settleIfComplete(number, &console)
            }
        } while transmitter.mayHaveMoreReports
    }

    private mutating func collectReplies(_ console: inout Console) throws(Failure) {
        var batchesLeft = batchesInATurn
        repeat {
            batchesLeft -= 1
            do throws(SystemError) {
                for index in 0..<(try receiver.receive()) {
                    guard let probe = receiver.probe(at: index), isReply(probe) else { continue }
                    take(probe, &console)
                }
            } catch  where error.code == .networkDown {
                return  // the next request finds out, and tells
            } catch {
                throw Failure(
                    "Cannot receive on interface \(interface.name)", error, interface: interface)
            }
        } while receiver.mayHaveMore && batchesLeft > 0
    }

    private func isReply(_ probe: ReceivedProbe) -> Bool {
        probe.message.kind == .reply && probe.message.session == session
            && probe.shape.source == plan.shape.destination
    }

    private mutating func take(_ reply: ReceivedProbe, _ console: inout Console) {
        let number = reply.message.number
        guard let isOpen = transmitter.window.isOpen(number) else {
            // To a request never sent, or sent so long ago that nothing is known of it any more.
            tally.unmatched += 1
            return
        }
        let isFirst = transmitter.window[number].replyUserspace == nil
        if isFirst {
            transmitter.window[number].replyUserspace = reply.userspace
            transmitter.window[number].replySoftware = reply.ancillary.software
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
        guard transmitter.window.isOpen(number) ?? false, transmitter.window[number].replyUserspace != nil
        else { return }
        let isComplete = transmitter.window[number].request.software != nil || clock == .userspace
        if isComplete || number <= plan.warmup { settle(number, &console) }
    }

    private mutating func expire(at now: MonotonicTime, _ console: inout Console) {
        while let number = transmitter.window.overdue(at: now, timeout: plan.timeout) {
            settle(number, &console)
        }
    }

    private mutating func settle(_ number: UInt64, _ console: inout Console) {
        transmitter.window.close(number)
        guard number > plan.warmup else { return }
        let exchange = transmitter.window[number]
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
        if let trip = exchange.roundTrip(by: chosen) {
            tally.roundTrips.add(trip.duration)
            if !plan.isQuiet { console.write("PING Reply", number, plan, trip) }
        } else if let trip = exchange.roundTrip(by: .userspace) {
            tally.missingSoftware += 1
            if !plan.isQuiet { console.write("PING Reply", number, plan, trip) }
        }
    }

    /// Writes the line of a reply that is in no figure, with its time on the best clock it has.
    private func report(
        _ message: String, _ number: UInt64, _ reply: ReceivedProbe, _ console: inout Console
    ) {
        guard !plan.isQuiet else { return }
        var exchange = Exchange(request: transmitter.window[number].request)
        exchange.replyUserspace = reply.userspace
        exchange.replySoftware = reply.ancillary.software
        let trip = exchange.roundTrip(by: .software) ?? exchange.roundTrip(by: .userspace)
        if let trip { console.write(message, number, plan, trip) }
    }

    // MARK: The end

    private func reportStatus(_ console: inout Console) {
        console.report(.info, "PING Status") { line in
            line.integer("lost", tally.lost)
            line.integer("received", tally.received)
            line.integer("rtt_mean_ns", tally.roundTrips.mean)
            line.integer("sent", transmitter.sent)
        }
    }

    private mutating func summarize(_ console: inout Console) {
        // What has been answered counts, even where its transmit stamp is still out.
        while let (number, _) = transmitter.window.oldestOpen() {
            if transmitter.window[number].replyUserspace != nil {
                settle(number, &console)
            } else {
                transmitter.window.close(number)
            }
        }
        tally.sent = transmitter.sent
        tally.failed = transmitter.failed
        tally.warmup = transmitter.warmedUp
        tally.inFlight = tally.sent - min(tally.sent, tally.received + tally.lost + tally.late)
        console.summarize(tally, clock, peer: plan.shape.destination, elapsed: transmitter.elapsed)
    }
}

/// Both ends of a round trip, on one clock.
private struct RoundTrip {
    let sent: Timestamp
    let received: Timestamp
    let clock: StampClock

    var duration: Int64 { received - sent }
}

/// What is known of a request and its reply.
private struct Exchange {
    var request = TransmitStamps()
    var replyUserspace: Timestamp?
    var replySoftware: Timestamp?

    /// The request's departure and the reply's arrival; nil where a stamp of that clock is missing.
    func roundTrip(by clock: StampClock) -> RoundTrip? {
        let (sent, received) =
            switch clock {
            case .software: (request.software, replySoftware)
            case .userspace: (request.userspace, replyUserspace)
            }
        guard let sent, let received else { return nil }
        return RoundTrip(sent: sent, received: received, clock: clock)
    }
}

extension Console {
    fileprivate mutating func write(
        _ message: String, _ number: UInt64, _ plan: TransmitPlan, _ trip: RoundTrip
    ) {
        let isDetailed = isDetailed
        write(.info, message) { line in
            line.address("peer", plan.shape.destination)
            line.integer("probe", number)
            if isDetailed { line.integer("received_ns", trip.received.nanoseconds) }
            line.readableDuration("rtt", trip.duration)
            line.string("rtt_clock", trip.clock.rawValue)
            line.integer("rtt_ns", trip.duration)
            if isDetailed { line.integer("sent_ns", trip.sent.nanoseconds) }
        }
    }
}
