import AFPacketKit

/// What is to be sent, and for how long.
struct TransmitPlan {
    let shape: FrameShape
    /// The length of every frame, without the FCS.
    let size: Int
    let handling: Handling
    /// Nanoseconds between frames; 0 is as fast as it goes.
    let interval: Int64
    /// Frames to be measured; nil for no end.
    let count: UInt64?
    /// Frames sent before these and not measured.
    let warmup: UInt64
    /// Nanoseconds after which to end, whatever has come.
    let deadline: Int64?
    /// Nanoseconds to wait for what belongs to a frame.
    let timeout: Int64
    /// Whether frames get no line.
    let isQuiet: Bool
    /// Whether to watch the clock awake where a frame is nearly due.
    var spins = false
    /// Frames that are sent by one call, and are due together.
    var batch = 1
    /// Nanoseconds from a frame's due time, when it is handed to the kernel, until it is to leave; nil where it leaves at
    /// once.
    var launchOffset: Int64?
    /// Frames to be sent instead of probes.
    var recorded: RecordedFrames?
    /// Whether they keep the distances that they were captured at.
    var keepsDistances = false
}

/// What is kept of a frame that was sent.
protocol TransmitEntry {
    /// What is known when it was handed to the kernel.
    init(sent: TransmitStamps)
}

/// Sends numbered frames on schedule, and keeps what is known of each until it is settled.
struct PacedTransmitter<Entry: TransmitEntry>: ~Copyable {
    let plan: TransmitPlan
    var window: ProbeWindow<Entry>
    /// Whether to read the clock just before each call, for those who keep that stamp.
    var readsClock = true
    /// The clock of the stamps, for those who keep when a frame is to leave by it. Read next to each frame: somebody may
    /// set it.
    var plannedClock: ClockPair?
    /// Frames sent to be measured.
    private(set) var sent: UInt64 = 0
    /// Frames sent for warming up.
    private(set) var warmedUp: UInt64 = 0
    /// Frames that the system did not take.
    private(set) var failed: UInt64 = 0

    private var transmitter: Transmitter
    private let interface: NetworkInterface
    private var pacing: Pacing
    private var outage = Outage()
    /// Whether the last frame found no room to be sent.
    private(set) var isWaitingForRoom = false
    /// When to try again after a frame that found a full queue, or the interface down.
    private var retryAt = MonotonicTime(nanoseconds: 0)
    private var isDropReported = false
    private let isOneAtATime: Bool
    /// Whether the next frame has to wait for the release of the last.
    private(set) var isHeld = false
    /// Nanoseconds that it has to wait all the same from the next call of `sendIfDue` on.
    private var pauseToBegin: Int64 = 0
    private let start: MonotonicTime
    /// When the time of the run is over.
    private let end: MonotonicTime
    /// How long before a frame is due not to sleep any more, in nanoseconds.
    private var margin: Int64 = 0
    private var launchClock: ClockPair?

    /// - Parameter isOneAtATime: whether a frame has to be released before the next is sent.
    init(
        on interface: NetworkInterface, _ message: ProbeMessage, _ plan: TransmitPlan, isOneAtATime: Bool
    ) throws(SystemError) {
        // As fast as it goes a few calls make a batch, too.
        let callsInBatch = plan.interval == 0 && !isOneAtATime ? max(1, smallestBatch / plan.batch) : 1
        let batch = callsInBatch * plan.batch
        transmitter = try Transmitter(
            on: interface, message, in: plan.shape, size: plan.size, plan.handling, batch: batch,
            recorded: plan.recorded)
        launchClock = plan.handling.launchClock.map { ClockPair($0) }
        start = .now()
        end = plan.deadline.map { [start] in start + $0 } ?? .never
        self.plan = plan
        self.interface = interface
        self.isOneAtATime = isOneAtATime
        window = ProbeWindow(
            capacity: Self.windowCapacity(plan), filler: Entry(sent: TransmitStamps()))
        let total = plan.count.map { $0.addingReportingOverflow(plan.warmup) }
        pacing = Pacing(
            interval: plan.interval, batch: UInt64(batch),
            count: total.flatMap { $0.overflow ? nil : $0.partialValue },
            times: plan.keepsDistances ? plan.recorded?.times ?? [] : [])
    }

    /// All that is sent within the time-out may be unsettled at once, within bounds.
    private static func windowCapacity(_ plan: TransmitPlan) -> Int {
        guard plan.interval > 0 else { return max(4096, 4 * plan.batch) }
        let most = (plan.timeout + (plan.launchOffset ?? 0)) / plan.interval + Int64(plan.batch - 1)
        return Int(min(max(most, 62), 65_534) + 2)
    }

    /// Whether all has been sent and settled.
    var isFinished: Bool { pacing.isFinished && window.openCount == 0 }

    /// Whether the time of the run is over.
    func isOver(at now: MonotonicTime) -> Bool { now >= end }

    /// Nanoseconds since the start of the run.
    var elapsed: Int64 { MonotonicTime.now() - start }

    // MARK: Sending

    /// How many frames may go out together when their time has come.
    private var readyCount: Int {
        isWaitingForRoom || isHeld ? 0 : Int(truncatingIfNeeded: min(pacing.readyCount, window.room))
    }

    /// Sends the next frame, or a batch of them, if it is due.
    ///
    /// - Returns: how many were sent; nil where none was due.
    @inline(__always)
    mutating func sendIfDue(at now: MonotonicTime, _ console: inout Console) throws(Failure) -> Int? {
        if pauseToBegin > 0 { (retryAt, pauseToBegin) = (now + pauseToBegin, 0) }
        let readyCount = readyCount
        guard readyCount > 0, now >= nextSend else { return nil }
        return transmitter.isSingle
            ? try sendSingle(at: now, &console) : try send(readyCount, at: now, &console)
    }

    private mutating func sendSingle(at now: MonotonicTime, _ console: inout Console) throws(Failure) -> Int {
        let number = pacing.sentCount &+ 1
        transmitter.prepareSingle(number)
        let userspace = readsClock ? Timestamp.now() : nil
        do throws(SystemError) {
            guard try transmitter.sendSingle(number) else {
                isWaitingForRoom = true
                return 0
            }
        } catch {
            try take(error, sending: number, at: now, &console)
            return 0
        }
        let planned = plannedClock?.currentReading(at: pacing.nextDue)
        window.open(number, at: now, Entry(sent: TransmitStamps(planned: planned, userspace: userspace)))
        advance(by: 1, from: number, at: now, &console)
        return 1
    }

    /// Sends frames that are due together.
    @inline(never)
    private mutating func send(
        _ readyCount: Int, at now: MonotonicTime, _ console: inout Console
    ) throws(Failure) -> Int {
        let first = pacing.sentCount + 1
        let launch = pacing.nextDue + (plan.launchOffset ?? 0)
        let sentAt = now + (plan.launchOffset ?? 0)
        transmitter.prepare(first, count: readyCount, launchTime: launchClock?.currentReading(at: launch))
        var count = 0
        do throws(SystemError) {
            while count < readyCount {
                let start = count
                // Each call has a time of its own, where the clock is read.
                let end = readsClock ? min(start + plan.batch, readyCount) : readyCount
                let userspace = readsClock ? Timestamp.now() : nil
                defer {
                    let planned = plannedClock?.currentReading(at: launch)
                    window.open(
                        first + UInt64(start), count: count - start, at: sentAt,
                        Entry(sent: TransmitStamps(planned: planned, userspace: userspace)))
                }
                try transmitter.send(start..<end, perCall: plan.batch, taken: &count)
                guard count > start else {
                    isWaitingForRoom = true
                    break
                }
            }
            advance(by: UInt64(count), from: first, at: now, &console)
        } catch {
            advance(by: UInt64(count), from: first, at: now, &console)
            try take(error, sending: first + UInt64(count), at: now, &console)
        }
        return count
    }

    /// Goes on after frames that were sent.
    @inline(__always)
    private mutating func advance(
        by count: UInt64, from first: UInt64, at now: MonotonicTime, _ console: inout Console
    ) {
        guard count > 0 else { return }
        if first > plan.warmup { sent &+= count } else { countWarmup(count, from: first) }
        isHeld = isOneAtATime
        if outage.nextLook != nil { outage.end(interface, &console) }
        pacing.advance(at: now, by: count)
    }

    private mutating func countWarmup(_ count: UInt64, from first: UInt64) {
        let warming = min(count, plan.warmup - first + 1)
        warmedUp += warming
        sent += count - warming
    }

    /// Lets the next frame go, if that number is the last one sent.
    ///
    /// - Parameter pause: nanoseconds for which it has to wait all the same from the next time on that `sendIfDue` is
    ///   called, unless it is released once more.
    mutating func release(_ number: UInt64, after pause: Int64 = 0) {
        guard isOneAtATime, number == pacing.sentCount else { return }
        isHeld = false
        retryAt = MonotonicTime(nanoseconds: 0)
        pauseToBegin = pause
    }

    /// Starts the schedule: to be called by the thread that sends, when it is scheduled as it is to be.
    mutating func begin() throws(SystemError) {
        if plan.spins, plan.interval > 0 { margin = try SpinMargin.measured() }
        pacing.begin()
    }

    /// What the clock shows now or, where a frame is nearly due, when it is due.
    func awaitDue() -> MonotonicTime {
        var now = MonotonicTime.now()
        guard margin > 0, readyCount > 0, nextSend - now <= margin else { return now }
        while now < nextSend { now = .now() }
        return now
    }

    /// When the next frame may go out.
    private var nextSend: MonotonicTime {
        max(pacing.nextDue, retryAt)
    }

    /// Goes on after a frame that was not sent, if there is a point in it.
    private mutating func take(
        _ error: SystemError, sending number: UInt64, at now: MonotonicTime, _ console: inout Console
    ) throws(Failure) {
        switch error.code {
        case .noBufferSpace where plan.interval == 0:
            // As fast as it goes is no faster than this: the same frame again, a little later.
            retryAt = now + 1_000_000
            return
        case .noBufferSpace:
            if !isDropReported {
                console.report(.warning, "Frames are dropped on this host, before the NIC") { line in
                    line.string("error", error.description)
                    line.string("hint", "send more slowly; look at tc -s qdisc, and at the MTU of both ends")
                }
            }
            isDropReported = true
        case .networkDown, .noSuchAddress, .noSuchDevice:
            try outage.begin(interface, &console)
            retryAt = outage.nextLook ?? retryAt
        default:
            throw Failure("Cannot send on interface \(interface.name)", error, interface: interface)
        }
        window.skip(number)
        failed += 1
        pacing.advance(at: now)
    }

    // MARK: Waiting

    /// The oldest frame that waits for something and has done so for longer than the time-out; nil where there is none.
    @inline(__always)
    mutating func overdue(at now: MonotonicTime) -> UInt64? {
        window.overdue(at: now, timeout: plan.timeout)
    }

    /// Adds the error queue, where the transmit stamps come back, to what is waited for.
    func add(to poll: inout PollSet) { poll.addErrorQueue(of: transmitter.socket, as: .completions) }

    /// Prepares a wait: for room to send, too, where the last frame found none.
    func prepareWait(_ poll: inout PollSet) {
        poll.watchWritability(of: .completions, isWaitingForRoom)
    }

    /// When there is something to do at the latest.
    @inline(__always)
    mutating func wakeTime() -> MonotonicTime {
        var wake = end
        // First, for it makes room in the window.
        let oldest = window.oldestOpen()
        if readyCount > 0 { wake = min(wake, nextSend + -margin) }
        if let oldest { wake = min(wake, oldest.sentAt + plan.timeout) }
        return wake
    }

    /// Takes note that the error queue's socket was found ready.
    mutating func wake() { isWaitingForRoom = false }

    // MARK: What comes back

    /// Reads the transmit stamps that wait, as many as fit at once, and returns how many reports these are.
    ///
    /// - Parameters:
    ///   - clearingErrors: whether to take an error of the socket itself, where there is nothing else, which would
    ///     otherwise make it ready for ever.
    ///   - limit: how many to take at most.
    mutating func receiveReports(clearingErrors: Bool, limit: Int = .max) throws(Failure) -> Int {
        do throws(SystemError) {
            let count = try transmitter.receiveReports(limit: limit)
            if count == 0, clearingErrors { _ = transmitter.socket.takePendingError() }
            return count
        } catch {
            throw Failure("Cannot read the transmit stamps of interface \(interface.name)", error)
        }
    }

    /// Whether reports may be left that did not fit.
    var mayHaveMoreReports: Bool { transmitter.mayHaveMore }

    /// The stamps in the report at `index` of those read last, and the number of the probe; nil where `report` says more
    /// of it.
    @inline(__always)
    mutating func stamps(at index: Int) -> (ReportedStamps, number: UInt64)? { transmitter.stamps(at: index) }

    /// The report at `index` of those read last.
    mutating func report(at index: Int) -> Transmitter.Report { transmitter.report(at: index) }

    /// How often the queue of the reports was found full.
    var reportOverflows: UInt64 { transmitter.overflows }
}

/// How many frames at least are sent together as fast as they can go: what is looked at once for all of them, and reading
/// their reports by one call, costs less than for each. More gain nothing: the reports have left the cache by then.
private let smallestBatch = 8
