internal import Synchronization

/// A wait-free queue of records of different lengths in a ring of bytes, with one producer and one consumer thread.
@safe package final class ByteRecordQueue: @unchecked Sendable {
    /// The header in front of a record's bytes.
    private struct Header: BitwiseCopyable {
        let count: Int
        let label: Label
    }

    /// The data of a record beside its bytes.
    package struct Label: BitwiseCopyable, Hashable, Sendable {
        /// A stamp of the record.
        package var time: Timestamp
        /// A length whose meaning the producer and the consumer define.
        package var length: Int

        /// Creates a label.
        package init(time: Timestamp, length: Int) {
            self.time = time
            self.length = length
        }
    }

    /// The positions of the next record to remove and of the next to add; they only grow.
    private let head = Atomic<Int>(0)
    private let tail = Atomic<Int>(0)
    private let memory: Slab<UInt8>

    /// Creates an empty queue.
    ///
    /// - Parameter capacity: the size in bytes: a power of two, 64 or more. A record takes 24 bytes beside its own.
    package init(capacity: Int) {
        precondition(capacity >= 64 && capacity & (capacity - 1) == 0, "a power of two")
        memory = Slab(zeros: capacity)
    }

    /// Tells whether less than half of it is free. Producer only.
    package var isFilling: Bool {
        tail.load(ordering: .relaxed) - head.load(ordering: .acquiring) > memory.count / 2
    }

    /// Tells whether it is empty. Consumer only.
    package var isEmpty: Bool { tail.load(ordering: .acquiring) == head.load(ordering: .relaxed) }

    /// Adds a record of one to three pieces, concatenated; false if there is no room. Producer only.
    package func push(
        _ label: Label, _ first: Span<UInt8>, _ second: Span<UInt8> = Span(), _ third: Span<UInt8> = Span()
    ) -> Bool {
        let start = tail.load(ordering: .relaxed)
        let count = first.count + second.count + third.count
        let end = start + MemoryLayout<Header>.size + count
        guard end - head.load(ordering: .acquiring) <= memory.count else { return false }
        let header = Header(count: count, label: label)
        var position = start
        unsafe withUnsafeBytes(of: header) { unsafe copy($0, to: &position) }
        unsafe first.withUnsafeBytes { unsafe copy($0, to: &position) }
        unsafe second.withUnsafeBytes { unsafe copy($0, to: &position) }
        unsafe third.withUnsafeBytes { unsafe copy($0, to: &position) }
        tail.store(end, ordering: .releasing)
        return true
    }

    /// Removes all records, through a buffer. Consumer only.
    package func drain(through buffer: inout [UInt8], _ body: (Label, Span<UInt8>) -> Void) {
        var position = head.load(ordering: .relaxed)
        while position < tail.load(ordering: .acquiring) {
            var header = Header(count: 0, label: Label(time: Timestamp(nanoseconds: 0), length: 0))
            unsafe withUnsafeMutableBytes(of: &header) { bytes in
                var offset = 0
                unsafe forEachPiece(of: bytes.count, from: &position) { piece in
                    unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyMemory(from: piece)
                    offset += piece.count
                }
            }
            buffer.removeAll(keepingCapacity: true)
            unsafe forEachPiece(of: header.count, from: &position) { unsafe buffer.append(contentsOf: $0) }
            body(header.label, buffer.span)
            head.store(position, ordering: .releasing)
        }
    }

    /// Copies bytes to a position that has room, and advances the position.
    private func copy(_ source: UnsafeRawBufferPointer, to position: inout Int) {
        var copied = 0
        unsafe forEachPiece(of: source.count, from: &position) { piece in
            let next = unsafe UnsafeRawBufferPointer(rebasing: source[copied..<copied + piece.count])
            unsafe UnsafeMutableRawBufferPointer(mutating: piece).copyMemory(from: next)
            copied += piece.count
        }
    }

    /// Visits at most `count` bytes from a position on: in two pieces if they wrap to the beginning of the memory.
    private func forEachPiece(
        of count: Int, from position: inout Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        precondition(count >= 0 && count <= memory.count, "the record is longer than the queue")
        let start = position & (memory.count - 1)
        let straight = min(count, memory.count - start)
        unsafe body(UnsafeRawBufferPointer(start: memory.address(of: start), count: straight))
        if straight < count {
            unsafe body(UnsafeRawBufferPointer(start: memory.address(of: 0), count: count - straight))
        }
        position += count
    }
}
