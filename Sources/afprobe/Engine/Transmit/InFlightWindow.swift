import AFPacketKit

/// Frames in flight, by their numbers, which follow each other from 1.
///
/// A settled frame's slot is kept until the frame `capacity` numbers later needs it: a late or duplicate answer is still
/// recognised.
struct InFlightWindow<Entry>: ~Copyable {
    /// A frame's slot. It does not hold the number, which follows from its index. Private, it crashed the compiler's debug
    /// build.
    struct Slot {
        var sentAt = MonotonicTime(nanoseconds: 0)
        /// Nil for a number that was not sent.
        var isInFlight: Bool?
        var entry: Entry
    }

    /// A power of two of them: an index is a number's lowest bits.
    private var slots: Slab<Slot>
    /// The lowest number that may be in flight, and the one after the highest sent.
    private var oldest: UInt64 = 1
    private var next: UInt64 = 1
    private(set) var inFlightCount = 0

    /// A window for at least `capacity` frames, filled with entries that mean nothing.
    init(capacity: Int, filler: Entry) {
        var size = 1
        while size < capacity { size *= 2 }
        slots = Slab(repeating: Slot(isInFlight: nil, entry: filler), count: size)
    }

    private var capacity: UInt64 { UInt64(slots.count) }

    /// Whether the next frame has to wait until the oldest is settled.
    var isFull: Bool { room == 0 }

    /// How many frames may be added before the oldest is settled.
    var room: UInt64 { capacity &- (next &- oldest) }

    /// Adds the `count` frames after the last one, with the same entry; there must be room.
    mutating func add(_ first: UInt64, count: Int = 1, at time: MonotonicTime, _ entry: Entry) {
        precondition(count <= slots.count, "there is no room for so many")
        next = first &+ UInt64(count)
        inFlightCount &+= count
        let slot = Slot(sentAt: time, isInFlight: true, entry: entry)
        guard count > 1 else {
            if count == 1 { slots[wrapping: first] = slot }
            return
        }
        // At the end of the memory it goes on at the beginning.
        let start = Int(truncatingIfNeeded: first & (capacity &- 1))
        let straight = min(count, slots.count &- start)
        slots.update(repeating: slot, from: start, count: straight)
        if straight < count { slots.update(repeating: slot, from: 0, count: count - straight) }
    }

    /// Passes over the frame after the last one, which could not be sent.
    mutating func skip(_ number: UInt64) {
        slots[wrapping: number].isInFlight = nil
        next = number + 1
    }

    /// Whether a frame is in flight; nil if it was never sent, or too long ago.
    func isInFlight(_ number: UInt64) -> Bool? {
        // Long before and long after its turn the slot is another number's.
        next &- 1 &- number < capacity ? slots[wrapping: number].isInFlight : nil
    }

    /// The entry of a frame for which `isInFlight` is not nil.
    subscript(number: UInt64) -> Entry {
        // In its slot: entries are too large to be copied for one look.
        _read { yield slots[wrapping: number].entry }
        _modify { yield &slots[wrapping: number].entry }
    }

    /// Settles a frame in flight.
    mutating func settle(_ number: UInt64) {
        slots[wrapping: number].isInFlight = false
        inFlightCount &-= 1
        // Most are settled in their order, so that few are left to be passed over later.
        if number == oldest { oldest &+= 1 }
    }

    /// The oldest frame in flight and when it was sent.
    mutating func oldestInFlight() -> (number: UInt64, sentAt: MonotonicTime)? {
        while oldest < next {
            if slots[wrapping: oldest].isInFlight == true { return (oldest, slots[wrapping: oldest].sentAt) }
            oldest += 1
        }
        return nil
    }

    /// The oldest frame in flight if it was sent `timeout` nanoseconds ago or earlier.
    mutating func overdue(at now: MonotonicTime, timeout: Int64) -> UInt64? {
        guard let (number, sentAt) = oldestInFlight(), now >= sentAt + timeout else { return nil }
        return number
    }
}
