import AFPacketKit

/// What is kept of a frame that was sent.
protocol TransmitEntry {
    /// What is known when it was handed to the kernel.
    init(sent: TransmitStamps)
}

/// Sends numbered frames when they are due, and keeps what is known of each until it is settled.
struct PacedTransmitter<Entry: TransmitEntry, Socket: Port & ~Copyable>: ~Copyable {
    let plan: TransmitPlan
    /// The frames in flight.
    var window: ProbeWindow<Entry>
    /// Whether to take a userspace stamp just before each call; not where nobody asks for it.
    var takesUserspaceStamps = true
    /// The clock of the software stamps, by which the due times are kept; nil if they are not. Read next to each frame:
    /// somebody may set it.
    var dueClock: ClockPair?
    /// Frames sent to be measured.
    private(set) var sent: UInt64 = 0
    /// Frames sent for warming up.
    private(set) var warmedUp: UInt64 = 0
    /// Frames that the system did not take.
    private(set) var failed: UInt64 = 0

    private var transmitter: Transmitter<Socket>
    private let interface: NetworkInterface
    private var pacing: Pacing
    private var link: LinkMonitor
    /// Whether the last frame found no room to be sent.
    private(set) var isWaitingForRoom = false
    /// When to try again after a frame that found a full queue, or the interface down.
    private var retryAt = MonotonicTime(nanoseconds: 0)
    private var hasToldDrops = false
    private let isStopAndWait: Bool
    /// Whether the next frame waits for the answer to the last.
    private var waitsForAnswer = false
    /// Nanoseconds that the next frame waits all the same, from the next call of `sendIfDue` on.
    private var pauseToBegin: Int64 = 0
    private var start: MonotonicTime
    /// When the time of the run is over.
    private var end = MonotonicTime.never
    /// How long before a frame is due not to sleep any more, in nanoseconds.
    private var spinMargin: Int64 = 0
    private var launchClock: ClockPair?

    /// - Parameter isStopAndWait: whether each frame waits for the answer to the last.
    init(
        _ socket: consuming Socket, _ frame: ProbeFrame, _ plan: TransmitPlan, _ reader: InterfaceReader,
        isStopAndWait: Bool
    ) {
        let batch = plan.framesAtOnce(isStopAndWait: isStopAndWait)
        start = socket.monotonicTime()
        transmitter = Transmitter(
            socket, frame, batch: batch, capacity: plan.windowCapacity,
            hasLaunchTimes: plan.options.launchClock != nil,
            replay: plan.replay)
        launchClock = plan.options.launchClock.map { ClockPair($0) }
        self.plan = plan
        self.isStopAndWait = isStopAndWait
        interface = reader.interface
        link = LinkMonitor(reader)
        window = ProbeWindow(capacity: plan.windowCapacity, filler: Entry(sent: TransmitStamps()))
        pacing = Pacing(
            interval: plan.interval, batch: UInt64(batch), count: plan.totalCount,
            times: plan.keepsDistances ? plan.replay?.times ?? [] : [], at: start)
    }

    /// Starts the run: called by the thread that sends, once it is scheduled as it is to be.
    mutating func begin() throws(RunError) {
        if plan.spins, plan.interval > 0 {
            do throws(SystemError) { spinMargin = try SpinMargin.measured(on: transmitter.socket) } catch {
                throw RunError(.measureWakeUp, error)
            }
        }
        start = now
        end = plan.deadline.map { [start] in start + $0 } ?? .never
        pacing.begin(at: start)
    }

    /// CLOCK_MONOTONIC.
    var now: MonotonicTime { transmitter.socket.monotonicTime() }

    /// Whether all has been sent and settled.
    var isFinished: Bool { pacing.isFinished && window.openCount == 0 }

    /// Whether the time of the run is over.
    func isOver(at now: MonotonicTime) -> Bool { now >= end }

    /// Nanoseconds since the start of the run.
    var elapsed: Int64 { now - start }

    // MARK: Sending

    /// How many frames may go out together when they are due.
    private var readyCount: Int {
        isWaitingForRoom || waitsForAnswer ? 0 : Int(truncatingIfNeeded: min(pacing.readyCount, window.room))
    }

    /// When the next frame may go out.
    private var nextSend: MonotonicTime { max(pacing.nextDue, retryAt) }

    /// The time now or, if a frame is nearly due, the time when it is, spinning until then.
    func awaitDue(from now: MonotonicTime) -> MonotonicTime {
        guard spinMargin > 0, readyCount > 0, nextSend - now <= spinMargin else { return now }
        var now = now
        while now < nextSend { now = self.now }
        return now
    }

    /// Sends the frames that are due.
    ///
    /// - Returns: how many were sent; nil if none was due.
    mutating func sendIfDue(at now: MonotonicTime, _ events: some RunEvents) throws(RunError) -> Int? {
        if pauseToBegin > 0 { (retryAt, pauseToBegin) = (now + pauseToBegin, 0) }
        let readyCount = readyCount
        guard readyCount > 0, now >= nextSend else { return nil }
        let first = pacing.sentCount + 1
        let launch = pacing.nextDue + (plan.launchOffset ?? 0)
        let launchTime = transmitter.socket.reading(of: &launchClock, at: launch)
        transmitter.prepare(count: readyCount, launchTime: launchTime)
        var count = 0
        do throws(SystemError) {
            try send(readyCount, from: first, at: now, due: launch, taken: &count)
            advance(by: UInt64(count), from: first, at: now, events)
        } catch {
            advance(by: UInt64(count), from: first, at: now, events)
            try handle(error, sending: first + UInt64(count), at: now, events)
        }
        return count
    }

    /// Sends frames that are ready, and adds them to the window.
    private mutating func send(
        _ readyCount: Int, from first: UInt64, at now: MonotonicTime, due: MonotonicTime, taken: inout Int
    ) throws(SystemError) {
        while taken < readyCount {
            let start = taken
            // Each call has a stamp of its own, where stamps are taken.
            let end = takesUserspaceStamps ? min(start + plan.batch, readyCount) : readyCount
            let userspace = takesUserspaceStamps ? transmitter.socket.realTime() : nil
            defer {
                let due = transmitter.socket.reading(of: &dueClock, at: due)
                let entry = Entry(sent: TransmitStamps(due: due, userspace: userspace))
                window.open(
                    first + UInt64(start), count: taken - start, at: now + (plan.launchOffset ?? 0), entry)
            }
            try transmitter.send(start..<end, perCall: plan.batch, taken: &taken)
            guard taken > start else {
                isWaitingForRoom = true
                return
            }
        }
    }

    /// Goes on after frames that were sent.
    private mutating func advance(
        by count: UInt64, from first: UInt64, at now: MonotonicTime, _ events: some RunEvents
    ) {
        guard count > 0 else { return }
        let warming = first > plan.warmup ? 0 : min(count, plan.warmup - first + 1)
        warmedUp += warming
        sent += count - warming
        waitsForAnswer = isStopAndWait
        link.comeUp(events)
        pacing.advance(at: now, by: count)
    }

    /// Lets the next frame go, if that number is the last one sent.
    ///
    /// - Parameter pause: nanoseconds that it waits all the same, from the next call of `sendIfDue` on, unless this is called
    ///   once more.
    mutating func allowNext(after number: UInt64, pause: Int64 = 0) {
        guard isStopAndWait, number == pacing.sentCount else { return }
        waitsForAnswer = false
        retryAt = MonotonicTime(nanoseconds: 0)
        pauseToBegin = pause
    }

    /// Goes on after a frame that was not sent, if there is a point in it.
    private mutating func handle(
        _ error: SystemError, sending number: UInt64, at now: MonotonicTime, _ events: some RunEvents
    ) throws(RunError) {
        switch error.code {
        case .noBufferSpace where plan.interval == 0:
            // As fast as it goes is no faster than this: the same frame again, a little later.
            retryAt = now + 1_000_000
            return
        case .noBufferSpace:
            if !hasToldDrops { events.diagnosed(.framesDropped(error)) }
            hasToldDrops = true
        case .networkDown, .noSuchAddress, .noSuchDevice:
            try link.goDown(at: now, events)
            retryAt = link.checkDue
        default:
            throw RunError(.send, error, on: interface)
        }
        transmitter.skip()
        window.skip(number)
        failed += 1
        pacing.advance(at: now)
    }

    // MARK: Waiting

    /// The oldest frame in flight whose time-out is over; nil if there is none.
    mutating func overdue(at now: MonotonicTime) -> UInt64? {
        window.overdue(at: now, timeout: plan.timeout)
    }

    func watchCompletions(in poll: inout PollSet) { transmitter.socket.watchCompletions(in: &poll) }

    /// When something is due, at the latest.
    mutating func wakeTime() -> MonotonicTime {
        var wake = end
        // First, for it makes room in the window.
        let oldest = window.oldestOpen()
        if readyCount > 0 { wake = min(wake, nextSend + -spinMargin) }
        if let oldest { wake = min(wake, oldest.sentAt + plan.timeout) }
        return wake
    }

    // MARK: Completions

    /// Reads the completions that wait, as many as fit at once, and returns how many these are.
    ///
    /// - Parameters:
    ///   - isReady: whether poll(2) found the error queue ready: if there is no completion, an error of the socket itself is
    ///     cleared, which would otherwise keep it ready.
    ///   - limit: how many to read at most.
    mutating func receiveCompletions(isReady: Bool = false, limit: Int = .max) throws(RunError) -> Int {
        if isReady { isWaitingForRoom = false }
        do throws(SystemError) {
            let count = try transmitter.receiveCompletions(limit: limit)
            if count == 0, isReady { _ = transmitter.socket.takePendingError() }
            return count
        } catch {
            throw RunError(.readCompletions, error, on: interface)
        }
    }

    /// Whether completions may be left that did not fit.
    var mayHaveMoreCompletions: Bool { transmitter.mayHaveMore }

    /// The completion at `index` of those read last.
    mutating func completion(at index: Int) -> Transmitter<Socket>.Completion {
        transmitter.completion(at: index)
    }

    /// How often the error queue was found full.
    var completionOverflows: UInt64 { transmitter.overflows }
}
