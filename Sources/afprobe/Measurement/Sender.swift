import AFPacketKit

/// What a run of `send` is to do.
struct SendPlan {
    let shape: FrameShape
    let size: Int
    let priority: Int?
    let interval: Int64
    /// Probes to be measured; nil for no end.
    let count: UInt64?
    /// Probes sent before these and not measured.
    let warmup: UInt64
    let deadline: Int64?
    let timeout: Int64
    let isQuiet: Bool
}

/// A run of `send`: sends probes on schedule and prints when each was seen on its way out.
struct Sender: ~Copyable {
    private var transmitter: Transmitter
    private var window: ProbeWindow<TransmitStamps>
    private var pacing: Pacing
    private let plan: SendPlan
    private let interface: NetworkInterface
    private let expected: ExpectedStamps
    private let start = MonotonicTime.now()

    private var counts = Counts()
    private var outage = Outage()
    private var isStopping = false
    private var isWaitingForRoom = false

    private struct Counts {
        var failed: UInt64 = 0
        var stampedSoftware: UInt64 = 0
        var stampedHardware: UInt64 = 0
        var missingSoftware: UInt64 = 0
        var missingHardware: UInt64 = 0
        var late: UInt64 = 0
        var unmatched: UInt64 = 0
    }

    init(on interface: NetworkInterface, _ plan: SendPlan, isDetailed: Bool) throws(Failure) {
        self.plan = plan
        self.interface = interface
        let message = ProbeMessage(number: 0, kind: .probe, session: .random(in: 1 ... .max))
        do throws(SystemError) {
            transmitter = try Transmitter(
                on: interface, message, in: plan.shape, size: plan.size, priority: plan.priority,
                scheduled: isDetailed)
        } catch {
            throw Failure("Cannot send on interface \(interface.name)", error)
        }
        expected = ExpectedStamps(on: interface, scheduled: isDetailed)
        window = ProbeWindow(
            capacity: windowCapacity(interval: plan.interval, timeout: plan.timeout),
            filler: TransmitStamps())
        pacing = Pacing(interval: plan.interval, count: plan.count.map { $0 + plan.warmup })
    }

    /// Whether any stamp came back.
    var hasMeasured: Bool { counts.stampedSoftware + counts.stampedHardware > 0 }

    /// Sends until there is a reason to end, waits for the stamps that are still out, and sums up, also
    /// where that reason is a failure.
    mutating func run(_ signals: borrowing RunSignals, _ console: inout Console) throws(Failure) {
        defer { summarize(&console) }
        try send(signals, &console)
        try collect(&console)
    }

    private mutating func send(
        _ signals: borrowing RunSignals, _ console: inout Console
    ) throws(Failure) {
        var poll = PollSet()
        let reports = poll.addErrorQueue(of: transmitter.socket)
        let requests = poll.add(signals.queue)
        PollSet.useFinestTimer()
        var untilLook = lookInterval
        loop: while !console.isClosed {
            let now = MonotonicTime.now()
            expire(at: now, &console)
            if plan.deadline.map({ now >= start + $0 }) ?? false { break }
            if isFinished { break }
            if canSend, now >= max(pacing.nextDue, outage.retryAt) {
                try sendNext(at: now, &console)
                try collect(&console)
                untilLook -= 1
                if isFinished || (canSend && plan.interval == 0 && untilLook > 0) { continue }
            }
            untilLook = lookInterval
            poll.watchWritability(of: reports, isWaitingForRoom)
            do throws(SystemError) { try poll.wait(until: wakeTime()) } catch {
                throw Failure("Cannot wait for transmit stamps", error)
            }
            if poll.isReady(reports) {
                isWaitingForRoom = false
                try collect(&console, clearingErrors: true)
            }
            if poll.isReady(requests) {
                while let request = signals.next() {
                    if case .stop = request { break loop }
                    reportStatus(&console)
                }
            }
        }
    }

    private var isFinished: Bool { pacing.isFinished && window.openCount == 0 }

    private var canSend: Bool { !pacing.isFinished && !window.isFull && !isWaitingForRoom }

    /// When there is something to do at the latest.
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
            window.open(number, at: now, TransmitStamps(userspace: userspace))
            outage.end()
        } catch {
            try outage.begin(error, sending: interface, &console)
            window.skip(number)
            counts.failed += 1
        }
        pacing.advance(at: now)
    }

    /// Reads all transmit stamps that have come back.
    private mutating func collect(
        _ console: inout Console, clearingErrors: Bool = false
    ) throws(Failure) {
        do throws(SystemError) {
            repeat {
                let count = try transmitter.receiveReports()
                for index in 0..<count { take(reportAt: index, &console) }
                // An error of the socket's own would otherwise make it ready for ever.
                if count == 0, clearingErrors { _ = transmitter.socket.takePendingError() }
            } while transmitter.mayHaveMore
        } catch {
            throw Failure("Cannot read the transmit stamps of interface \(interface.name)", error)
        }
    }

    private mutating func take(reportAt index: Int, _ console: inout Console) {
        guard let (number, stamps) = transmitter.report(at: index), let isOpen = window.isOpen(number) else {
            counts.unmatched += 1
            return
        }
        guard isOpen else {
            // Overdue, or a repeat of what is known.
            if window[number].merge(stamps), number > plan.warmup { counts.late += 1 }
            return
        }
        _ = window[number].merge(stamps)
        if expected.areComplete(window[number]) { settle(number, &console) }
    }

    /// Gives up those whose stamps should have come by now.
    private mutating func expire(at now: MonotonicTime, _ console: inout Console) {
        while let number = window.overdue(at: now, timeout: plan.timeout) { settle(number, &console) }
    }

    private mutating func settle(_ number: UInt64, _ console: inout Console) {
        window.close(number)
        guard number > plan.warmup else { return }
        let stamps = window[number]
        if stamps.software != nil { counts.stampedSoftware += 1 } else { counts.missingSoftware += 1 }
        if stamps.hardware != nil { counts.stampedHardware += 1 }
        if expected.hardware, stamps.hardware == nil { counts.missingHardware += 1 }
        if !plan.isQuiet { console.write(stamps, of: number, in: plan.shape, size: plan.size) }
    }

    private func reportStatus(_ console: inout Console) {
        console.report(.info, "TX Status") { line in
            line.integer("sent", pacing.sentCount - counts.failed)
            line.integer("stamped_software", counts.stampedSoftware)
        }
    }

    private func summarize(_ console: inout Console) {
        let warmup = min(plan.warmup, pacing.sentCount)
        console.write(.info, "TX Summary") { line in
            line.integer("failed", counts.failed)
            line.integer("in_flight", UInt64(window.openCount))
            line.integer("late", counts.late)
            line.integer("missing_hardware", counts.missingHardware)
            line.integer("missing_software", counts.missingSoftware)
            line.integer("sent", pacing.sentCount - warmup - counts.failed)
            line.integer("stamped_hardware", counts.stampedHardware)
            line.integer("stamped_software", counts.stampedSoftware)
            line.integer("unmatched", counts.unmatched)
            line.integer("warmup", warmup)
        }
    }
}

/// How many frames are sent flat out before the signals and the time-outs are looked at.
private let lookInterval = 64

/// How many probes may be unsettled at once: all that are sent within the time-out, within bounds.
func windowCapacity(interval: Int64, timeout: Int64) -> Int {
    guard interval > 0 else { return 4096 }
    return Int(min(max(timeout / interval + 2, 64), 65_536))
}

extension Console {
    /// Writes the line of a probe that was sent.
    fileprivate mutating func write(
        _ stamps: TransmitStamps, of number: UInt64, in shape: FrameShape, size: Int
    ) {
        let isDetailed = isDetailed
        write(.info, "TX Recvmsg") { line in
            if isDetailed { line.address("from", shape.source) }
            line.stamp("hardware", stamps.hardware)
            if isDetailed { line.integer("pcp", shape.vlan.map { Int64($0.priority) }) }
            line.integer("probe", number)
            if isDetailed {
                line.integer("scheduled_ns", stamps.scheduled?.nanoseconds)
                line.integer("size", UInt64(size))
            }
            line.stamp("software", stamps.software)
            if isDetailed {
                line.address("to", shape.destination)
                line.integer("userspace_ns", stamps.userspace?.nanoseconds)
                line.integer("vlan", shape.vlan.map { Int64($0.identifier) })
            }
        }
    }
}
