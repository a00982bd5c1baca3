import AFPacketKit
import Synchronization

/// A thread that writes what the measuring thread queues: a blocked reader or a slow disk delays only this thread.
final class WritingThread: Sendable {
    private let wakeup: Wakeup
    /// Signals the start and the end of the thread.
    private let turn: Wakeup
    private let isAsleep = Atomic<Bool>(false)
    private let isEnding = Atomic<Bool>(false)
    private let isGivenUp = Atomic<Bool>(false)
    /// The number of records written or given up.
    private let progress = Atomic<UInt64>(0)

    init() throws(SystemError) {
        wakeup = try Wakeup()
        turn = try Wakeup()
    }

    /// Starts the thread, which ends with the process at the latest.
    func start(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var poll = PollSet()
        poll.add(turn, as: .wakeup)
        _ = try WorkerThread { [self] in
            // Own descriptors, so that the measuring threads need not share theirs. Done first: files opened from here
            // on must not stay open in this thread.
            try? ThisProcess.unshareDescriptors()
            turn.signal()
            body()
            turn.signal()
        }
        try poll.wait(until: .never)
        turn.clear()
    }

    // MARK: Called by the measuring thread

    /// Wakes the thread for what is queued. Called before a sleep or now and then, because waking it takes longer than
    /// queueing a record.
    func wake() {
        // Either the thread sees the queue's new end, or this one sees that it sleeps.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard isAsleep.load(ordering: .relaxed) else { return }
        isAsleep.store(false, ordering: .relaxed)
        wakeup.signal()
    }

    /// Waits for some progress; false if the wait is given up.
    func awaitProgress(_ wait: inout OutputWait) -> Bool {
        wake()
        return wait.wait(watching: progress.load(ordering: .relaxed))
    }

    /// Waits until all is written, or until the wait is given up: then the thread ends as soon as it waits for room.
    func finish(_ wait: inout OutputWait) {
        isEnding.store(true, ordering: .releasing)
        wakeup.signal()
        while wait.wait(watching: progress.load(ordering: .relaxed), for: turn) {}
        isGivenUp.store(true, ordering: .releasing)
        wakeup.signal()
    }

    // MARK: Called by the thread

    /// Takes turns until the end, and sleeps while nothing is queued.
    func work(isIdle: () -> Bool, _ takeTurn: () -> Void) {
        var poll = PollSet()
        poll.add(wakeup, as: .wakeup)
        while true {
            let isLast = isEnding.load(ordering: .acquiring)
            takeTurn()
            advance(by: 1)
            if isLast { return }
            isAsleep.store(true, ordering: .relaxed)
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            if isIdle(), !isEnding.load(ordering: .acquiring) { _ = try? poll.wait(until: .never) }
            isAsleep.store(false, ordering: .relaxed)
            wakeup.clear()
        }
    }

    /// Tells that so many records are done.
    func advance(by count: UInt64) { progress.add(count, ordering: .relaxed) }

    /// Waits for room in a file; false if the run no longer waits for this thread.
    func waitForRoom(in file: borrowing CaptureOutput) -> Bool {
        var poll = PollSet()
        poll.add(wakeup, as: .wakeup)
        poll.addRoom(in: file, as: .room)
        while !isGivenUp.load(ordering: .acquiring) {
            let ready = (try? poll.wait(until: .never)) ?? []
            if ready.contains(.room) { return true }
            wakeup.clear()
        }
        return false
    }
}
