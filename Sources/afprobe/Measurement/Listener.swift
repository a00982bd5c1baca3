import AFPacketKit

/// A run of `listen`: prints the probes that arrive, and answers the requests among them.
struct Listener<Source: ProbeSource & ~Copyable>: ~Copyable {
    private var receiver: Source
    private var responder: Slab<Responder>?
    private let interface: NetworkInterface
    private let plan: ListenPlan
    private let start = MonotonicTime.now()

    private var missing: MissingStamps
    /// The name of the clock of the hardware stamps. Made once, for every line has it.
    private let clock: String?
    private var outage = Outage()
    /// How many frames have come since a receive call found none.
    private var framesInARow = 0
    private var tally: ReceiveTally

    /// - Parameter open: opens where the probes come from.
    init(
        on interface: NetworkInterface, _ plan: ListenPlan, open: () throws(SystemError) -> Source
    ) throws(Failure) {
        self.interface = interface
        self.plan = plan
        tally = ReceiveTally(upTo: plan.count)
        do throws(SystemError) {
            let receiver = try open()
            var responder: Slab<Responder>?
            if let limit = plan.replyLimit {
                responder = Slab(of: try Responder(on: interface, limit: limit))
            }
            self.receiver = receiver
            self.responder = responder
            missing = MissingStamps(on: interface)
            clock = missing.clockName
        } catch {
            throw Failure("Cannot receive on interface \(interface.name)", error)
        }
    }

    /// Receives until there is a reason to end, and sums up, also where that reason is a failure.
    mutating func run(_ signals: RunSignals, _ console: inout Console) throws(Failure) {
        defer { summarize(&console) }
        try receive(signals, &console)
        try reportStatistics(&console)
    }

    private mutating func receive(
        _ signals: RunSignals, _ console: inout Console
    ) throws(Failure) {
        var poll = PollSet()
        receiver.add(to: &poll, as: .frames)
        addReports(to: &poll)
        poll.add(signals.queue, as: .signals)
        poll.addReader(of: .output, as: .reader)
        let deadline = plan.deadline.map { start + $0 } ?? .never
        var statisticsDue = start + plan.statisticsInterval
        var nextLook = start
        var untilLook = 0
        // The last replies are followed up as well.
        loop: while !isFinished || awaitsReports, !console.isClosed {
            if plan.spins {
                try takeFrames(&console)
                untilLook -= 1
                if untilLook > 0 { continue }
                untilLook = turnsBetweenLooks
            }
            let now = MonotonicTime.now()
            if now >= deadline { break }
            if now >= statisticsDue {
                try reportStatistics(&console)
                let missed = (now - statisticsDue) / plan.statisticsInterval
                statisticsDue = statisticsDue + (missed + 1) * plan.statisticsInterval
            }
            try outage.look(at: now, interface, &console)
            if missing.look(at: now, &console) { responder?[0].update() }
            if answers { responder?[0].expire(at: now, &console) }
            if console.isClosed { break }
            if plan.spins { console.flush(at: now) } else { console.flush() }
            let wake = wakeTime(deadline, statisticsDue)
            if now < nextLook, !plan.spins, canWaitForFrames(until: wake, now) {
                try waitForFrames(&console)
                continue
            }
            nextLook = .now() + PacketSocket.longestWait
            let isLook = plan.spins || canWaitForFrames(until: wake, now)
            let ready: PollSet.Members
            do throws(SystemError) { ready = try poll.wait(until: isLook ? now : wake) } catch {
                throw Failure("Cannot wait for frames", error)
            }
            if ready.contains(.frames) { try takeFrames(&console) }
            if ready.contains(.completions) { try collectReports(&console, clearingErrors: true) }
            if ready.contains(.reader) { console.close() }
            if ready.contains(.signals) {
                while let request = signals.next() {
                    if case .stop = request { break loop }
                    reportStatus(&console)
                }
            }
        }
    }

    /// Whether frames alone can be waited for, in the receive call itself: it returns sooner than poll(2) and a receive
    /// call do. The signals and the reader are looked at now and then.
    private func canWaitForFrames(until wake: MonotonicTime, _ now: MonotonicTime) -> Bool {
        wake - now >= 2 * PacketSocket.longestWait && receiver.canWait && !awaitsReports
    }

    /// Whether requests are answered.
    private var answers: Bool { plan.replyLimit != nil }

    /// Whether transmit stamps of replies are still to come.
    private var awaitsReports: Bool {
        guard answers else { return false }
        return switch responder {
        case .some(let responder): responder[0].awaitsReports()
        case .none: false
        }
    }

    private mutating func wakeTime(_ deadline: MonotonicTime, _ statisticsDue: MonotonicTime) -> MonotonicTime
    {
        let overdue = answers ? responder?[0].nextOverdue() : nil
        return min(
            min(deadline, statisticsDue), min(outage.nextLook ?? .never, missing.nextLook), overdue ?? .never)
    }

    /// Adds the queue where the replies' transmit stamps come back, if there are replies.
    private func addReports(to poll: inout PollSet) {
        switch responder {
        case .some(let responder): poll.addErrorQueue(of: responder[0].socket, as: .completions)
        case .none: break
        }
    }

    private var replyCounts: Responder.Counts {
        switch responder {
        case .some(let responder): responder[0].counts
        case .none: Responder.Counts()
        }
    }

    /// Whether any probe came.
    var hasMeasured: Bool { tally.probes > 0 }

    private var isFinished: Bool { tally.isComplete }

    /// Waits for frames: as long as they come there is nothing else to look at, for a while.
    @inline(never)
    private mutating func waitForFrames(_ console: inout Console) throws(Failure) {
        let start = Timestamp.now()
        repeat {
            let waits = framesInARow < framesBetweenBatches
            try takeFrames(&console, isWaiting: true)
            console.flush()
            if waits, framesInARow == 0 { return }
            // By the time that the frame has anyway. Where somebody has set the clock the while is over.
        } while (0..<PacketSocket.longestWait).contains(receiver.userspace - start) && !isFinished
            && !awaitsReports && !console.isClosed
    }

    /// Takes what has arrived; some of it only, where so much arrives that there is no end to it.
    ///
    /// - Parameter isWaiting: whether to wait a little for the first.
    @inline(__always)
    private mutating func takeFrames(_ console: inout Console, isWaiting: Bool = false) throws(Failure) {
        // Where frames are waited for, or looked for all the time, it is one that is found. It is asked for alone, which is
        // quicker, and only now and then whether others stand behind it.
        if isWaiting || plan.spins, framesInARow < framesBetweenBatches {
            try takeOne(&console, isWaiting: isWaiting)
        } else {
            try takeMany(&console)
        }
    }

    @inline(__always)
    private mutating func takeOne(_ console: inout Console, isWaiting: Bool) throws(Failure) {
        let count: Int
        do throws(SystemError) {
            count =
                isWaiting
                ? try receiver.receiveWaiting()
                : try receiver.receiveSpinning(looks: awaitsReports ? 1 : looksInATurn)
        } catch {
            return try take(error, &console)
        }
        framesInARow = count == 0 ? 0 : framesInARow &+ count
        // A ring has as many as it has.
        for index in 0..<count where !isFinished { look(at: index, &console) }
        // Most drivers have stamped the replies by now.
        if awaitsReports { try collectReports(&console) }
    }

    @inline(never)
    private mutating func takeMany(_ console: inout Console) throws(Failure) {
        let onlyCounts = plan.isQuiet && !console.captures && !answers
        var batchesLeft = batchesInATurn
        repeat {
            batchesLeft -= 1
            let count: Int
            do throws(SystemError) { count = try receiver.receive(limit: .max) } catch {
                return try take(error, &console)
            }
            // One alone is no sign of more.
            framesInARow = count < 2 ? 0 : framesInARow &+ count
            var index = 0
            while index < count, !isFinished {
                if onlyCounts {
                    index = receiver.countPlain(from: index, upTo: count, into: &tally)
                    if index == count || isFinished { break }
                }
                look(at: index, &console)
                index += 1
            }
            if awaitsReports { try collectReports(&console) }
        } while receiver.mayHaveMore && !isFinished && batchesLeft > 0
    }

    /// Goes on after a call that received nothing, if there is a point in it.
    @inline(never)
    private mutating func take(_ error: SystemError, _ console: inout Console) throws(Failure) {
        framesInARow = 0
        guard error.code == .networkDown else {
            throw Failure("Cannot receive on interface \(interface.name)", error, interface: interface)
        }
        try outage.begin(interface, &console)
    }

    /// - Parameter clearingErrors: whether something waits there: it may also be an error of the socket itself, which has to
    ///   be taken, or it would be ready for ever.
    private mutating func collectReports(
        _ console: inout Console, clearingErrors: Bool = false
    ) throws(Failure) {
        do throws(SystemError) {
            try responder?[0].collectReports(&console, areReady: clearingErrors)
            if clearingErrors { responder?[0].clearError() }
        } catch {
            throw Failure("Cannot read the transmit stamps of interface \(interface.name)", error)
        }
    }

    /// Looks at one of the frames that have been received.
    @inline(__always)
    private mutating func look(at index: Int, _ console: inout Console) {
        guard let found = receiver.find(at: index) else { return }
        tally.count(receiver.ancillary(at: index))
        // Most frames of a quiet run have only to be counted.
        if !plan.isQuiet || console.captures || isAnswered(found) { take(found, at: index, &console) }
    }

    private func isAnswered(_ found: FoundProbe) -> Bool { answers && found.kind == .request }

    private mutating func take(_ found: FoundProbe, at index: Int, _ console: inout Console) {
        // Before the line, which must not make the answer late.
        if found.kind == .request { responder?[0].answer(found, at: index, of: &receiver, &console) }
        if !plan.isQuiet { write(receiver.probe(at: index, found), &console) }
        if console.captures { receiver.capture(at: index, to: &console) }
    }

    /// Writes the line of a probe.
    @inline(never)
    private mutating func write(_ probe: ReceivedProbe, _ console: inout Console) {
        let reason: String? =
            if console.isDetailed, probe.ancillary.hardware == nil {
                missing.reasonForReceiveHardware(stampedBy: plan.stampFilters)
            } else { nil }
        console.write(.receive(ReceiveLine(probe, clock: clock, missingHardware: reason)))
    }

    private mutating func reportStatistics(_ console: inout Console) throws(Failure) {
        do throws(SystemError) { try receiver.updateStatistics() } catch {
            throw Failure("Cannot read the counters of interface \(interface.name)", error)
        }
        let total = receiver.statistics
        console.write(.info, "RX Stats") { line in
            line.integer("drops", total.drops)
            line.integer("packets", total.packets)
            line.integer("queue_freezes", total.queueFreezes)
        }
    }

    private func reportStatus(_ console: inout Console) {
        console.report(.info, "RX Status") { line in line.integer("probes", tally.probes) }
    }

    private mutating func summarize(_ console: inout Console) {
        console.awaitRoom()
        let (faults, total) = (receiver.faults, receiver.statistics)
        let replies = replyCounts
        let reasons = missing.reasonsForReceiveHardware(
            tally.missingHardware, stampedBy: plan.stampFilters)
        let (dropped, uncaptured) = (console.droppedLines, console.droppedCaptures.map { Int64($0) })
        console.write(.info, "RX Summary") { line in
            line.integer("corrupt", faults.corrupt)
            line.integer("drops", total.drops)
            line.integer("follow_ups", replies.followUps)
            line.integer("foreign", faults.foreign)
            line.integer("lines_dropped", dropped)
            line.missing(
                "missing_hardware", tally.missingHardware, because: "missing_hardware_reason", reasons)
            line.integer("missing_software", tally.missingSoftware)
            line.integer("other_version", faults.otherVersion)
            line.integer("packets", total.packets)
            line.integer("pcap_dropped", uncaptured)
            line.integer("probes", tally.probes)
            line.integer("queue_freezes", total.queueFreezes)
            line.integer("replies", replies.replies)
            line.integer("replies_failed", replies.failed)
            line.integer("replies_suppressed", replies.suppressed)
            line.integer("stamped_hardware", tally.stampedHardware)
            line.integer("stamped_software", tally.stampedSoftware)
            line.integer("truncated", faults.truncated)
        }
    }
}

/// How many frames in a row are asked for one by one before it is looked whether there are many.
private let framesBetweenBatches = 64

/// How often one frame is looked for before anything else is.
private let looksInATurn = 16

/// How many batches of frames are taken before the signals and the time are looked at again.
let batchesInATurn = 16
