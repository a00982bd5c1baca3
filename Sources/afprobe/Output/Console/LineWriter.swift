import AFPacketKit
import Synchronization

/// Writes lines in a thread of its own: a blocked reader, slow disk or stopped terminal delays only this thread.
///
/// Records go through a queue of fixed length. The producer drops and counts records that do not fit.
final class LineWriter: Sendable {
    private let queue = RecordQueue<LineRecord>(capacity: capacity)
    private let thread: WritingThread
    /// The errno of a failed write to standard output; 0 if none failed.
    private let failureCode = Atomic<CInt>(0)

    /// 80 ms of lines at 200,000 lines a second.
    private static let capacity = 16_384

    init(_ formats: LineFormats) throws(SystemError) {
        thread = try WritingThread()
        try thread.start { [self] in
            var drain = LineDrain(formats)
            thread.work(isIdle: { queue.isEmpty }) {
                var count: UInt64 = 0
                while let record = queue.pop() {
                    drain.append(record, failing)
                    count += 1
                    if count % 64 == 0 { thread.advance(by: 64) }
                }
                drain.flush(failing)
                thread.advance(by: count % 64)
            }
        }
    }

    // MARK: Called by the measuring thread

    /// Queues a record; false if there is no room.
    func push(_ record: consuming LineRecord) -> Bool { queue.push(record) }

    /// Tells whether the queue is more than half full.
    var isFilling: Bool { queue.isFilling }

    var room: Int { queue.room }

    func wake() { thread.wake() }

    /// The reason why standard output accepts no more lines; nil while it does.
    var failure: SystemError? {
        let code = failureCode.load(ordering: .relaxed)
        return code == 0 ? nil : SystemError("write", ErrorCode(rawValue: code))
    }

    var hasFailed: Bool { failureCode.load(ordering: .relaxed) != 0 }

    /// Waits until the queue is half free, or until the wait is given up.
    func waitForRoom(_ wait: inout OutputWait) {
        while queue.room < Self.capacity / 2, failure == nil {
            guard thread.awaitProgress(&wait) else { return }
        }
    }

    /// Waits until all is written, or until the wait is given up.
    func finish(_ wait: inout OutputWait) { thread.finish(&wait) }

    // MARK: Called by the writing thread

    private func failing(_ error: SystemError) {
        failureCode.store(error.code.rawValue, ordering: .relaxed)
    }
}
