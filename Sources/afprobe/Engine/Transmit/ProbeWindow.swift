import AFPacketKit

/// The probes that were sent and are not settled, by their numbers, which follow each other.
///
/// A settled probe's place is kept until a probe `capacity` numbers later needs it, so that what comes too
/// late, or twice, can still be recognised.
struct ProbeWindow<Entry>: ~Copyable {
    /// A probe's place. It does not hold the number, which follows from where it is. Private, it crashed the compiler's
    /// debug build.
    struct Slot {
        var sentAt = MonotonicTime(nanoseconds: 0)
        /// Nil where there was no such probe.
        var isOpen: Bool?
        var entry: Entry
    }

    /// As many as a power of two, so that what is left of a number by the mask is always one of them.
    private var slots: Slab<Slot>
    /// The lowest number that may still be open, and the one after the highest sent.
    private var oldest: UInt64 = 1
    private var next: UInt64 = 1
    /// How many are open.
    private(set) var openCount = 0

    /// A window for at least `capacity` probes, filled with entries that mean nothing.
    init(capacity: Int, filler: Entry) {
        var size = 1
        while size < capacity { size *= 2 }
        slots = Slab(repeating: Slot(isOpen: nil, entry: filler), count: size)
    }

    private var capacity: UInt64 { UInt64(slots.count) }

    /// Whether the next probe has to wait until the oldest is settled.
    var isFull: Bool { next - oldest >= capacity }

    /// How many probes may be added before the oldest is settled.
    var room: UInt64 { capacity &- (next &- oldest) }

    /// Adds the probe after the last one; the window must not be full.
    @inline(__always)
    mutating func open(_ number: UInt64, at time: MonotonicTime, _ entry: Entry) {
        next = number &+ 1
        openCount &+= 1
        slots[wrapping: number] = Slot(sentAt: time, isOpen: true, entry: entry)
    }

    /// Adds the `count` probes after the last one, of which the same is known; there must be room.
    mutating func open(_ first: UInt64, count: Int, at time: MonotonicTime, _ entry: Entry) {
        guard count > 1 else {
            if count == 1 { open(first, at: time, entry) }
            return
        }
        precondition(count <= slots.count, "there is no room for so many")
        next = first &+ UInt64(count)
        openCount &+= count
        let slot = Slot(sentAt: time, isOpen: true, entry: entry)
        // At the end of the memory it goes on at the beginning.
        let start = Int(truncatingIfNeeded: first & (capacity &- 1))
        let straight = min(count, slots.count &- start)
        slots.update(repeating: slot, from: start, count: straight)
        if straight < count { slots.update(repeating: slot, from: 0, count: count - straight) }
    }

    /// Passes over the probe after the last one: it could not be sent.
    mutating func skip(_ number: UInt64) {
        slots[wrapping: number].isOpen = nil
        next = number + 1
    }

    /// Where a probe is kept: looked up once for all that is done with it.
    struct Place {
        fileprivate let number: UInt64
    }

    /// Where a probe is kept; nil where it was never sent or too long ago.
    @inline(__always)
    func place(of number: UInt64) -> Place? {
        let place = placeInTurn(number)
        return isInTurn(number) && slots[wrapping: number].isOpen != nil ? place : nil
    }

    /// Where an unsettled probe is kept; nil where there is none of that number.
    @inline(__always)
    func place(ofOpen number: UInt64) -> Place? {
        let place = placeInTurn(number)
        return isInTurn(number) && isOpen(place) ? place : nil
    }

    /// Whether a probe is unsettled; nil where it was never sent or too long ago.
    func isOpen(_ number: UInt64) -> Bool? { place(of: number).map { isOpen($0) } }

    /// Whether the probe at a place is unsettled.
    @inline(__always)
    func isOpen(_ place: Place) -> Bool { slots[wrapping: place.number].isOpen == true }

    /// What is known of a probe for which `isOpen` is not nil.
    subscript(number: UInt64) -> Entry {
        // In its place: entries are too large to be copied for one look.
        _read { yield slots[wrapping: number].entry }
        _modify { yield &slots[wrapping: number].entry }
    }

    /// What is known of the probe at a place.
    subscript(place: Place) -> Entry {
        @inline(__always)
        _read { yield slots[wrapping: place.number].entry }
        @inline(__always)
        _modify { yield &slots[wrapping: place.number].entry }
    }

    /// Settles an open probe.
    mutating func close(_ number: UInt64) { close(number, at: placeInTurn(number)) }

    /// Settles the open probe at a place.
    @inline(__always)
    mutating func close(_ number: UInt64, at place: Place) {
        slots[wrapping: place.number].isOpen = false
        openCount &-= 1
        // Most are settled in their order, so that few are left to be passed over later.
        if number == oldest { oldest &+= 1 }
    }

    /// The oldest open probe and when it was sent.
    @inline(__always)
    mutating func oldestOpen() -> (number: UInt64, sentAt: MonotonicTime)? {
        while oldest < next {
            let place = placeInTurn(oldest)
            if isOpen(place) { return (oldest, slots[wrapping: place.number].sentAt) }
            oldest += 1
        }
        return nil
    }

    /// Where the oldest open probe is kept.
    @inline(__always)
    mutating func oldestOpenPlace() -> Place? { oldestOpen().map { placeInTurn($0.number) } }

    /// The oldest open probe if it was sent `timeout` nanoseconds ago or earlier.
    @inline(__always)
    mutating func overdue(at now: MonotonicTime, timeout: Int64) -> UInt64? {
        guard let (number, sentAt) = oldestOpen(), now >= sentAt + timeout else { return nil }
        return number
    }

    /// Whether what is kept at a number's place is of that number, if there is anything: long before and long after it is
    /// of another one.
    private func isInTurn(_ number: UInt64) -> Bool { next &- 1 &- number < capacity }

    /// Where a number's turn is, whatever is kept there now.
    private func placeInTurn(_ number: UInt64) -> Place { Place(number: number) }
}
