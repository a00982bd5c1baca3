import AFPacketKit

/// One kind of run, as the loop sees it.
protocol Run: ~Copyable {
    associatedtype Events: RunEvents
    var events: Events { get }
    /// Tells whether the loop spins, which uses a whole CPU and keeps the wake-up time out of the stamps.
    var spins: Bool { get }

    /// Adds the run's sockets to the poll set; returns whether completions are polled.
    func watch(in poll: inout PollSet) -> Bool

    /// Starts the run's time. The measuring thread calls it once its CPU scheduling is set.
    mutating func begin() throws(RunError)

    /// Does what is due.
    mutating func step(at now: MonotonicTime) throws(RunError) -> RunStep

    mutating func handleCompletions(_ read: CompletionsRead) throws(RunError)

    mutating func handleFrames(_ read: FramesRead) throws(RunError)

    /// Handles a change of some link, before the frames that came after it.
    mutating func handleLinkChange(at now: MonotonicTime) throws(RunError)

    /// Handles probes that the run does not take.
    mutating func handleOtherForms(at now: MonotonicTime)

    /// Handles datagrams of a guarded port that the network has returned.
    mutating func handleReturned() throws(RunError)

    /// The sources that do not wake the run up at the moment.
    var paused: PollSet.Members { get }

    /// Tells whether changes of routes and neighbours are handled with those of links.
    var watchesRoutes: Bool { get }

    /// Tells whether the last frame found no room to be sent.
    var isWaitingForRoom: Bool { get }

    /// Does the housekeeping: the NIC's setting, the link, the status line.
    mutating func keepHouse(at now: MonotonicTime) throws(RunError)
    var housekeepingDue: MonotonicTime { get }

    func tellStatus()

    /// Reads the completions, frames and counters that belong to the run, at its end.
    mutating func readLast() throws(RunError)
}

extension Run where Self: ~Copyable {
    var watchesRoutes: Bool { false }
    var paused: PollSet.Members { [] }
    mutating func handleOtherForms(at now: MonotonicTime) {}
    mutating func handleReturned() throws(RunError) {}
    mutating func begin() throws(RunError) {}
    mutating func readLast() throws(RunError) {}
    mutating func handleLinkChange(at now: MonotonicTime) throws(RunError) {}
}

/// The next action of a run.
enum RunStep {
    /// More is due at once.
    case again
    /// Nothing is due until then. If `framesAlone`, the loop may wait for a frame in the receive call, and polls all else
    /// only each `TimestampedSocket.maxWait`.
    case wait(until: MonotonicTime, framesAlone: Bool = false)
    case end
}

/// The completions to read.
enum CompletionsRead {
    /// All that wait.
    case all
    /// The same after poll(2) found the error queue ready: a socket error is cleared, too, or the queue would stay
    /// ready.
    case ready
}

/// The frames to read.
enum FramesRead {
    /// All that wait.
    case all
    /// The first, which a spinning loop polls for; more rarely follow it.
    case spinning
    /// The first, waiting in the receive call, which returns some microseconds sooner than poll(2) and a receive call
    /// do ("receive … blocking").
    case waiting
}

/// The way a run ended.
enum RunEnding {
    /// All was done, or its time was over.
    case finished
    /// The user asked for it.
    case stopped
    /// The reader of its events has gone.
    case closed
}

/// The loop of every run: does what is due, waits, and handles what has come.
struct RunLoop<Sources: RunSources & ~Copyable>: ~Copyable {
    private var sources: Sources

    init(_ sources: consuming Sources) { self.sources = sources }

    /// Turns of a spinning loop between two polls of the signals and the housekeeping: some 0.1 ms if idle.
    static var turnsBetweenPolls: Int { 256 }
    /// Turns of a spinning loop between two reads of the completions.
    static var turnsBetweenCompletions: Int { 8 }

    /// Handles what has changed since the run read it, before the changes were watched; called before the run begins.
    func catchUp(_ run: inout some Run & ~Copyable) throws(RunError) {
        try run.handleLinkChange(at: sources.now())
    }

    /// Runs until the run ends, is stopped, or its events are closed; then reads the last completions and frames.
    mutating func run(_ run: inout some Run & ~Copyable) throws(RunError) -> RunEnding {
        let ending: RunEnding
        do throws(RunError) { ending = try takeTurns(&run) } catch {
            try? run.readLast()
            throw error
        }
        try run.readLast()
        return ending
    }

    private mutating func takeTurns(_ run: inout some Run & ~Copyable) throws(RunError) -> RunEnding {
        var turns = 0
        var pollDue = sources.now()
        while !run.events.isClosed {
            let now = sources.now()
            let (wake, framesAlone): (MonotonicTime, Bool)
            switch try run.step(at: now) {
            case .end: return .finished
            case .again: continue
            case .wait(let time, let alone): (wake, framesAlone) = (time, alone)
            }
            if run.spins {
                try run.handleFrames(.spinning)
                turns += 1
                if turns.isMultiple(of: Self.turnsBetweenCompletions) { try run.handleCompletions(.all) }
                guard turns.isMultiple(of: Self.turnsBetweenPolls) || sources.linkMayChange else { continue }
            }
            if now >= run.housekeepingDue { try run.keepHouse(at: now) }
            if run.spins { run.events.flush(at: now) } else { run.events.flush() }
            var deadline = run.spins ? now : min(wake, run.housekeepingDue)
            if framesAlone, !sources.linkMayChange, deadline - now >= 2 * TimestampedSocket.maxWait {
                if now < pollDue {
                    try run.handleFrames(.waiting)
                    continue
                }
                deadline = now
            }
            if let ending = try wait(until: deadline, &run) { return ending }
            pollDue = sources.now() + TimestampedSocket.maxWait
        }
        return .closed
    }

    /// Waits, and handles what has come; returns how the run ends, or nil if it continues.
    private mutating func wait(
        until deadline: MonotonicTime, _ run: inout some Run & ~Copyable
    ) throws(RunError) -> RunEnding? {
        let ready: PollSet.Members
        do throws(SystemError) {
            ready = try sources.wait(until: deadline, room: run.isWaitingForRoom, without: run.paused)
        } catch {
            throw RunError(.wait, error)
        }
        if ready.contains(.links) { try run.handleLinkChange(at: sources.now()) }
        // Completions first: those of a request came before its reply.
        if ready.contains(.completions) { try run.handleCompletions(.ready) }
        if ready.contains(.frames) { try run.handleFrames(.all) }
        if !ready.isDisjoint(with: [.returnedV4, .returnedV6]) { try run.handleReturned() }
        if ready.contains(.otherForms) { run.handleOtherForms(at: sources.now()) }
        if ready.contains(.reader) { run.events.close() }
        guard ready.contains(.signals) else { return nil }
        while let request = sources.nextRequest() {
            if case .stop = request { return .stopped }
            run.tellStatus()
        }
        return nil
    }
}
