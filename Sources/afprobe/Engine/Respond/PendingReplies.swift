import AFPacketKit

/// A reply that was sent and whose transmit stamps are still to come.
struct PendingReply {
    /// The length of its frame, and where in it the message starts.
    var size = 0
    var start = 0
    var wantsScheduledStamp = false
    var stamps = TransmitStamps()

    /// Whether nothing more of the stamps is to come.
    ///
    /// - Parameter expected: what is to come of a reply that asks for no scheduled stamp.
    func isComplete(_ expected: ExpectedStamps) -> Bool {
        let others = expected.subtracting(.scheduled)
        return (wantsScheduledStamp ? others.union(.scheduled) : others).areComplete(stamps)
    }
}

/// The replies that wait for their transmit stamps, the oldest first: a fixed number of them.
struct PendingReplies: ~Copyable {
    private var window = ProbeWindow(capacity: capacity, filler: PendingReply())
    /// What each frame that was kept began with, as it was sent: headers and message. Only zeros follow.
    private var heads = [Head](repeating: Head(repeating: 0), count: capacity)
    /// Its tokens are the places.
    private var ledger = TransmitLedger(capacity: capacity)
    /// Whether the last reply had a key of ours.
    private var lastHadKey = false

    private typealias Head = InlineArray<248, UInt8>
    /// A power of two, as the window's is.
    private static var capacity: Int { 1024 }

    private static func index(of place: UInt64) -> Int { Int(truncatingIfNeeded: place) & (capacity - 1) }

    /// Adds a reply that has just been sent; there must be room.
    ///
    /// - Parameter hadKey: whether it had a key of ours.
    /// - Returns: its place.
    mutating func add(
        _ reply: PendingReply, sent frame: borrowing ReplyFrame, hadKey: Bool = false, at time: MonotonicTime
    ) -> UInt64 {
        if hadKey != lastHadKey { ledger.willChangeKeys() }
        lastHadKey = hadKey
        // No two replies have the same userspace stamp.
        let place = ledger.sent(frame.bytes.span, witnessAt: reply.start + ProbeMessage.sentUserspaceOffset)
        window.open(place, at: time, reply)
        return place
    }

    /// The key for a reply that is sent with a control message anyway.
    var nextKey: UInt32 { ledger.explicitKey(of: ledger.next) }

    /// Keeps the frame that a reply was sent as.
    mutating func keep(_ place: UInt64, as frame: [UInt8]) {
        let index = Self.index(of: place)
        let length = min(frame.count, heads[index].count)
        var head = heads[index].mutableSpan
        head.copy(frame.span.extracting(first: length))
    }

    /// Writes a reply that was kept once more, into a frame of its size.
    func restore(_ place: UInt64, into frame: inout [UInt8]) {
        let index = Self.index(of: place)
        let length = min(frame.count, heads[index].count)
        var bytes = frame.mutableSpan
        bytes.copy(heads[index].span.extracting(first: length))
        bytes.fillWithZeros(length..<bytes.count)
    }

    /// Takes note of one that could not be sent.
    ///
    /// - Parameter hadKey: whether it was to have a key of ours.
    mutating func skip(hadKey: Bool) {
        window.skip(ledger.next)
        ledger.failed(hadExplicitKey: hadKey)
    }

    /// The reply that has to go before another can be added; nil where there is room.
    mutating func placeToClear() -> UInt64? {
        window.isFull ? oldestOfFull() : nil
    }

    private mutating func oldestOfFull() -> UInt64? {
        // The window learns only by looking for the oldest that those before it are closed.
        guard let (oldest, _) = window.oldestOpen(), window.isFull else { return nil }
        return oldest
    }

    var count: Int { window.openCount }

    /// Merges the stamps of a completion into the reply that it is about.
    ///
    /// - Parameter expected: the stamps that are to come of a reply that asks for no scheduled stamp.
    /// - Returns: the place of the reply, if nothing more of its stamps is to come.
    mutating func merge(
        completionAt index: Int, of completions: borrowing MessageBatch, _ expected: ExpectedStamps
    ) -> UInt64? {
        let completion = completions[index]
        let ancillary = completion.ancillary
        guard let transmission = ancillary.transmission,
            let stamps = CompletionStamps(transmission.event, ancillary),
            case .token(let place) = ledger.match(transmission, returned: completion.bytes),
            window.isOpen(place) == true
        else { return nil }
        _ = window[place].stamps.merge(stamps)
        return window[place].isComplete(expected) ? place : nil
    }

    /// The reply at a place.
    subscript(place: UInt64) -> PendingReply {
        _read { yield window[place] }
        _modify { yield &window[place] }
    }

    /// Ends the waiting for a reply's stamps.
    mutating func close(_ place: UInt64) { window.close(place) }

    /// The oldest reply that waits, and since when.
    mutating func oldest() -> (place: UInt64, since: MonotonicTime)? {
        window.oldestOpen().map { ($0.number, $0.sentAt) }
    }
}
