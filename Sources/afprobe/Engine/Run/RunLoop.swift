import AFPacketKit

/// One kind of run, as the loop sees it.
protocol Run: ~Copyable {
    associatedtype Events: RunEvents
    var events: Events { get }
    /// Whether the loop polls without sleeping, which takes a whole CPU and the time to wake up out of the stamps.
    var spins: Bool { get }

    /// Adds the run's sockets to what is polled.
    ///
    /// - Returns: whether completions are polled.
    func watch(in poll: inout PollSet) -> Bool

    /// Starts the run's time: called by the thread that measures, once it is scheduled as it is to be.
    mutating func begin() throws(RunError)

    /// Does what is due.
    mutating func step(at now: MonotonicTime) throws(RunError) -> RunStep

    /// Reads completions.
    mutating func handleCompletions(_ read: CompletionsRead) throws(RunError)

    /// Reads frames that have arrived.
    mutating func handleFrames(_ read: FramesRead) throws(RunError)

    /// Whether the last frame found no room to be sent.
    var isWaitingForRoom: Bool { get }

    /// What is done now and then: the NIC's setting, the link, the status line.
    mutating func keepHouse(at now: MonotonicTime) throws(RunError)
    /// When that is due next.
    var housekeepingDue: MonotonicTime { get }

    /// Tells how it goes.
    func tellStatus()
}

extension Run where Self: ~Copyable {
    mutating func begin() throws(RunError) {}
}

/// What a run does next.
enum RunStep {
    /// More is due at once.
    case again
    /// Nothing is due until then. Where `framesAlone`, only a frame can come before.
    case wait(until: MonotonicTime, framesAlone: Bool = false)
    case end
}

/// Which completions to read.
enum CompletionsRead {
    /// Those that are there.
    case all
    /// The same, after poll(2) found the error queue ready: an error of the socket is cleared, too, or it would stay ready.
    case ready
}

/// Which frames to read.
enum FramesRead {
    /// Those that are there.
    case all
    /// The first one, which a spinning loop looks for; more stand behind it only rarely.
    case spinning
    /// The first one, waiting for it in the receive call, which returns some microseconds sooner than poll(2) and a receive
    /// call do ("receive … blocking").
    case waiting
}

/// How a run came to its end.
enum RunEnding {
    /// All was done, or its time was over.
    case finished
    /// The user asked for it.
    case stopped
    /// Nobody takes its events any more.
    case closed
}

/// The loop of every run: does what is due, waits, and handles what has come.
struct RunLoop<Sources: RunSources & ~Copyable>: ~Copyable {
    private var sources: Sources

    init(_ sources: consuming Sources) { self.sources = sources }

    /// How many turns a spinning loop makes between two looks at signals and clocks: some 0.1 ms with nothing to do.
    static var turnsBetweenPolls: Int { 256 }
    /// How many of these turns pass before it reads completions that came by themselves.
    static var turnsBetweenCompletions: Int { 8 }

    /// Goes on until the run ends, is stopped, or nobody takes its events any more.
    mutating func run(_ run: inout some Run & ~Copyable) throws(RunError) -> RunEnding {
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
                guard turns.isMultiple(of: Self.turnsBetweenPolls) else { continue }
            }
            if now >= run.housekeepingDue { try run.keepHouse(at: now) }
            if run.spins { run.events.flush(at: now) } else { run.events.flush() }
            var deadline = run.spins ? now : min(wake, run.housekeepingDue)
            if framesAlone, deadline - now >= 2 * PacketSocket.longestWait {
                if now < pollDue {
                    try run.handleFrames(.waiting)
                    continue
                }
                deadline = now
            }
            if let ending = try wait(until: deadline, &run) { return ending }
            pollDue = sources.now() + PacketSocket.longestWait
        }
        return .closed
    }

    /// Waits, and handles what has come.
    ///
    /// - Returns: how the run ends; nil if it goes on.
    private mutating func wait(
        until deadline: MonotonicTime, _ run: inout some Run & ~Copyable
    ) throws(RunError) -> RunEnding? {
        let ready: PollSet.Members
        do throws(SystemError) {
            ready = try sources.wait(until: deadline, room: run.isWaitingForRoom)
        } catch {
            throw RunError(.wait, error)
        }
        // Completions first: those of a request came before its reply.
        if ready.contains(.completions) { try run.handleCompletions(.ready) }
        if ready.contains(.frames) { try run.handleFrames(.all) }
        if ready.contains(.reader) { run.events.close() }
        guard ready.contains(.signals) else { return nil }
        while let request = sources.nextRequest() {
            if case .stop = request { return .stopped }
            run.tellStatus()
        }
        return nil
    }
}
