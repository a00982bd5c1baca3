import AFPacketKit

/// The entry kept for a frame that was sent.
protocol TransmitEntry {
    /// An entry with the stamps known when the frame is handed to the kernel.
    init(sent: TransmitStamps)
}

/// Sends numbered frames when they are due, and keeps an entry for each until it is settled.
struct PacedTransmitter<Entry: TransmitEntry, Socket: Port & ~Copyable>: ~Copyable {
    let plan: TransmitPlan
    var window: InFlightWindow<Entry>
    /// Tells whether to take a userspace stamp just before each call; not if nobody needs it.
    var takesUserspaceStamps = true
    /// The clock of the software stamps, for the due times; nil if these are not kept. It is read for each frame,
    /// because it may be set.
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
    /// Tells whether the last frame found no room to be sent.
    private(set) var isWaitingForRoom = false
    /// The time of the next attempt after a full queue or an interface that was down.
    private var retryAt = MonotonicTime(nanoseconds: 0)
    /// The reasons why frames were not sent that have been told.
    private var toldErrors: Set<ErrorCode> = []
    private let isStopAndWait: Bool
    /// Tells whether the next frame waits for the answer to the last.
    private var waitsForAnswer = false
    /// Nanoseconds that the next frame is still to wait, from the next call of `sendIfDue` on.
    private var pauseToBegin: Int64 = 0
    /// The time at which the run began, and the first frame is due.
    private(set) var start: MonotonicTime
    /// The end of the run's time.
    private var end = MonotonicTime.never
    /// Nanoseconds before a due time from which to spin.
    private var spinMargin: Int64 = 0
    private var launchClock: ClockPair?

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
        window = InFlightWindow(capacity: plan.windowCapacity, filler: Entry(sent: TransmitStamps()))
        pacing = Pacing(
            interval: plan.interval, batch: UInt64(batch), count: plan.totalCount,
            times: plan.keepsDistances ? plan.replay?.times ?? [] : [], at: start)
    }

    /// Starts the run. The sending thread calls it once its CPU scheduling is set.
    mutating func begin() throws(RunError) {
        if plan.spinsUntilDue, plan.interval > 0 {
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

    /// Checks for a step of the clock before a request is sent at `now`.
    func check(_ steps: inout ClockSteps, before now: MonotonicTime) -> Bool {
        steps.check(on: transmitter.socket, before: now)
    }

    /// The same by readings of both clocks.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    func check(_ steps: inout ClockSteps, _ real: Timestamp, before monotonic: MonotonicTime) {
        steps.check(real, before: monotonic, on: transmitter.socket)
    }

    /// Tells whether all has been sent and settled.
    var isFinished: Bool { pacing.isFinished && window.inFlightCount == 0 }

    func isOver(at now: MonotonicTime) -> Bool { now >= end }

    /// Nanoseconds since the start of the run.
    var elapsed: Int64 { now - start }

    // MARK: Sending

    /// The number of frames that may be sent together when they are due.
    private var readyCount: Int {
        isWaitingForRoom || waitsForAnswer ? 0 : Int(truncatingIfNeeded: min(pacing.readyCount, window.room))
    }

    private var nextSend: MonotonicTime { max(pacing.nextDue, retryAt) }

    /// Spins until the next frame is due, if it nearly is, and returns the time after that.
    func awaitDue(from now: MonotonicTime) -> MonotonicTime {
        guard spinMargin > 0, readyCount > 0, nextSend - now <= spinMargin else { return now }
        var now = now
        while now < nextSend { now = self.now }
        return now
    }

    /// Sends the frames that are due, and returns their number; nil if none was due.
    @inline(__always)  // "ping, with follow-ups: user instructions"
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
    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func send(
        _ readyCount: Int, from first: UInt64, at now: MonotonicTime, due: MonotonicTime, taken: inout Int
    ) throws(SystemError) {
        while taken < readyCount {
            let start = taken
            // Each call has its own stamp, if stamps are taken.
            let end = takesUserspaceStamps ? min(start + plan.batch, readyCount) : readyCount
            let userspace = takesUserspaceStamps ? transmitter.socket.realTime() : nil
            defer {
                let due = transmitter.socket.reading(of: &dueClock, at: due)
                let entry = Entry(sent: TransmitStamps(due: due, userspace: userspace))
                window.add(
                    first + UInt64(start), count: taken - start, at: now + (plan.launchOffset ?? 0), entry)
            }
            try transmitter.send(start..<end, perCall: plan.batch, taken: &taken)
            guard taken > start else {
                isWaitingForRoom = true
                return
            }
        }
    }

    /// Advances after frames that were sent.
    @inline(__always)  // "ping, with follow-ups: user instructions"
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

    /// Allows the next frame, if `number` is the last one sent.
    ///
    /// - Parameter pause: nanoseconds for which it still waits, from the next call of `sendIfDue` on; a further call
    ///   replaces it.
    mutating func allowNext(after number: UInt64, pause: Int64 = 0) {
        guard isStopAndWait, number == pacing.sentCount else { return }
        waitsForAnswer = false
        retryAt = MonotonicTime(nanoseconds: 0)
        pauseToBegin = pause
    }

    /// Continues after a frame that was not sent; throws if the error is not a passing one.
    private mutating func handle(
        _ error: SystemError, sending number: UInt64, at now: MonotonicTime, _ events: some RunEvents
    ) throws(RunError) {
        switch error.code {
        case .noBufferSpace where plan.interval == 0:
            // Flat out, a full queue is the limit: the same frame is sent a little later.
            retryAt = now + 1_000_000
            return
        case .noBufferSpace:
            // Without a carrier, that is the reason, which is told with the change of the link.
            if !toldErrors.contains(error.code), link.hasCarrier {
                toldErrors.insert(error.code)
                events.diagnosed(.framesDropped(error))
            }
        case _ where plan.isDatagram && error.isOfRoute:
            if toldErrors.insert(error.code).inserted { events.diagnosed(.requestNotSent(error)) }
            // Flat out, each attempt would use up a number.
            if plan.interval == 0 { retryAt = now + 100_000_000 }
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

    /// A frame that has timed out; nil if none has.
    mutating func timedOut(at now: MonotonicTime) -> UInt64? {
        if let number = window.timedOut(at: now, timeout: plan.timeout) { return number }
        guard let (number, sentAt) = window.oldestInFlight(),
            now >= sentAt + plan.lifetime
        else { return nil }
        return number
    }

    func stopHardwareStamps() { transmitter.socket.stopHardwareStamps() }
    func watchCompletions(in poll: inout PollSet) { transmitter.socket.watchCompletions(in: &poll) }

    /// The time at which something is due next.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func wakeTime() -> MonotonicTime {
        var wake = end
        // First, because it makes room in the window.
        let oldest = window.oldestInFlight()
        if readyCount > 0 { wake = min(wake, nextSend + -spinMargin) }
        guard let oldest else { return wake }
        if let awaited = window.oldestAwaited() { wake = min(wake, awaited.sentAt + plan.timeout) }
        wake = min(wake, oldest.sentAt + plan.lifetime)
        return wake
    }

    // MARK: Completions

    /// Reads waiting completions, at most a batch or `limit`, and returns their number.
    ///
    /// - Parameter isReady: whether poll(2) found the error queue ready: without a completion, a socket error is
    ///   cleared, which would otherwise keep it ready.
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

    /// Tells whether completions may be left that did not fit.
    var mayHaveMoreCompletions: Bool { transmitter.mayHaveMore }

    /// The completion at `index` of those read last.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func completion(at index: Int) -> Transmitter<Socket>.Completion {
        transmitter.completion(at: index)
    }

    /// Returns whether the error of the network at `index` is about a request of this run.
    func isOwnError(at index: Int) -> Bool { transmitter.isOwnError(at: index) }

    /// The number of times that the error queue was full.
    var completionOverflows: UInt64 { transmitter.overflows }
}

extension SystemError {
    /// Tells whether a datagram has no way out at the moment, or none of its length.
    fileprivate var isOfRoute: Bool {
        [
            .networkUnreachable, .hostUnreachable, .accessDenied, .notPermitted, .networkDown,
            .messageTooLong,
            .connectionRefused,
        ].contains(code)
    }
}
