import AFPacketKit

/// A reply that was sent and whose transmit stamps are still to come.
struct PendingReply {
    /// The length of its frame, and the offset of the message in it.
    var size = 0
    var start = 0
    var wantsScheduledStamp = false
    var stamps = TransmitStamps()

    /// Whether all stamps have come; `expected` holds for a reply that asks for no scheduled stamp.
    func isComplete(_ expected: ExpectedStamps) -> Bool {
        let others = expected.subtracting(.scheduled)
        return (wantsScheduledStamp ? others.union(.scheduled) : others).areComplete(stamps)
    }
}

/// The replies that wait for their transmit stamps, the oldest first, in a fixed number of slots.
struct PendingReplies: ~Copyable {
    private var window = InFlightWindow(capacity: capacity, filler: PendingReply())
    /// The headers and the message of each kept frame, as it was sent. Only zeros follow.
    private var heads = [Head](repeating: Head(repeating: 0), count: capacity)
    /// Its tokens are the slots' numbers.
    private var ledger = TransmitLedger(capacity: capacity)
    /// Whether the last reply had a key of ours.
    private var lastHadKey = false

    private typealias Head = InlineArray<248, UInt8>
    /// A power of two, as the window's is.
    private static var capacity: Int { 1024 }

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

    /// The oldest reply that waits, and its send time.
    mutating func oldest() -> (slot: UInt64, since: MonotonicTime)? {
        window.oldestInFlight().map { ($0.number, $0.sentAt) }
    }
}
