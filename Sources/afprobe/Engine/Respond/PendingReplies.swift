import AFPacketKit

/// A reply that was sent and whose transmit stamps are still to come.
struct PendingReply {
    /// The length of its frame, and the offset of the message in it.
    var size = 0
    var start = 0
    /// The time at which it is followed up with the stamps that came.
    var deadline = MonotonicTime(nanoseconds: 0)
    /// The steps of the clock noticed before it was sent.
    var clockSteps: UInt64 = 0
    var wantsScheduledStamp = false
    /// Tells whether its follow-up, which replaced it, found no room to be sent.
    var isPostponed = false
    var stamps = TransmitStamps()

    /// Returns whether all stamps have come; `expected` holds for a reply that asks for no scheduled stamp.
    func isComplete(_ expected: ExpectedStamps) -> Bool {
        let others = expected.subtracting(.scheduled)
        return (wantsScheduledStamp ? others.union(.scheduled) : others).areComplete(stamps)
    }
}

/// The replies that wait for their transmit stamps, the oldest first, in a fixed number of slots: 6 MiB.
struct PendingReplies: ~Copyable {
    private var window = InFlightWindow(capacity: capacity, filler: PendingReply())
    /// The headers and the message of each kept frame, as it was sent. Only zeros follow.
    private var heads = Slab<Head>(zeros: capacity)
    /// Its tokens are the slots' numbers.
    private var ledger = TransmitLedger(capacity: capacity)
    /// Tells whether the last reply had a key of ours.
    private var lastHadKey = false
    /// The slots whose follow-ups found no room to be sent, in their order, from `start` up to `end`.
    private var postponed = Slab<UInt64>(zeros: capacity)
    private var start: UInt64 = 0
    private var end: UInt64 = 0

    /// Enough for a VLAN tag, IPv6, UDP and PTP in front of the longest message: 250 bytes.
    private typealias Head = InlineArray<256, UInt8>
    /// A power of two, as the window's is: all replies within 0.8 s at 20,000 a second.
    static var capacity: Int { 16_384 }

    private static func index(of slot: UInt64) -> Int { Int(truncatingIfNeeded: slot) & (capacity - 1) }

    /// Adds a reply that has just been sent, and returns its slot number; there must be room.
    ///
    /// - Parameter hadKey: whether it had a key of ours.
    mutating func add(
        _ reply: PendingReply, sent frame: borrowing ReplyFrame, hadKey: Bool = false, at time: MonotonicTime
    ) -> UInt64 {
        if hadKey != lastHadKey { ledger.willChangeKeys() }
        lastHadKey = hadKey
        // No two replies have the same userspace stamp.
        let slot = ledger.sent(frame.bytes.span, witnessAt: reply.start + ProbeMessage.sentUserspaceOffset)
        window.add(slot, at: time, reply)
        return slot
    }

    /// The key for a reply that is sent with a control message.
    var nextKey: UInt32 { ledger.explicitKey(of: ledger.next) }

    /// Keeps a copy of the frame of a sent reply.
    mutating func keep(_ slot: UInt64, as frame: [UInt8]) {
        let index = Self.index(of: slot)
        let length = min(frame.count, heads[index].count)
        var head = heads[index].mutableSpan
        head.copy(frame.span.extracting(first: length))
    }

    /// Restores a kept reply into a frame of its size.
    func restore(_ slot: UInt64, into frame: inout [UInt8]) {
        let index = Self.index(of: slot)
        let length = min(frame.count, heads[index].count)
        var bytes = frame.mutableSpan
        bytes.copy(heads[index].span.extracting(first: length))
        bytes.fillWithZeros(length..<bytes.count)
    }

    /// Skips a reply that could not be sent; `hadKey` tells whether it was to have an explicit key.
    mutating func skip(hadKey: Bool) {
        window.skip(ledger.next)
        ledger.failed(hadExplicitKey: hadKey)
    }

    /// The reply that must be settled before another can be added; nil if there is room.
    mutating func numberToClear() -> UInt64? {
        // Only the search for the oldest tells the window that those before it are settled.
        guard window.isFull, let (oldest, _) = window.oldestInFlight(), window.isFull else { return nil }
        return oldest
    }

    var count: Int { window.inFlightCount }

    /// Merges the stamps of a completion into its reply; returns its slot number if all its stamps have come.
    mutating func merge(
        completionAt index: Int, of completions: borrowing MessageBatch, _ expected: ExpectedStamps
    ) -> UInt64? {
        guard case .stamps(let stamps, of: let slot) = ledger.completion(at: index, of: completions),
            window.isInFlight(slot) == true
        else { return nil }
        _ = window[slot].stamps.merge(stamps)
        return window[slot].isComplete(expected) ? slot : nil
    }

    subscript(slot: UInt64) -> PendingReply {
        _read { yield window[slot] }
        _modify { yield &window[slot] }
    }

    /// Settles a reply.
    mutating func close(_ slot: UInt64) { window.settle(slot) }

    /// The oldest reply that waits, and the time until which it may.
    mutating func oldest() -> (slot: UInt64, deadline: MonotonicTime)? {
        window.oldestInFlight().map { ($0.number, window[$0.number].deadline) }
    }

    // MARK: Follow-ups that found no room

    /// Keeps the follow-up of a reply, which found no room to be sent.
    mutating func postpone(_ slot: UInt64, _ followUp: [UInt8]) {
        keep(slot, as: followUp)
        guard !window[slot].isPostponed else { return }
        window[slot].isPostponed = true
        // Those whose time was over may still be there.
        if end &- start == UInt64(postponed.count) { start &+= 1 }
        postponed[wrapping: end] = slot
        end &+= 1
    }

    /// The reply whose follow-up was postponed first, and still waits; nil if there is none.
    mutating func firstPostponed() -> UInt64? {
        while start != end {
            let slot = postponed[wrapping: start]
            if window.isInFlight(slot) == true { return slot }
            start &+= 1
        }
        return nil
    }
}
