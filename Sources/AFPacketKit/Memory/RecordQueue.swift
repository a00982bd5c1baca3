package import Synchronization

/// A queue of fixed length from one thread to one other, such as from the one that measures to the one that writes;
/// neither ever waits for the other.
@safe package final class RecordQueue<Record>: @unchecked Sendable {
    /// The numbers of the next record to be removed and of the next to be added: they only ever grow.
    @usableFromInline let head = Atomic<UInt64>(0)
    @usableFromInline let tail = Atomic<UInt64>(0)
    /// The producer writes from the tail on, the consumer reads up to it. Not a slab, whose elements would all have to
    /// be there: the memory is touched when the first records come.
    @usableFromInline let slots: UnsafeMutablePointer<Record>
    @usableFromInline let mask: UInt64

    /// Makes an empty queue.
    ///
    /// - Parameter capacity: how many records it has room for: a power of two.
    @inlinable
    package init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a power of two")
        mask = UInt64(capacity - 1)
        unsafe slots = .allocate(capacity: capacity)
    }

    deinit {
        while pop() != nil {}
        unsafe slots.deallocate()
    }

    /// The number of records there is room for; to be asked by the producer.
    @inlinable
    package var room: Int {
        Int(mask + 1 - (tail.load(ordering: .relaxed) - head.load(ordering: .acquiring)))
    }

    /// Whether less than half of it is free; to be asked by the producer.
    @inlinable
    package var isFilling: Bool { room <= mask / 2 }

    /// Whether nothing waits; to be asked by the consumer.
    @inlinable
    package var isEmpty: Bool { tail.load(ordering: .acquiring) == head.load(ordering: .relaxed) }

    /// Adds a record; false if there is no room. By the producer alone.
    @inlinable
    package func push(_ record: consuming Record) -> Bool {
        let position = tail.load(ordering: .relaxed)
        guard position - head.load(ordering: .acquiring) <= mask else { return false }
        unsafe (slots + Int(position & mask)).initialize(to: record)
        tail.store(position + 1, ordering: .releasing)
        return true
    }

    /// Removes the oldest record; nil if there is none. By the consumer alone.
    @inlinable
    package func pop() -> Record? {
        let position = head.load(ordering: .relaxed)
        guard position < tail.load(ordering: .acquiring) else { return nil }
        let record = unsafe (slots + Int(position & mask)).move()
        head.store(position + 1, ordering: .releasing)
        return record
    }
}
