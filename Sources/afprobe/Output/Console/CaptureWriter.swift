import AFPacketKit
import Synchronization

/// Writes the capture file in a thread of its own: a reader of the captures that stalls holds up no lines.
final class CaptureWriter: Sendable {
    private let queue = CaptureQueue()
    private let thread: WritingThread
    /// The frames queued, and those written whole.
    private let queued = Atomic<UInt64>(0)
    private let written = Atomic<UInt64>(0)
    /// The errno of a failed write; 0 if none failed.
    private let failureCode = Atomic<CInt>(0)

    /// The bytes that are written together.
    private static let portion = 1 << 16

    init(_ file: consuming CaptureOutput) throws(SystemError) {
        thread = try WritingThread()
        let handover = Handover(file)
        try thread.start { [self] in
            guard var file = handover.take() else { return }
            var buffer: [UInt8] = []
            buffer.reserveCapacity(Self.portion)
            var isOpen = true
            thread.work(isIdle: { queue.isEmpty }) {
                queue.drain(&buffer) { frame, time, length in
                    guard isOpen else { return }
                    file.append(frame, at: time, length: length)
                    if file.pendingCount >= Self.portion { isOpen = flush(&file) }
                }
                if isOpen { isOpen = flush(&file) }
            }
        }
    }

    // MARK: Called by the measuring thread

    /// Queues a frame; false if there is no room.
    func push(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) -> Bool {
        guard queue.push(frame, tag: tag, length: length, at: time) else { return false }
        queued.store(queued.load(ordering: .relaxed) + 1, ordering: .relaxed)
        return true
    }

    /// The reason why the file accepts no more frames; nil while it does.
    var failure: SystemError? {
        let code = failureCode.load(ordering: .relaxed)
        return code == 0 ? nil : SystemError("write", ErrorCode(rawValue: code))
    }

    var isFilling: Bool { queue.isFilling }

    func wake() { thread.wake() }

    /// Waits until all is written, or until the wait is given up. Returns the number of frames that are not.
    func finish(_ wait: inout OutputWait) -> UInt64 {
        thread.finish(&wait)
        return queued.load(ordering: .relaxed) - written.load(ordering: .acquiring)
    }

    // MARK: Called by the writing thread

    /// Writes what waits; false if that failed, or the run no longer waits for it.
    private func flush(_ file: inout CaptureOutput) -> Bool {
        while true {
            let isWhole: Bool
            do throws(SystemError) { isWhole = try file.flush() } catch {
                failureCode.store(error.code.rawValue, ordering: .relaxed)
                written.store(file.framesWritten, ordering: .releasing)
                return false
            }
            written.store(file.framesWritten, ordering: .releasing)
            thread.advance(by: 1)
            if isWhole { return true }
            guard thread.waitForRoom(in: file) else { return false }
        }
    }
}

/// Passes a file to the thread that writes it.
private final class Handover: @unchecked Sendable {
    private var file: CaptureOutput?

    init(_ file: consuming CaptureOutput) { self.file = consume file }

    /// Called once, by the writing thread.
    func take() -> CaptureOutput? { file.take() }
}
