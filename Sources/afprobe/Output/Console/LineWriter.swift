import AFPacketKit
import Synchronization

/// Writes lines in a thread of its own: a reader that does not read, a slow disk or a terminal that is stopped hold up
/// this thread and nothing else.
///
/// Records go through a queue of fixed length; what does not fit is dropped, and counted by who puts it there.
final class LineWriter: Sendable {
    private let queue = RecordQueue<LineRecord>(capacity: capacity)
    private let wakeup: Wakeup
    /// Where the thread tells that it has started, and that it has ended.
    private let turn: Wakeup
    private let isAsleep = Atomic<Bool>(false)
    private let isEnding = Atomic<Bool>(false)
    /// How many records have been written or given up.
    private let progress = Atomic<UInt64>(0)
    /// The error that standard output has refused lines with; 0 while it has not.
    private let failureCode = Atomic<CInt>(0)
    /// The frames for the capture file, and the error that it has refused them with.
    private let captures: CaptureQueue?
    private let captureFailureCode = Atomic<CInt>(0)

    /// At 200,000 lines a second, what comes in 80 ms.
    private static let capacity = 16_384

    /// - Parameter file: where the frames go that are captured; nil where none are.
    init(_ formats: LineFormats, capturing file: consuming CaptureOutput?) throws(SystemError) {
        wakeup = try Wakeup()
        turn = try Wakeup()
        let handover = Handover(file)
        captures = handover.isEmpty ? nil : CaptureQueue()
        var poll = PollSet()
        poll.add(turn, as: .turn)
        // The thread ends with the process at the latest.
        _ = try WorkerThread { [self] in
            // So that the threads that measure need not share theirs. At once, for what is opened from here on is not to
            // stay open here.
            try? ThisProcess.unshareDescriptors()
            turn.signal()
            // It needs no power over this host, whatever the others still need.
            try? ThisProcess.keepOnly([])
            var drain = LineDrain(formats)
            var captures = CaptureWriter(handover.take())
            self.work(&drain, &captures)
            turn.signal()
        }
        try poll.wait(until: .never)
        turn.clear()
    }

    // MARK: By the thread that measures

    /// Hands a record over; false where there is no room.
    func push(_ record: consuming LineRecord) -> Bool { queue.push(record) }

    /// Hands a frame over for the capture file, if there is one; false where there is no room.
    func push(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) -> Bool {
        captures?.push(frame, tag: tag, length: length, at: time) ?? true
    }

    /// Why the capture file takes no more frames; nil while it does.
    var captureFailure: SystemError? {
        let code = captureFailureCode.load(ordering: .relaxed)
        return code == 0 ? nil : SystemError("write", ErrorCode(rawValue: code))
    }

    /// Whether what waits to be written takes more than half of the room there is.
    var isFilling: Bool { queue.isFilling || captures?.isFilling ?? false }

    /// How many records there is room for.
    var room: Int { queue.room }

    /// Has the records written that have been handed over: to be called before the thread goes to sleep, or now and
    /// then, for waking the writer takes longer than handing it a record.
    func wake() {
        // The queue's end is to be seen by the writer, or its sleep by this thread.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard isAsleep.load(ordering: .relaxed) else { return }
        isAsleep.store(false, ordering: .relaxed)
        wakeup.signal()
    }

    /// Why standard output takes no more lines; nil while it does.
    var failure: SystemError? {
        let code = failureCode.load(ordering: .relaxed)
        return code == 0 ? nil : SystemError("write", ErrorCode(rawValue: code))
    }

    /// Whether standard output takes no more lines.
    var hasFailed: Bool { failureCode.load(ordering: .relaxed) != 0 }

    /// Waits until there is room for some records, or until it is given up.
    func waitForRoom(_ wait: inout OutputWait) {
        while queue.room < Self.capacity / 2, failure == nil {
            wake()
            guard wait.wait(watching: progress.load(ordering: .relaxed)) else { return }
        }
    }

    /// Waits until all has been written, or until it is given up.
    func finish(_ wait: inout OutputWait) {
        isEnding.store(true, ordering: .releasing)
        wakeup.signal()
        while wait.wait(watching: progress.load(ordering: .relaxed), for: turn) {}
    }

    // MARK: By the thread that writes

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
