import AFPacketKit

/// A run of `send`: sends probes on schedule and prints when each was seen on its way out.
struct Sender: ~Copyable {
    private var transmitter: PacedTransmitter<TransmitStamps>
    private let interface: NetworkInterface
    private var expected: ExpectedStamps
    private var missing: MissingStamps
    private var tally: TransmitTally
    /// Whether a settled frame is counted and that is all: it gets no line and is not captured.
    private var isOnlyCounted = false
    /// For the capture file: each frame as it was sent.
    private var captured: RenumberedFrame

    init(on interface: NetworkInterface, _ plan: TransmitPlan) throws(Failure) {
        let message = ProbeMessage(number: 0, kind: .probe, session: .random(in: 1 ... .max))
        do throws(SystemError) {
            transmitter = try PacedTransmitter(on: interface, message, plan, isOneAtATime: false)
        } catch {
            throw Failure("Cannot send on interface \(interface.name)", error)
        }
        self.interface = interface
        captured = RenumberedFrame(ProbeFrame(message, in: plan.shape, size: plan.size))
        expected = ExpectedStamps(on: interface, plan.handling)
        missing = MissingStamps(on: interface)
        tally = TransmitTally(hasSchedule: plan.interval > 0 && plan.handling.wantsStamps)
    }

    /// Whether any stamp came back.
    var hasMeasured: Bool { tally.stampedSoftware + tally.stampedHardware > 0 }

    /// Whether anything was sent that is to be measured.
    var hasSent: Bool { transmitter.sent > 0 }

    /// Sends until there is a reason to end, waits for the stamps that are still out, and sums up, also
    /// where that reason is a failure.
    mutating func run(_ signals: RunSignals, _ console: inout Console) throws(Failure) {
        defer { summarize(&console) }
        isOnlyCounted = transmitter.plan.isQuiet && !console.captures
        transmitter.readsClock = !isOnlyCounted
        try send(signals, &console)
        try collect(&console)
    }

    private mutating func send(
        _ signals: RunSignals, _ console: inout Console
    ) throws(Failure) {
        var poll = PollSet()
        transmitter.add(to: &poll)
        poll.add(signals.queue, as: .signals)
        poll.addReader(of: .output, as: .reader)
        Scheduling.useFinestTimer()
        try begin()
        if tally.hasSchedule { transmitter.plannedClock = ClockPair(.realtime) }
        loop: while !console.isClosed {
            let now = transmitter.awaitDue()
            expire(at: now, &console)
            if transmitter.isFinished || transmitter.isOver(at: now) { break }
            if transmitter.plan.interval == 0 {
                if try sendBurst(at: now, &console) { continue }
            } else {
                if try transmitter.sendIfDue(at: now, &console) != nil { try takeStamps(&console) }
                if transmitter.isFinished { continue }
            }
            if missing.look(at: now, &console) {
                expected = ExpectedStamps(on: interface, transmitter.plan.handling)
            }
            if console.isClosed { break }
            transmitter.prepareWait(&poll)
            console.flush()
            let wake = min(transmitter.wakeTime(), missing.nextLook)
            let ready: PollSet.Members
            do throws(SystemError) { ready = try poll.wait(until: wake) } catch {
                throw Failure("Cannot wait for transmit stamps", error)
            }
            if ready.contains(.completions) {
                transmitter.wake()
                try collect(&console, clearingErrors: true)
            }
            if ready.contains(.reader) { console.close() }
            if ready.contains(.signals) {
                while let request = signals.next() {
                    if case .stop = request { break loop }
                    reportStatus(&console)
                }
            }
        }
    }

    /// Sends flat out for a while.
    ///
    /// - Returns: whether all have been sent and settled; else it is time for all that comes now and then, or there is
    ///   no room for the next frame.
    private mutating func sendBurst(
        at now: MonotonicTime, _ console: inout Console
    ) throws(Failure) -> Bool {
        var left = burstLength
        while left > 0 {
            guard let count = try transmitter.sendIfDue(at: now, &console), count > 0 else { break }
            left -= count
            // No more than those: the call is quicker where it need not look for another one.
            try takeStamps(&console, limit: count * expected.reportCount)
        }
        try takeStamps(&console)
        return transmitter.isFinished
    }

    /// Reads what stamps have come back, all or from so many reports at most; where none are asked for, nothing more of
    /// the frames sent is to come.
    private mutating func takeStamps(_ console: inout Console, limit: Int? = nil) throws(Failure) {
        guard expected.isEmpty else { return try collect(&console, limit: limit) }
        while let (number, _) = transmitter.window.oldestOpen() { settle(number, &console) }
    }

    private mutating func begin() throws(Failure) {
        do throws(SystemError) { try transmitter.begin() } catch {
            throw Failure("Cannot measure how long it takes to wake up", error)
        }
    }

    /// Reads the transmit stamps that have come back: all, or so many at most.
    private mutating func collect(
        _ console: inout Console, clearingErrors: Bool = false, limit: Int? = nil
    ) throws(Failure) {
        repeat {
            let count = try transmitter.receiveReports(
                clearingErrors: clearingErrors, limit: limit ?? .max)
            for index in 0..<count { take(reportAt: index, &console) }
        } while transmitter.mayHaveMoreReports && limit == nil
    }

    @inline(__always)
    private mutating func take(reportAt index: Int, _ console: inout Console) {
        guard let (stamps, number) = transmitter.stamps(at: index) else {
            return take(unusualReportAt: index, &console)
        }
        take(stamps, of: number, &console)
    }

    @inline(never)
    private mutating func take(unusualReportAt index: Int, _ console: inout Console) {
        switch transmitter.report(at: index) {
        case .stamps(let stamps, of: let number): take(stamps, of: number, &console)
        case .notLaunched(let failure, of: let number): take(failure, of: number, &console)
        case .contradiction: tally.mismatched += 1
        case .foreign: tally.unmatched += 1
        }
    }

    @inline(__always)
    private mutating func take(_ stamps: ReportedStamps, of number: UInt64, _ console: inout Console) {
        guard let place = transmitter.window.place(ofOpen: number) else {
            return take(late: stamps, of: number)
        }
        _ = transmitter.window[place].merge(stamps)
        if expected.areComplete(transmitter.window[place]) { settle(number, at: place, &console) }
    }

    /// Takes stamps of a probe that is settled, which are overdue or a repeat of what is known; or of none.
    @inline(never)
    private mutating func take(late stamps: ReportedStamps, of number: UInt64) {
        guard let place = transmitter.window.place(of: number) else {
            tally.unmatched += 1
            return
        }
        let isNews = transmitter.window[place].merge(stamps)
        if isNews, number > transmitter.plan.warmup { tally.countLate(stamps) }
    }

    /// A probe that was not launched is settled: nothing more of it is to come.
    private mutating func take(_ failure: LaunchFailure, of number: UInt64, _ console: inout Console) {
        guard let place = transmitter.window.place(of: number) else {
            tally.unmatched += 1
            return
        }
        // The rest of a batch is sent again from a frame that was refused, which is then refused twice.
        let isNews = transmitter.window[place].launchFailure == nil
        transmitter.window[place].launchFailure = failure
        if isNews, number > transmitter.plan.warmup { tally.count(failure) }
        if transmitter.window.isOpen(place) { settle(number, at: place, &console) }
    }

    /// Gives up those whose stamps should have come by now.
    private mutating func expire(at now: MonotonicTime, _ console: inout Console) {
        while let number = transmitter.overdue(at: now) {
            settle(number, &console)
        }
    }

    private mutating func settle(_ number: UInt64, _ console: inout Console) {
        guard let place = transmitter.window.place(of: number) else { return }
        settle(number, at: place, &console)
    }

    @inline(__always)
    private mutating func settle(
        _ number: UInt64, at place: ProbeWindow<TransmitStamps>.Place, _ console: inout Console
    ) {
        transmitter.window.close(number, at: place)
        guard number > transmitter.plan.warmup else { return }
        tally.count(transmitter.window[place])
        if !isOnlyCounted { show(number, &console) }
    }

    @inline(never)
    private mutating func show(_ number: UInt64, _ console: inout Console) {
        if console.captures { capture(number, &console) }
        if !transmitter.plan.isQuiet { write(number, &console) }
    }

    private mutating func write(_ number: UInt64, _ console: inout Console) {
        let stamps = transmitter.window[number]
        let recorded = transmitter.plan.recorded
        console.write(
            .transmit(
                TransmitLine(
                    number: number, stamps: stamps, shape: recorded?.shape(number) ?? transmitter.plan.shape,
                    size: recorded?.frame(number).count ?? transmitter.plan.size,
                    clock: missing.clockName, missing: console.isDetailed ? reasons(stamps) : MissingReasons()
                )))
    }

    /// Why a frame has not all the stamps there are.
    private mutating func reasons(_ stamps: TransmitStamps) -> MissingReasons {
        let timeout = transmitter.plan.timeout
        var reasons = MissingReasons()
        guard transmitter.plan.handling.wantsStamps else {
            return MissingReasons(hardware: notAskedFor, software: notAskedFor, scheduled: notAskedFor)
        }
        if stamps.scheduled == nil { reasons.scheduled = reasonForScheduled }
        if let failure = stamps.launchFailure {
            (reasons.hardware, reasons.software) = (failure.text, failure.text)
            return reasons
        }
        if stamps.hardware == nil { reasons.hardware = missing.reasonForTransmitHardware(timeout: timeout) }
        if stamps.software == nil { reasons.software = missing.reasonForTransmitSoftware(timeout: timeout) }
        return reasons
    }

    private mutating func capture(_ number: UInt64, _ console: inout Console) {
        let stamps = transmitter.window[number]
        guard let time = stamps.software ?? stamps.userspace else { return }
        if let recorded = transmitter.plan.recorded {
            let frame = recorded.frame(number)
            return console.capture(frame, length: frame.count, at: time)
        }
        captured.renumber(to: number)
        console.capture(captured.bytes.span, length: transmitter.plan.size, at: time)
    }

    /// Why a frame has no scheduled stamp.
    private var reasonForScheduled: String {
        transmitter.plan.handling.bypassesScheduler ? "qdisc bypassed" : "the qdisc did not take it"
    }

    private func reportStatus(_ console: inout Console) {
        console.report(.info, "TX Status") { line in
            line.integer("sent", transmitter.sent)
            line.integer("stamped_software", tally.stampedSoftware)
        }
    }

    private mutating func summarize(_ console: inout Console) {
        console.awaitRoom()
        let unlaunched = tally.launchMissed + tally.launchInvalid
        let overflows = transmitter.reportOverflows
        let areAsked = transmitter.plan.handling.wantsStamps
        let hardwareReasons =
            areAsked
            ? missing.reasonsForTransmitHardware(
                tally.missingHardware, late: tally.lateHardware, overflows: overflows, unlaunched: unlaunched)
            : [notAskedFor]
        let softwareReasons =
            areAsked
            ? missing.reasonsForTransmitSoftware(
                tally.missingSoftware, late: tally.lateSoftware, overflows: overflows, unlaunched: unlaunched)
            : [notAskedFor]
        let launches = transmitter.plan.launchOffset != nil
        let (dropped, uncaptured) = (console.droppedLines, console.droppedCaptures.map { Int64($0) })
        console.write(.info, "TX Summary") { line in
            line.integer("failed", transmitter.failed)
            line.integer("in_flight", UInt64(transmitter.window.openCount))
            line.integer("late_hardware", tally.lateHardware)
            line.integer("late_software", tally.lateSoftware)
            line.integer("launch_invalid", launches ? Int64(tally.launchInvalid) : nil)
            line.integer("launch_missed", launches ? Int64(tally.launchMissed) : nil)
            line.integer("lines_dropped", dropped)
            line.integer("mismatched", tally.mismatched)
            line.missing(
                "missing_hardware", tally.missingHardware, because: "missing_hardware_reason",
                hardwareReasons)
            line.missing(
                "missing_software", tally.missingSoftware, because: "missing_software_reason",
                softwareReasons)
            line.integer("pcap_dropped", uncaptured)
            line.integer("queue_overflows", overflows)
            line.integer("schedule_error_max_ns", tally.scheduleErrors?.maximum)
            line.integer("schedule_error_min_ns", tally.scheduleErrors?.minimum)
            line.integer("schedule_error_p50_ns", tally.scheduleErrors?.percentile(.p50))
            line.integer("schedule_error_p99_ns", tally.scheduleErrors?.percentile(.p99))
            line.integer("sent", transmitter.sent)
            line.integer("stamped_hardware", tally.stampedHardware)
            line.integer("stamped_software", tally.stampedSoftware)
            line.integer("unmatched", tally.unmatched)
            line.integer("warmup", transmitter.warmedUp)
        }
    }
}

/// Why there are no stamps where the user wants none.
private let notAskedFor = "not asked for"

/// How many frames are sent flat out before the signals and the time-outs are looked at.
private let burstLength = 256
