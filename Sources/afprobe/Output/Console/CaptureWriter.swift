import AFPacketKit

struct CaptureWriter: ~Copyable {
    private var file: CaptureOutput?
    private var buffer: [UInt8] = []
    private var hasFailed = false

    init(_ file: consuming CaptureOutput?) {
        self.file = file
        buffer.reserveCapacity(1 << 16)
    }

    mutating func write(_ queue: CaptureQueue, _ failing: (SystemError) -> Void) {
        queue.drain(&buffer) { frame, time, length in
            if !hasFailed { file?.write(frame, at: time, length: length) }
        }
        guard !hasFailed else { return }
        do throws(SystemError) { try file?.flush() } catch {
            hasFailed = true
            failing(error)
        }
    }
}

/// Passes a file to the thread that writes it.
final class Handover: @unchecked Sendable {
    private var file: CaptureOutput?
    let isEmpty: Bool

    init(_ file: consuming CaptureOutput?) {
        switch file {
        case .some: isEmpty = false
        case .none: isEmpty = true
        }
        self.file = file
    }

    /// Called once, by the writing thread.
    func take() -> CaptureOutput? { file.take() }
}
