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
        poll.add(turn, as: .wakeup)
        // The thread ends with the process at the latest.
        _ = try WorkerThread { [self] in
            // So that the threads that measure need not share theirs. At once, for what is opened from here on is not to
            // stay open here.
            try? ThisProcess.unshareDescriptors()
            turn.signal()
            // It needs no power over this host, whatever the others still need.
            try? ThisProcess.keepOnly([])
            var drain = LineDrain(formats)
            var recording = Recording(handover.take())
            self.work(&drain, &recording)
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
    func waitForRoom(_ patience: inout Patience) {
        while queue.room < Self.capacity / 2, failure == nil {
            wake()
            guard patience.wait(watching: progress.load(ordering: .relaxed)) else { return }
        }
    }

    /// Waits until all has been written, or until it is given up.
    func finish(_ patience: inout Patience) {
        isEnding.store(true, ordering: .releasing)
        wakeup.signal()
        while patience.wait(watching: progress.load(ordering: .relaxed), for: turn) {}
    }

    // MARK: By the thread that writes

    private func work(_ drain: inout LineDrain, _ recording: inout Recording) {
        var poll = PollSet()
        poll.add(wakeup, as: .wakeup)
        while true {
            let isLast = isEnding.load(ordering: .acquiring)
            var count: UInt64 = 0
            while let record = queue.pop() {
                drain.take(record, failing)
                count += 1
                if count % 64 == 0 { progress.add(64, ordering: .relaxed) }
            }
            drain.flush(failing)
            if let captures {
                recording.take(from: captures) {
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

/// Collects the bytes of lines and writes them, many at once where many wait.
private struct LineDrain: ~Copyable {
    private var formatter: LineFormatter
    private var text = TextBuffer(capacity: 2 * most)
    private var stream = StandardStream.output
    /// So many bytes may be written at once.
    private var limit = StandardStream.output.atomicWriteSize ?? most
    private var hasFailed = false

    private static let most = 1 << 16

    init(_ formats: LineFormats) { formatter = LineFormatter(formats) }

    mutating func take(_ record: LineRecord, _ failing: (SystemError) -> Void) {
        let before = text.count
        let destination = formatter.append(record, to: &text)
        // Lines of two programs in one pipe are not to be cut: what was there goes first if all is too much.
        guard destination != stream || text.count > limit else { return }
        if before > 0 {
            hasFailed = !write(text.span.extracting(0..<before), failing)
            text.removeFirst(before)
        }
        if destination != stream {
            stream = destination
            limit = stream.atomicWriteSize ?? Self.most
        }
    }

    mutating func flush(_ failing: (SystemError) -> Void) {
        guard text.count > 0 else { return }
        hasFailed = !write(text.span, failing)
        text.clear()
    }

    /// - Returns: whether standard output still takes lines.
    private func write(_ bytes: Span<UInt8>, _ failing: (SystemError) -> Void) -> Bool {
        if stream == .output, hasFailed { return false }
        do throws(SystemError) { try stream.write(bytes) } catch {
            // Nowhere is left to tell that standard error cannot be written.
            guard stream == .output else { return !hasFailed }
            failing(error)
            return false
        }
        return !hasFailed
    }
}

/// How long a run's end waits for a reader that does not read: as long as it takes, unless the user asks to stop.
struct Patience: ~Copyable {
    private let signals: RunSignals
    private var isOver = false
    private var seen: UInt64?
    private var since = MonotonicTime.now()
    private let begin = MonotonicTime.now()

    /// Once asked to stop, for so long without progress.
    private static let rest: Int64 = 300_000_000
    private static let look: Int64 = 10_000_000

    init(_ signals: RunSignals) { self.signals = signals }

    /// Waits a little, or until the end.
    ///
    /// - Parameter progress: what changes as long as the writer gets on.
    /// - Returns: whether there is a point in waiting on.
    mutating func wait(watching progress: UInt64) -> Bool {
        var poll = PollSet()
        return wait(progress, &poll).isPatient
    }

    mutating func wait(watching progress: UInt64, for end: borrowing Wakeup) -> Bool {
        var poll = PollSet()
        poll.add(end, as: .wakeup)
        let (ready, isPatient) = wait(progress, &poll)
        return isPatient && !ready.contains(.wakeup)
    }

    /// Waits until a stream has room for a line.
    ///
    /// - Returns: false where there was no point in waiting on.
    mutating func waitForRoom(in stream: StandardStream) -> Bool {
        while true {
            var poll = PollSet()
            poll.addRoom(in: stream, as: .room)
            let (ready, isPatient) = wait(0, &poll)
            if ready.contains(.room) || !isPatient { return ready.contains(.room) }
        }
    }

    private mutating func wait(
        _ progress: UInt64, _ poll: inout PollSet
    ) -> (ready: PollSet.Members, isPatient: Bool) {
        if isOver { return ([], false) }
        let now = MonotonicTime.now()
        if progress != seen {
            seen = progress
            since = now
        }
        poll.add(signals.queue, as: .signals)
        let ready = (try? poll.wait(until: now + Self.look)) ?? []
        while signals.next() != nil {}
        // Who asks twice does not want to wait for all the lines. But one Ctrl-C may come from two sides.
        isOver =
            signals.stops > 0 && now - since > Self.rest || signals.stops > 1 && now - begin > Self.rest
        return (ready, !isOver)
    }
}
