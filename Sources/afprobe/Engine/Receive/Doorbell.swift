import AFPacketKit
import Synchronization

/// Wakes one thread from several others; only the first ring after a silence costs a system call.
final class Doorbell: Sendable {
    let wakeup: Wakeup
    private let isRinging = Atomic<Bool>(false)

    init() throws(SystemError) { wakeup = try Wakeup() }

    /// Wakes the answering thread, which sees everything done before the ring after its `silence`.
    func ring() {
        if !isRinging.exchange(true, ordering: .acquiringAndReleasing) { wakeup.signal() }
    }

    /// Ends the ringing. The answering thread calls it, and then looks for work.
    func silence() {
        // In this order: else a ring in between would be cleared, and the next ones would not signal.
        wakeup.clear()
        _ = isRinging.exchange(false, ordering: .acquiringAndReleasing)
    }
}
