import AFPacketKit
import Synchronization

/// What several threads wake one by; only the first ring after a silence costs a system call.
final class Doorbell: Sendable {
    let wakeup: Wakeup
    private let isRinging = Atomic<Bool>(false)

    init() throws(SystemError) { wakeup = try Wakeup() }

    /// Wakes the thread that answers, now or next. What was done before is seen by it after its `silence`.
    func ring() {
        if !isRinging.exchange(true, ordering: .acquiringAndReleasing) { wakeup.signal() }
    }

    /// Ends the ringing; by the thread that answers, which is to look for what there is afterwards.
    func silence() {
        // In this order: the other way round a ring could be cleared and still be taken for heard.
        wakeup.clear()
        _ = isRinging.exchange(false, ordering: .acquiringAndReleasing)
    }
}
