import AFPacketKit

/// A run of `send`: sends probes on schedule and prints when each was seen on its way out.
struct Sender: ~Copyable {
    private var transmitter: PacedTransmitter<TransmitStamps>
    private let interface: NetworkInterface
    private var expected: ExpectedStamps
    private var missing: MissingStamps
    private var counts = Counts()
    /// For the capture file: each frame as it was sent.
    private var captured: RenumberedFrame
    /// How late frames left, measured against the schedule, where there is one.
    private var scheduleErrors: Distribution?

    private struct Counts {
        var stampedSoftware: UInt64 = 0
        var stampedHardware: UInt64 = 0
        var missingSoftware: UInt64 = 0
        var missingHardware: UInt64 = 0
        var lateHardware: UInt64 = 0
        var lateSoftware: UInt64 = 0
        var mismatched: UInt64 = 0
        var unmatched: UInt64 = 0
        var launchMissed: UInt64 = 0
        var launchInvalid: UInt64 = 0
    }

    init(on interface: NetworkInterface, _ plan: TransmitPlan) throws(Failure) {
        let message = ProbeMessage(number: 0, kind: .probe, session: .random(in: 1 ... .max))
        do throws(SystemError) {
            transmitter = try PacedTransmitter(
                on: interface, message, plan, isOneAtATime: false, filler: TransmitStamps())
        } catch {
            throw Failure("Cannot send on interface \(interface.name)", error)
        }
        self.interface = interface
        captured = RenumberedFrame(ProbeFrame(message, in: plan.shape, size: plan.size))
        expected = ExpectedStamps(on: interface, plan.handling)
        missing = MissingStamps(on: interface)
        scheduleErrors = plan.interval > 0 ? Distribution() : nil
    }

    /// Whether any stamp came back.
    var hasMeasured: Bool { counts.stampedSoftware + counts.stampedHardware > 0 }

    /// Whether anything was sent that is to be measured.
    var hasSent: Bool { transmitter.sent > 0 }

    /// Sends until there is a reason to end, waits for the stamps that are still out, and sums up, also
    /// where that reason is a failure.
    mutating func run(_ signals: RunSignals, _ console: inout Console) throws(Failure) {
        defer { summarize(&console) }
        try send(signals, &console)
        try collect(&console)
    }

    private mutating func send(
        _ signals: RunSignals, _ console: inout Console
    ) throws(Failure) {
        var poll = PollSet()
        let reports = transmitter.add(to: &poll)
        let requests = poll.add(signals.queue)
        let reader = poll.addReader(of: .output)
        Scheduling.useFinestTimer()
        try begin()
        // What was planned on the clock of the stamps, read next to each frame: somebody may set that clock.
        var schedule = scheduleErrors.map { _ in ClockPair(.realtime) }
        var untilLook = lookInterval
        loop: while !console.isClosed {
            let now = transmitter.awaitDue()
            expire(at: now, &console)
            if transmitter.isFinished || transmitter.isOver(at: now) { break }
            let wasDue = try transmitter.sendIfDue(at: now, &console) { userspace, due in
                TransmitStamps(planned: schedule?.currentReading(at: due), userspace: userspace)
            }
            if wasDue {
                untilLook -= 1
                let isFlatOut = transmitter.plan.interval == 0 && untilLook > 0
                // One frame's reports, where the next frame is to go at once; now and then all there are.
                try collect(&console, limit: isFlatOut ? expected.reportCount * transmitter.plan.batch : nil)
                if transmitter.isFinished || isFlatOut { continue }
            }
            untilLook = lookInterval
            if missing.look(at: now, &console) {
                expected = ExpectedStamps(on: interface, transmitter.plan.handling)
            }
            if console.isClosed { break }
            transmitter.prepareWait(&poll, reports)
            console.flush()
            let wake = MonotonicTime.earlier(transmitter.wakeTime(), missing.nextLook)
            do throws(SystemError) { try poll.wait(until: wake) } catch {
                throw Failure("Cannot wait for transmit stamps", error)
            }
            if poll.isReady(reports) {
                transmitter.wake()
                try collect(&console, clearingErrors: true)
            }
            if poll.isReady(reader) { console.close() }
            if poll.isReady(requests) {
                while let request = signals.next() {
                    if case .stop = request { break loop }
                    reportStatus(&console)
                }
            }
        }
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

    private mutating func take(reportAt index: Int, _ console: inout Console) {
        let number: UInt64
        let stamps: TransmitStamps
        switch transmitter.report(at: index) {
        case .contradiction:
            counts.mismatched += 1
            return
        case .foreign:
            counts.unmatched += 1
            return
        case .notLaunched(let failure, of: let number): return take(failure, of: number, &console)
        case .stamps(let reported, let about): (stamps, number) = (reported, about)
        }
        guard let isOpen = transmitter.window.isOpen(number) else {
            counts.unmatched += 1
            return
        }
        let isNews = transmitter.window[number].merge(stamps)
        if !isOpen {
            // Overdue; or a repeat of what is known.
            guard isNews, number > transmitter.plan.warmup else { return }
            if stamps.hardware != nil { counts.lateHardware += 1 }
            if stamps.software != nil { counts.lateSoftware += 1 }
        } else if expected.areComplete(transmitter.window[number]) {
            settle(number, &console)
        }
    }

    /// A probe that was not launched is settled: nothing more of it is to come.
    private mutating func take(_ failure: LaunchFailure, of number: UInt64, _ console: inout Console) {
        guard let isOpen = transmitter.window.isOpen(number) else {
            counts.unmatched += 1
            return
        }
        // The rest of a batch is sent again from a frame that was refused, which is then refused twice.
        let isNews = transmitter.window[number].launchFailure == nil
        transmitter.window[number].launchFailure = failure
        if isNews, number > transmitter.plan.warmup {
            switch failure {
            case .missed: counts.launchMissed += 1
            case .invalid: counts.launchInvalid += 1
            }
        }
        if isOpen { settle(number, &console) }
    }

    /// Gives up those whose stamps should have come by now.
    private mutating func expire(at now: MonotonicTime, _ console: inout Console) {
        while let number = transmitter.window.overdue(at: now, timeout: transmitter.plan.timeout) {
            settle(number, &console)
        }
    }

    private mutating func settle(_ number: UInt64, _ console: inout Console) {
        let plan = transmitter.plan
        transmitter.window.close(number)
        guard number > plan.warmup else { return }
        let stamps = transmitter.window[number]
        if stamps.software != nil { counts.stampedSoftware += 1 } else { counts.missingSoftware += 1 }
        if stamps.hardware != nil { counts.stampedHardware += 1 } else { counts.missingHardware += 1 }
        if console.captures, let time = stamps.software ?? stamps.userspace {
            capture(number, at: time, &console)
        }
        if let error = stamps.scheduleError { scheduleErrors?.record(error) }
        guard !plan.isQuiet else { return }
        var reasons = MissingReasons()
        if console.isDetailed {
            if stamps.hardware == nil {
                reasons.hardware = missing.reasonForTransmitHardware(timeout: plan.timeout)
            }
            if stamps.software == nil {
                reasons.software = missing.reasonForTransmitSoftware(timeout: plan.timeout)
            }
            if stamps.scheduled == nil { reasons.scheduled = reasonForScheduled }
            if let failure = stamps.launchFailure {
                (reasons.hardware, reasons.software) = (failure.text, failure.text)
            }
        }
        console.write(
            .transmit(
                TransmitLine(
                    number: number, stamps: stamps, shape: plan.recorded?.shape(number) ?? plan.shape,
                    size: plan.recorded?.frame(number).count ?? plan.size,
                    clock: missing.clockName, missing: reasons)))
    }

    private mutating func capture(_ number: UInt64, at time: Timestamp, _ console: inout Console) {
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
            line.integer("stamped_software", counts.stampedSoftware)
        }
    }

    private mutating func summarize(_ console: inout Console) {
        console.awaitRoom()
        let (counts, overflows) = (counts, transmitter.reportOverflows)
        let unlaunched = counts.launchMissed + counts.launchInvalid
        let hardwareReasons = missing.reasonsForTransmitHardware(
            counts.missingHardware, late: counts.lateHardware, overflows: overflows, unlaunched: unlaunched)
        let softwareReasons = missing.reasonsForTransmitSoftware(
            counts.missingSoftware, late: counts.lateSoftware, overflows: overflows, unlaunched: unlaunched)
        let launches = transmitter.plan.launchOffset != nil
        let (dropped, uncaptured) = (console.droppedLines, console.droppedCaptures.map { Int64($0) })
        console.write(.info, "TX Summary") { line in
            line.integer("failed", transmitter.failed)
            line.integer("in_flight", UInt64(transmitter.window.openCount))
            line.integer("late_hardware", counts.lateHardware)
            line.integer("late_software", counts.lateSoftware)
            line.integer("launch_invalid", launches ? Int64(counts.launchInvalid) : nil)
            line.integer("launch_missed", launches ? Int64(counts.launchMissed) : nil)
            line.integer("lines_dropped", dropped)
            line.integer("mismatched", counts.mismatched)
            line.missing(
                "missing_hardware", counts.missingHardware, because: "missing_hardware_reason",
                hardwareReasons)
            line.missing(
                "missing_software", counts.missingSoftware, because: "missing_software_reason",
                softwareReasons)
            line.integer("pcap_dropped", uncaptured)
            line.integer("queue_overflows", overflows)
            line.integer("schedule_error_max_ns", scheduleErrors?.maximum)
            line.integer("schedule_error_min_ns", scheduleErrors?.minimum)
            line.integer("schedule_error_p50_ns", scheduleErrors?.percentile(.p50))
            line.integer("schedule_error_p99_ns", scheduleErrors?.percentile(.p99))
            line.integer("sent", transmitter.sent)
            line.integer("stamped_hardware", counts.stampedHardware)
            line.integer("stamped_software", counts.stampedSoftware)
            line.integer("unmatched", counts.unmatched)
            line.integer("warmup", transmitter.warmedUp)
        }
    }
}

/// How many frames are sent flat out before the signals and the time-outs are looked at.
private let lookInterval = 64
