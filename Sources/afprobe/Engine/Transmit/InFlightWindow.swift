import AFPacketKit

/// The state of a frame in a window.
enum FrameState: UInt8 {
    /// It was not sent.
    case absent
    /// Its stamps or its answer are awaited.
    case awaited
    /// It was answered, and the rest is awaited.
    case answered
    case settled
}

/// Frames in flight, by their consecutive numbers from 1.
///
/// A settled frame's slot is kept until the frame `capacity` numbers later needs it: a late or duplicate answer is
/// still recognised.
struct InFlightWindow<Entry>: ~Copyable {
    /// A frame's slot. It does not hold the number, which follows from its index. Private, it crashed the compiler's
    /// debug build.
    struct Slot {
        var sentAt = MonotonicTime(nanoseconds: 0)
        var state: FrameState
        var entry: Entry
    }

    /// Their count is a power of two: an index is a number's lowest bits.
    private var slots: Slab<Slot>
    /// The lowest number that may be in flight, the lowest that may be awaited, and the one after the highest sent.
    private var oldest: UInt64 = 1
    private var awaited: UInt64 = 1
    private var next: UInt64 = 1
    private(set) var inFlightCount = 0

    /// A window for at least `capacity` frames, filled with entries that mean nothing.
    init(capacity: Int, filler: Entry) {
        var size = 1
        while size < capacity { size *= 2 }
        slots = Slab(repeating: Slot(state: .absent, entry: filler), count: size)
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
        let slot = Slot(sentAt: time, state: .awaited, entry: entry)
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
        slots[wrapping: number].state = .absent
        next = number + 1
    }

    /// The state of a frame; `absent` also if it was sent too long ago.
    func state(of number: UInt64) -> FrameState {
        // Long before or after its turn, its slot is another number's.
        next &- 1 &- number < capacity ? slots[wrapping: number].state : .absent
    }

    /// Returns whether a frame is in flight; nil if it was never sent, or too long ago.
    func isInFlight(_ number: UInt64) -> Bool? {
        switch state(of: number) {
        case .absent: nil
        case .awaited, .answered: true
        case .settled: false
        }
    }

    /// Returns whether a number's turn was so long ago that its slot is another's.
    func isFormer(_ number: UInt64) -> Bool { number > 0 && number < next && next &- number > capacity }

    /// The entry of a frame that is not absent.
    subscript(number: UInt64) -> Entry {
        // In its slot: entries are too large to be copied for each access.
        _read { yield slots[wrapping: number].entry }
        _modify { yield &slots[wrapping: number].entry }
    }

    /// The send time of a frame that is not absent.
    func sentAt(_ number: UInt64) -> MonotonicTime { slots[wrapping: number].sentAt }

    /// Notes that a frame in flight was answered.
    mutating func answer(_ number: UInt64) { slots[wrapping: number].state = .answered }

    mutating func settle(_ number: UInt64) {
        slots[wrapping: number].state = .settled
        inFlightCount &-= 1
        // Most are settled in order, so that few remain to be skipped later.
        if number == oldest { oldest &+= 1 }
    }

    /// The oldest frame in flight and its send time.
    mutating func oldestInFlight() -> (number: UInt64, sentAt: MonotonicTime)? {
        while oldest < next {
            let state = slots[wrapping: oldest].state
            if state == .awaited || state == .answered { return (oldest, slots[wrapping: oldest].sentAt) }
            oldest &+= 1
        }
        return nil
    }

    /// The oldest frame that is awaited and its send time.
    mutating func oldestAwaited() -> (number: UInt64, sentAt: MonotonicTime)? {
        awaited = max(awaited, oldest)
        while awaited < next {
            if slots[wrapping: awaited].state == .awaited {
                return (awaited, slots[wrapping: awaited].sentAt)
            }
            awaited &+= 1
        }
        return nil
    }

    /// The oldest frame that is awaited, if it was sent at least `timeout` nanoseconds ago.
    mutating func timedOut(at now: MonotonicTime, timeout: Int64) -> UInt64? {
        guard let (number, sentAt) = oldestAwaited(), now >= sentAt + timeout else { return nil }
        return number
    }
}
