import AFPacketKit
import Glibc

/// What the user asks of a run by a signal.
enum RunRequest {
    /// SIGINT, SIGTERM, and SIGHUP unless it was ignored before: end, with the summary.
    case stop
    /// SIGQUIT: tell how it goes, and go on.
    case status
}

/// The signals that a run answers. One object, because both the run and the output that it may be waiting for
/// look at them.
final class RunSignals {
    let queue: SignalQueue
    /// How often the user has asked to stop.
    private(set) var stops = 0

    init() throws(Failure) {
        do throws(SystemError) {
            // nohup(1) asks for hang-ups to be ignored.
            let ended = SignalQueue.isIgnored(SIGHUP) ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
            queue = try SignalQueue(ended + [SIGQUIT])
        } catch {
            throw Failure("Cannot wait for signals", error)
        }
    }

    /// The oldest request that waits.
    func next() -> RunRequest? {
        guard let signal = queue.next() else { return nil }
        if signal != SIGQUIT { stops += 1 }
        return signal == SIGQUIT ? .status : .stop
    }
}
