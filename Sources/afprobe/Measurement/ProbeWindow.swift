import AFPacketKit

/// The probes that were sent and are not settled, by their numbers, which follow each other.
///
/// A settled probe's place is kept until a probe `capacity` numbers later needs it, so that what comes too
/// late, or twice, can still be recognised.
struct ProbeWindow<Entry> {
    private struct Slot {
        var number: UInt64 = 0
        var sentAt = MonotonicTime(nanoseconds: 0)
        var isOpen = false
        var entry: Entry
    }

    private var slots: [Slot]
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
        slots = [Slot](repeating: Slot(entry: filler), count: size)
        mask = UInt64(size - 1)
    }

    /// Whether the next probe has to wait until the oldest is settled.
    var isFull: Bool { next - oldest > mask }

    /// How many probes may be added before the oldest is settled.
    var room: UInt64 { mask + 1 - (next - oldest) }

    /// Adds the probe after the last one; the window must not be full.
    mutating func open(_ number: UInt64, at time: MonotonicTime, _ entry: Entry) {
        slots[index(of: number)] = Slot(number: number, sentAt: time, isOpen: true, entry: entry)
        next = number + 1
        openCount += 1
    }

    /// Passes over the probe after the last one: it could not be sent.
    mutating func skip(_ number: UInt64) {
        slots[index(of: number)].isOpen = false
        slots[index(of: number)].number = 0
        next = number + 1
    }

    /// Whether a probe is unsettled; nil where it was never sent or too long ago.
    func isOpen(_ number: UInt64) -> Bool? {
        let slot = slots[index(of: number)]
        return slot.number == number && number != 0 ? slot.isOpen : nil
    }

    /// What is known of a probe for which `isOpen` is not nil.
    subscript(number: UInt64) -> Entry {
        get { slots[index(of: number)].entry }
        set { slots[index(of: number)].entry = newValue }
    }

    /// Settles an open probe.
    mutating func close(_ number: UInt64) {
        slots[index(of: number)].isOpen = false
        openCount -= 1
    }

    /// The oldest open probe and when it was sent.
    mutating func oldestOpen() -> (number: UInt64, sentAt: MonotonicTime)? {
        while oldest < next {
            let slot = slots[index(of: oldest)]
            if slot.isOpen { return (oldest, slot.sentAt) }
            oldest += 1
        }
        return nil
    }

    /// The oldest open probe if it was sent `timeout` nanoseconds ago or earlier.
    mutating func overdue(at now: MonotonicTime, timeout: Int64) -> UInt64? {
        guard let (number, sentAt) = oldestOpen(), now >= sentAt + timeout else { return nil }
        return number
    }

    private func index(of number: UInt64) -> Int { Int(number & mask) }
}
