import AFPacketKit

/// Frames on their way to a capture file: from the one thread that measures to the one that writes.
final class CaptureQueue: Sendable {
    private let records = ByteRecordQueue(capacity: 1 << 23)

    /// Adds a frame, its tag put back where the kernel took it out; false if there is no room. By the producer alone.
    func push(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) -> Bool {
        // The tag stands behind the two addresses.
        guard let tag, frame.count >= 12 else {
            return records.push(ByteRecordQueue.Label(time: time, length: length), frame)
        }
        var bytes = InlineArray<4, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        span.storeBigEndian(tag.protocolIdentifier.rawValue, at: 0)
        span.storeBigEndian(tag.controlInformation, at: 2)
        return records.push(
            ByteRecordQueue.Label(time: time, length: length + 4), frame.extracting(first: 12), bytes.span,
            frame.extracting(12..<frame.count))
    }

    /// Whether less than half of it is free. By the producer alone.
    var isFilling: Bool { records.isFilling }

    /// Whether no frame waits. By the consumer alone.
    var isEmpty: Bool { records.isEmpty }

    /// Removes all frames that wait, through a buffer. By the consumer alone.
    func drain(_ buffer: inout [UInt8], _ body: (Span<UInt8>, Timestamp, _ length: Int) -> Void) {
        records.drain(through: &buffer) { label, frame in body(frame, label.time, label.length) }
    }
}
