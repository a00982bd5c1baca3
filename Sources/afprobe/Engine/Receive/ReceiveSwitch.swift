import AFPacketKit
import Synchronization

/// Turns the receiving of a socket off and on in a thread of its own, because the kernel makes the caller wait. The thread
/// lasts as long as the switch: it is started before the run's CPU scheduling is set, which it would inherit.
final class ReceiveSwitch {
    private final class Shared: Sendable {
        /// A duplicate of the socket.
        let socket: TimestampedSocket
        let change: Wakeup
        let isOn = Atomic<Bool>(true)
        let isEnding = Atomic<Bool>(false)

        init(_ socket: consuming TimestampedSocket) throws(SystemError) {
            change = try Wakeup()
            self.socket = socket
        }
    }

    private let shared: Shared
    private var thread: WorkerThread?

    /// - Throws: `SystemError` of eventfd(2) or pthread_create(3).
    init(_ socket: consuming TimestampedSocket, on interface: NetworkInterface) throws(SystemError) {
        let shared = try Shared(socket)
        self.shared = shared
        thread = try WorkerThread {
            var poll = PollSet()
            poll.add(shared.change, as: .wakeup)
            var isReceiving = true
            while !shared.isEnding.load(ordering: .acquiring) {
                let isOn = shared.isOn.load(ordering: .acquiring)
                if isOn != isReceiving, (try? shared.socket.setReceiving(isOn, on: interface)) != nil {
                    isReceiving = isOn
                }
                _ = try? poll.wait(until: .never)
                shared.change.clear()
            }
        }
    }

    deinit {
        shared.isEnding.store(true, ordering: .releasing)
        shared.change.signal()
        thread.take()?.join()
    }

    /// Returns at once; the kernel follows within some 10 ms.
    func set(_ receives: Bool) {
        shared.isOn.store(receives, ordering: .releasing)
        shared.change.signal()
    }
}
