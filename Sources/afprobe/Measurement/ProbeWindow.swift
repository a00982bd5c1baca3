import AFPacketKit

/// The probes that were sent and are not settled, by their numbers, which follow each other.
///
/// A settled probe's place is kept until a probe `capacity` numbers later needs it, so that what comes too
/// late, or twice, can still be recognised.
@safe struct ProbeWindow<Entry>: ~Copyable {
    private struct Slot {
        var number: UInt64 = 0
        var sentAt = MonotonicTime(nanoseconds: 0)
        var isOpen = false
        var entry: Entry
    }

    /// As many as a power of two, so that what is left of a number by the mask is always one of them.
    private let slots: UnsafeMutablePointer<Slot>
    private let mask: UInt64
    /// The lowest number that may still be open, and the one after the highest sent.
    private var oldest: UInt64 = 1
    private var next: UInt64 = 1
    /// How many are open.
    private(set) var openCount = 0

    /// A window for at least `capacity` probes, filled with entries that mean nothing.
    init(capacity: Int, filler: Entry) {
        var size = 1
        while size < capacity { size *= 2 }
        unsafe slots = .allocate(capacity: size)
        unsafe slots.initialize(repeating: Slot(entry: filler), count: size)
        mask = UInt64(size - 1)
    }

    deinit {
        unsafe slots.deinitialize(count: Int(mask) + 1)
        unsafe slots.deallocate()
    }

    /// Whether the next probe has to wait until the oldest is settled.
    var isFull: Bool { next - oldest > mask }

    /// How many probes may be added before the oldest is settled.
    var room: UInt64 { mask + 1 - (next - oldest) }

    /// Adds the probe after the last one; the window must not be full.
    mutating func open(_ number: UInt64, at time: MonotonicTime, _ entry: Entry) {
        open(number, count: 1, at: time, entry)
    }

    /// Adds the `count` probes after the last one, of which the same is known; there must be room.
    mutating func open(_ first: UInt64, count: Int, at time: MonotonicTime, _ entry: Entry) {
        next = first + UInt64(count)
        openCount += count
        for number in first..<next {
            unsafe slot(number).pointee = Slot(number: number, sentAt: time, isOpen: true, entry: entry)
        }
    }

    /// Passes over the probe after the last one: it could not be sent.
    mutating func skip(_ number: UInt64) {
        unsafe slot(number).pointee.isOpen = false
        unsafe slot(number).pointee.number = 0
        next = number + 1
    }

    /// Whether a probe is unsettled; nil where it was never sent or too long ago.
    func isOpen(_ number: UInt64) -> Bool? {
        let slot = unsafe slot(number)
        return unsafe slot.pointee.number == number && number != 0 ? slot.pointee.isOpen : nil
    }

    /// What is known of a probe for which `isOpen` is not nil.
    subscript(number: UInt64) -> Entry {
        // In its place: entries are too large to be copied for one look.
        _read { yield unsafe slot(number).pointee.entry }
        _modify { yield unsafe &slot(number).pointee.entry }
    }

    /// Settles an open probe.
    mutating func close(_ number: UInt64) {
        unsafe slot(number).pointee.isOpen = false
        openCount -= 1
    }

    /// The oldest open probe and when it was sent.
    mutating func oldestOpen() -> (number: UInt64, sentAt: MonotonicTime)? {
        while oldest < next {
            let slot = unsafe slot(oldest)
            if unsafe slot.pointee.isOpen { return (oldest, unsafe slot.pointee.sentAt) }
            oldest += 1
        }
        return nil
    }

    /// The oldest open probe if it was sent `timeout` nanoseconds ago or earlier.
    mutating func overdue(at now: MonotonicTime, timeout: Int64) -> UInt64? {
        guard let (number, sentAt) = oldestOpen(), now >= sentAt + timeout else { return nil }
        return number
    }

    private func slot(_ number: UInt64) -> UnsafeMutablePointer<Slot> {
        unsafe slots + Int(truncatingIfNeeded: number & mask)
    }
}
