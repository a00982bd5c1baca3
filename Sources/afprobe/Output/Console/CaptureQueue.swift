import AFPacketKit

/// Frames waiting for the capture file: one producer, the measuring thread, and one consumer, the writing thread.
final class CaptureQueue: Sendable {
    private let records = ByteRecordQueue(capacity: 1 << 23)

    /// Adds a frame and reinserts the VLAN tag that the kernel took out; false if there is no room. Producer only.
    func push(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) -> Bool {
        // The tag follows the two addresses.
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

    /// Tells whether less than half of it is free. Producer only.
    var isFilling: Bool { records.isFilling }

    /// Consumer only.
    var isEmpty: Bool { records.isEmpty }

    /// Removes all frames, through a buffer. Consumer only.
    func drain(_ buffer: inout [UInt8], _ body: (Span<UInt8>, Timestamp, _ length: Int) -> Void) {
        records.drain(through: &buffer) { label, frame in body(frame, label.time, label.length) }
    }
}
