import AFPacketKit
import Synchronization

/// Writes lines in a thread of its own: a blocked reader, slow disk or stopped terminal delays only this thread.
///
/// Records go through a queue of fixed length. The producer drops and counts records that do not fit.
final class LineWriter: Sendable {
    private let queue = RecordQueue<LineRecord>(capacity: capacity)
    private let wakeup: Wakeup
    /// Signals the start and the end of the thread.
    private let turn: Wakeup
    private let isAsleep = Atomic<Bool>(false)
    private let isEnding = Atomic<Bool>(false)
    /// The number of records written or given up.
    private let progress = Atomic<UInt64>(0)
    /// The errno of a failed write to standard output; 0 if none failed.
    private let failureCode = Atomic<CInt>(0)
    /// The frames for the capture file, and the errno of its failed write.
    private let captures: CaptureQueue?
    private let captureFailureCode = Atomic<CInt>(0)

    /// 80 ms of lines at 200,000 lines a second.
    private static let capacity = 16_384

    /// - Parameter file: the capture file; nil if frames are not captured.
    init(_ formats: LineFormats, capturing file: consuming CaptureOutput?) throws(SystemError) {
        wakeup = try Wakeup()
        turn = try Wakeup()
        let handover = Handover(file)
        captures = handover.isEmpty ? nil : CaptureQueue()
        var poll = PollSet()
        poll.add(turn, as: .turn)
        // The thread ends with the process at the latest.
        _ = try WorkerThread { [self] in
            // Own descriptors, so that the measuring threads need not share theirs. Done first: files opened from here
            // on must not stay open in this thread.
            try? ThisProcess.unshareDescriptors()
            turn.signal()
            // This thread needs no capabilities, whatever the others still need.
            try? ThisProcess.keepOnly([])
            var drain = LineDrain(formats)
            var captures = CaptureWriter(handover.take())
            self.work(&drain, &captures)
            turn.signal()
        }
        try poll.wait(until: .never)
        turn.clear()
    }

    // MARK: Called by the measuring thread

    /// Queues a record; false if there is no room.
    func push(_ record: consuming LineRecord) -> Bool { queue.push(record) }

    /// Queues a frame for the capture file, if there is one; false if there is no room.
    func push(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) -> Bool {
        captures?.push(frame, tag: tag, length: length, at: time) ?? true
    }

    /// The reason why the capture file accepts no more frames; nil while it does.
    var captureFailure: SystemError? {
        let code = captureFailureCode.load(ordering: .relaxed)
        return code == 0 ? nil : SystemError("write", ErrorCode(rawValue: code))
    }

    /// Tells whether a queue is more than half full.
    var isFilling: Bool { queue.isFilling || captures?.isFilling ?? false }

    var room: Int { queue.room }

    /// Wakes the writer for queued records. Called before a sleep or now and then, because waking the writer takes
    /// longer than queueing a record.
    func wake() {
        // Either the writer sees the queue's new end, or this thread sees that the writer sleeps.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard isAsleep.load(ordering: .relaxed) else { return }
        isAsleep.store(false, ordering: .relaxed)
        wakeup.signal()
    }

    /// The reason why standard output accepts no more lines; nil while it does.
    var failure: SystemError? {
        let code = failureCode.load(ordering: .relaxed)
        return code == 0 ? nil : SystemError("write", ErrorCode(rawValue: code))
    }

    var hasFailed: Bool { failureCode.load(ordering: .relaxed) != 0 }

    /// Waits until the queue is half free, or until the wait is given up.
    func waitForRoom(_ wait: inout OutputWait) {
        while queue.room < Self.capacity / 2, failure == nil {
            wake()
            guard wait.wait(watching: progress.load(ordering: .relaxed)) else { return }
        }
    }

    /// Waits until all is written, or until the wait is given up.
    func finish(_ wait: inout OutputWait) {
        isEnding.store(true, ordering: .releasing)
        wakeup.signal()
        while wait.wait(watching: progress.load(ordering: .relaxed), for: turn) {}
    }

    // MARK: Called by the writing thread

    private func work(_ drain: inout LineDrain, _ writer: inout CaptureWriter) {
        var poll = PollSet()
        poll.add(wakeup, as: .wakeup)
        while true {
            let isLast = isEnding.load(ordering: .acquiring)
            var count: UInt64 = 0
            while let record = queue.pop() {
                drain.append(record, failing)
                count += 1
                if count % 64 == 0 { progress.add(64, ordering: .relaxed) }
            }
            drain.flush(failing)
            if let captures {
                writer.write(captures) {
                    captureFailureCode.store($0.code.rawValue, ordering: .relaxed)
                }
            }
            progress.add(count % 64 + 1, ordering: .relaxed)
            if isLast { return }
            isAsleep.store(true, ordering: .relaxed)
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            if queue.isEmpty, captures?.isEmpty ?? true, !isEnding.load(ordering: .acquiring) {
                _ = try? poll.wait(until: .never)
            }
            isAsleep.store(false, ordering: .relaxed)
            wakeup.clear()
        }
    }

    private func failing(_ error: SystemError) {
        failureCode.store(error.code.rawValue, ordering: .relaxed)
    }
}
