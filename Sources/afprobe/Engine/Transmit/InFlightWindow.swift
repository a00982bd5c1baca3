import AFPacketKit

/// Frames in flight, by their consecutive numbers from 1.
///
/// A settled frame's slot is kept until the frame `capacity` numbers later needs it: a late or duplicate answer is
/// still recognised.
struct InFlightWindow<Entry>: ~Copyable {
    /// A frame's slot. It does not hold the number, which follows from its index. Private, it crashed the compiler's
    /// debug build.
    struct Slot {
        var sentAt = MonotonicTime(nanoseconds: 0)
        /// Nil for a number that was not sent.
        var isInFlight: Bool?
        var entry: Entry
    }

    /// Their count is a power of two: an index is a number's lowest bits.
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

    var isFull: Bool { room == 0 }

    /// The number of frames that may be added before the oldest is settled.
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
        // The slots wrap around at the end.
        let start = Int(truncatingIfNeeded: first & (capacity &- 1))
        let straight = min(count, slots.count &- start)
        slots.update(repeating: slot, from: start, count: straight)
        if straight < count { slots.update(repeating: slot, from: 0, count: count - straight) }
    }

    /// Skips the next frame, which could not be sent.
    mutating func skip(_ number: UInt64) {
        slots[wrapping: number].isInFlight = nil
        next = number + 1
    }

    /// Whether a frame is in flight; nil if it was never sent, or too long ago.
    func isInFlight(_ number: UInt64) -> Bool? {
        // Long before or after its turn, its slot is another number's.
        next &- 1 &- number < capacity ? slots[wrapping: number].isInFlight : nil
    }

    /// The entry of a frame for which `isInFlight` is not nil.
    subscript(number: UInt64) -> Entry {
        // In its slot: entries are too large to be copied for each access.
        _read { yield slots[wrapping: number].entry }
        _modify { yield &slots[wrapping: number].entry }
    }

    mutating func settle(_ number: UInt64) {
        slots[wrapping: number].isInFlight = false
        inFlightCount &-= 1
        // Most are settled in order, so that few remain to be skipped later.
        if number == oldest { oldest &+= 1 }
    }

    /// The oldest frame in flight and its send time.
    mutating func oldestInFlight() -> (number: UInt64, sentAt: MonotonicTime)? {
        while oldest < next {
            if slots[wrapping: oldest].isInFlight == true { return (oldest, slots[wrapping: oldest].sentAt) }
            oldest += 1
        }
        return nil
    }

    /// The oldest frame in flight, if it was sent at least `timeout` nanoseconds ago.
    mutating func timedOut(at now: MonotonicTime, timeout: Int64) -> UInt64? {
        guard let (number, sentAt) = oldestInFlight(), now >= sentAt + timeout else { return nil }
        return number
    }
}
