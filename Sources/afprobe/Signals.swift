import AFPacketKit
import Glibc

/// What the user asks of a run by a signal.
enum RunRequest {
    /// SIGINT, SIGTERM, SIGHUP: end, with the summary.
    case stop
    /// SIGQUIT: tell how it goes, and go on.
    case status
}

/// The signals that a run answers.
struct RunSignals: ~Copyable {
    let queue: SignalQueue

    init() throws(Failure) {
        do throws(SystemError) {
            queue = try SignalQueue([SIGINT, SIGTERM, SIGHUP, SIGQUIT])
        } catch {
            throw Failure("Cannot wait for signals", error)
        }
    }

    /// The oldest request that waits.
    func next() -> RunRequest? {
        queue.next().map { $0 == SIGQUIT ? .status : .stop }
    }
}
