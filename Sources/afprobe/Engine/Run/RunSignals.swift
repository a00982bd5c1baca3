import AFPacketKit

/// A request that the user makes by a signal.
enum RunRequest {
    /// SIGINT, SIGTERM, and SIGHUP unless it was ignored before: end, with the summary.
    case stop
    /// SIGQUIT: tell the status, and continue.
    case status
}

/// The signals that a run handles. One object, because the output that a run waits for handles them, too.
final class RunSignals {
    let queue: SignalQueue
    /// The number of times that the user has asked to stop, and the first time.
    private(set) var stops = 0
    private(set) var stoppedAt: MonotonicTime?

    init() throws(RunError) {
        do throws(SystemError) {
            // nohup(1) asks for hang-ups to be ignored.
            let ending: [Signal] = SignalQueue.isIgnored(.hangUp) ? [] : [.hangUp]
            queue = try SignalQueue([.interrupt, .terminate, .quit] + ending)
        } catch {
            throw RunError(.queueSignals, error)
        }
    }

    /// Removes and returns the oldest request; nil if none waits.
    func next() -> RunRequest? {
        guard let signal = queue.next() else { return nil }
        guard signal != .quit else { return .status }
        stops += 1
        if stoppedAt == nil { stoppedAt = .now() }
        return .stop
    }
}
