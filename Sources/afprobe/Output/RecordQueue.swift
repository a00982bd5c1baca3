import Synchronization

/// A queue of fixed length from one thread to one other, such as from the one that measures to the one that writes lines;
/// neither ever waits for the other.
@safe final class RecordQueue<Record>: @unchecked Sendable {
    /// Where the next record is taken from, and where the next one goes: they only ever grow, and an index into the
    /// slots is what is left of them.
    private let head = Atomic<Int>(0)
    private let tail = Atomic<Int>(0)
    private let slots: UnsafeMutablePointer<Record>
    private let mask: Int

    /// - Parameter capacity: a power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a power of two")
        mask = capacity - 1
        unsafe slots = .allocate(capacity: capacity)
    }

    deinit {
        while pop() != nil {}
        unsafe slots.deallocate()
    }

    /// How many records there is room for; to be asked by the producer.
    var room: Int { mask + 1 - (tail.load(ordering: .relaxed) - head.load(ordering: .acquiring)) }

    /// Whether less than half of it is free; to be asked by the producer.
    var isFilling: Bool { room <= mask / 2 }

    /// Whether nothing waits; to be asked by the consumer.
    var isEmpty: Bool { tail.load(ordering: .acquiring) == head.load(ordering: .relaxed) }

    /// Adds a record; false where there is no room. By the producer alone.
    func push(_ record: consuming Record) -> Bool {
        let place = tail.load(ordering: .relaxed)
        guard place - head.load(ordering: .acquiring) <= mask else { return false }
        unsafe (slots + (place & mask)).initialize(to: record)
        tail.store(place + 1, ordering: .releasing)
        return true
    }

    /// Takes the oldest record; nil where there is none. By the consumer alone.
    func pop() -> Record? {
        let place = head.load(ordering: .relaxed)
        guard place < tail.load(ordering: .acquiring) else { return nil }
        let record = unsafe (slots + (place & mask)).move()
        head.store(place + 1, ordering: .releasing)
        return record
    }
}
