import AFPacketKit

/// A reply that was sent and whose transmit stamps are still to come.
struct PendingReply {
    /// What its message says, by which its frame is known again.
    var number: UInt64 = 0
    var session: UInt64 = 0
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

    /// Whether a frame that came back from the kernel, perhaps with a tunnel's headers in front, is this reply.
    @inline(__always)
    func isReturned(as frame: Span<UInt8>) -> Bool {
        guard frame.count >= size, size &- start >= ProbeMessage.probeLength else { return false }
        let message = frame.count &- size &+ start
        return frame.littleEndian64(at: message &+ ProbeMessage.numberOffset) == number
            && frame.littleEndian64(at: message &+ ProbeMessage.sessionOffset) == session
    }
}

/// The replies that wait for their transmit stamps, the oldest first: a fixed number of them.
struct PendingReplies: ~Copyable {
    private var window = ProbeWindow(capacity: capacity, filler: PendingReply())
    /// What each frame that was kept began with, as it was sent: headers and message. Only zeros follow.
    private var heads = [Head](repeating: Head(repeating: 0), count: capacity)
    private var keys = SendKeys()
    private var latest: UInt64 = 0

    private typealias Head = InlineArray<248, UInt8>
    /// A power of two, as the window's is.
    private static var capacity: Int { 1024 }

    private static func index(of place: UInt64) -> Int { Int(truncatingIfNeeded: place) & (capacity - 1) }

    /// Adds a reply that has just been sent; there must be room.
    ///
    /// - Returns: its place.
    @inline(__always)
    mutating func add(_ reply: PendingReply, at time: MonotonicTime) -> UInt64 {
        latest &+= 1
        window.open(latest, at: time, reply)
        return latest
    }

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
    mutating func skip() {
        latest += 1
        window.skip(latest)
        keys.lose(latest)
    }

    /// The reply that has to go before another can be added; nil where there is room.
    @inline(__always)
    mutating func placeToClear() -> UInt64? {
        window.isFull ? oldestOfFull() : nil
    }

    @inline(never)
    private mutating func oldestOfFull() -> UInt64? {
        // The window learns only by looking for the oldest that those before it are closed.
        guard let (oldest, _) = window.oldestOpen(), window.isFull else { return nil }
        return oldest
    }

    var count: Int { window.openCount }

    /// Adds a report's stamps to the reply at a place.
    ///
    /// - Returns: whether nothing more of its stamps is to come, `expected` being what is to come of a reply that asks for
    ///   no scheduled stamp.
    @inline(__always)
    mutating func add(
        _ stamps: ReportedStamps, key: UInt32, to place: UInt64, _ expected: ExpectedStamps
    ) -> Bool {
        _ = keys.confirm(key, of: place)
        _ = window[place].stamps.merge(stamps)
        return window[place].isComplete(expected)
    }

    /// The place of the reply that a report is about: its frame came back with it, as the kernel's number of the send
    /// says beforehand. Nil where it is about none of these.
    @inline(__always)
    func place(of key: UInt32, returned frame: Span<UInt8>) -> UInt64? {
        if let place = keys.number(of: key, upTo: latest), isOpen(place, returned: frame) { return place }
        return search(frame)
    }

    /// The same where the keys have shifted, or this kernel has none.
    @inline(never)
    private func search(_ frame: Span<UInt8>) -> UInt64? {
        var place = latest
        while place > 0, window.isOpen(place) != nil {
            if isOpen(place, returned: frame) { return place }
            place -= 1
        }
        return nil
    }

    @inline(__always)
    private func isOpen(_ place: UInt64, returned frame: Span<UInt8>) -> Bool {
        (window.isOpen(place) ?? false) && window[place].isReturned(as: frame)
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
