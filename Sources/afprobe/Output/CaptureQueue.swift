import AFPacketKit
import Synchronization

/// Frames on their way to a capture file: a ring of bytes between the one thread that measures and the one that writes.
///
/// A frame lies behind a header of its own: time, length, bytes captured, 8 bytes each. Positions only ever grow.
@safe final class CaptureQueue: @unchecked Sendable {
    private let head = Atomic<Int>(0)
    private let tail = Atomic<Int>(0)
    private let bytes: UnsafeMutableRawPointer
    private static let capacity = 1 << 23
    private static let headerSize = 24

    init() { unsafe bytes = .allocate(byteCount: Self.capacity, alignment: 8) }

    deinit { unsafe bytes.deallocate() }

    /// Adds a frame, its tag put back where the kernel took it out; false where there is no room. By the producer alone.
    func push(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) -> Bool {
        let tagSize = tag != nil && frame.count >= 12 ? 4 : 0
        let size = frame.count + tagSize
        let start = tail.load(ordering: .relaxed)
        let end = start + Self.headerSize + (size + 7) & ~7
        guard end - head.load(ordering: .acquiring) <= Self.capacity else { return false }
        store(time.nanoseconds, at: start)
        store(Int64(length + tagSize), at: start + 8)
        store(Int64(size), at: start + 16)
        let content = start + Self.headerSize
        if let tag, tagSize > 0 {
            copy(frame.extracting(0..<12), to: content)
            store(bigEndian: tag.protocolIdentifier.rawValue, at: content + 12)
            store(bigEndian: tag.controlInformation, at: content + 14)
            copy(frame.extracting(12..<frame.count), to: content + 16)
        } else {
            copy(frame, to: content)
        }
        tail.store(end, ordering: .releasing)
        return true
    }

    /// Whether less than half of it is free. By the producer alone.
    var isFilling: Bool {
        tail.load(ordering: .relaxed) - head.load(ordering: .acquiring) > Self.capacity / 2
    }

    /// Whether no frame waits. By the consumer alone.
    var isEmpty: Bool { tail.load(ordering: .acquiring) == head.load(ordering: .relaxed) }

    /// Takes all frames that wait, through a buffer. By the consumer alone.
    func drain(_ buffer: inout [UInt8], _ body: (Span<UInt8>, Timestamp, _ length: Int) -> Void) {
        var start = head.load(ordering: .relaxed)
        while start < tail.load(ordering: .acquiring) {
            let time = load(at: start)
            let length = Int(load(at: start + 8))
            let size = Int(load(at: start + 16))
            buffer.removeAll(keepingCapacity: true)
            for index in 0..<size { buffer.append(byte(at: start + Self.headerSize + index)) }
            body(buffer.span, Timestamp(nanoseconds: time), length)
            start += Self.headerSize + (size + 7) & ~7
            head.store(start, ordering: .releasing)
        }
    }

    private func store(_ number: Int64, at position: Int) {
        unsafe bytes.storeBytes(of: number, toByteOffset: position & (Self.capacity - 1), as: Int64.self)
    }

    private func load(at position: Int) -> Int64 {
        unsafe bytes.load(fromByteOffset: position & (Self.capacity - 1), as: Int64.self)
    }

    /// The position is even, so that the number does not wrap.
    private func store(bigEndian number: UInt16, at position: Int) {
        unsafe bytes.storeBytes(
            of: number.bigEndian, toByteOffset: position & (Self.capacity - 1), as: UInt16.self)
    }

    private func byte(at position: Int) -> UInt8 {
        unsafe bytes.load(fromByteOffset: position & (Self.capacity - 1), as: UInt8.self)
    }

    private func copy(_ span: Span<UInt8>, to position: Int) {
        let offset = position & (Self.capacity - 1)
        let first = min(span.count, Self.capacity - offset)
        unsafe span.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe (bytes + offset).copyMemory(from: base, byteCount: first)
            unsafe bytes.copyMemory(from: base + first, byteCount: span.count - first)
        }
    }
}
