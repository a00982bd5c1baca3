package import Synchronization

/// A wait-free queue of fixed length with one producer and one consumer thread, such as the measuring and the writing
/// thread.
@safe package final class RecordQueue<Record>: @unchecked Sendable {
    /// The numbers of the next record to remove and of the next to add; they only grow.
    @usableFromInline let head = Atomic<UInt64>(0)
    @usableFromInline let tail = Atomic<UInt64>(0)
    /// The producer writes from the tail on, the consumer reads up to it. Not a slab, which would initialise all
    /// elements: pages are touched only when the first records come.
    @usableFromInline let slots: UnsafeMutablePointer<Record>
    @usableFromInline let mask: UInt64

    /// Creates an empty queue.
    ///
    /// - Parameter capacity: the max number of records: a power of two.
    @inlinable
    package init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a power of two")
        mask = UInt64(capacity - 1)
        unsafe slots = allocateZeroed(capacity)
    }

    deinit {
        while pop() != nil {}
        unsafe release(slots)
    }

    /// The number of free records. Producer only.
    @inlinable
    package var room: Int {
        Int(mask + 1 - (tail.load(ordering: .relaxed) - head.load(ordering: .acquiring)))
    }

    /// Tells whether less than half of it is free. Producer only.
    @inlinable
    package var isFilling: Bool { room <= mask / 2 }

    /// Tells whether it is empty. Consumer only.
    @inlinable
    package var isEmpty: Bool { tail.load(ordering: .acquiring) == head.load(ordering: .relaxed) }

    /// Adds a record; false if there is no room. Producer only.
    @inlinable
    package func push(_ record: consuming Record) -> Bool {
        let position = tail.load(ordering: .relaxed)
        guard position - head.load(ordering: .acquiring) <= mask else { return false }
        unsafe (slots + Int(position & mask)).initialize(to: record)
        tail.store(position + 1, ordering: .releasing)
        return true
    }

    /// Removes the oldest record; nil if it is empty. Consumer only.
    @inlinable
    package func pop() -> Record? {
        let position = head.load(ordering: .relaxed)
        guard position < tail.load(ordering: .acquiring) else { return nil }
        let record = unsafe (slots + Int(position & mask)).move()
        head.store(position + 1, ordering: .releasing)
        return record
    }
}
