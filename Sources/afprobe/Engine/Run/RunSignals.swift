import AFPacketKit

/// What the user asks of a run by a signal.
enum RunRequest {
    /// SIGINT, SIGTERM, and SIGHUP unless it was ignored before: end, with the summary.
    case stop
    /// SIGQUIT: tell the status, and go on.
    case status
}

/// The signals that a run handles. One object, because both the run and the output that it may be waiting for
/// handle them.
final class RunSignals {
    let queue: SignalQueue
    /// How often the user has asked to stop.
    private(set) var stops = 0

    init() throws(RunError) {
        do throws(SystemError) {
            // nohup(1) asks for hang-ups to be ignored.
            let ending: [Signal] = SignalQueue.isIgnored(.hangUp) ? [] : [.hangUp]
            queue = try SignalQueue([.interrupt, .terminate, .quit] + ending)
        } catch {
            throw RunError(.queueSignals, error)
        }
    }

    /// Takes the oldest request that waits; nil if none does.
    func next() -> RunRequest? {
        guard let signal = queue.next() else { return nil }
        if signal != .quit { stops += 1 }
        return signal == .quit ? .status : .stop
    }
}
