import AFPacketKit

/// A reply that was sent and whose transmit stamps are still to come.
struct PendingReply {
    /// As it was sent.
    var message = ProbeMessage(number: 0, kind: .reply)
    var shape = FrameShape(destination: .zero, source: .zero, carrier: .ethernet(.localExperimental1))
    var size = 0
    var stamps = TransmitStamps()

    /// Makes the message that of the follow-up.
    ///
    /// - Parameter comparison: the clock of the NIC against the system's, where it is asked for.
    mutating func becomeFollowUp(_ comparison: ClockOffset?) {
        message.kind = .followUp
        message.report.sentScheduled = stamps.scheduled?.nanoseconds
        message.report.sentSoftware = stamps.software?.nanoseconds
        message.report.sentHardware = stamps.hardware?.nanoseconds
        guard let comparison else { return }
        message.report.clockOffset = comparison.offset
        message.report.clockOffsetError = UInt32(clamping: comparison.error)
    }

    /// Whether nothing more of the stamps is to come.
    ///
    /// - Parameter expected: what is to come of a reply that asks for no scheduled stamp.
    func isComplete(_ expected: ExpectedStamps) -> Bool {
        var expected = expected
        expected.scheduled = message.flags.contains(.wantsScheduledStamp)
        return expected.areComplete(stamps)
    }

    /// Whether a frame that came back from the kernel, perhaps with a tunnel's headers in front, is this reply.
    func isReturned(as frame: Span<UInt8>) -> Bool {
        let start = frame.count - size + shape.headerLength
        guard frame.count >= size, frame.count - start >= ProbeMessage.probeLength else { return false }
        return frame.littleEndian64(at: start + ProbeMessage.numberOffset) == message.number
            && frame.littleEndian64(at: start + ProbeMessage.sessionOffset) == message.session
    }
}

/// The replies that wait for their transmit stamps, the oldest first: a fixed number of them.
struct PendingReplies: ~Copyable {
    private var window = ProbeWindow(capacity: 1024, filler: PendingReply())
    private var keys = SendKeys()
    private var latest: UInt64 = 0

    /// Adds a reply that has just been sent; there must be room.
    mutating func add(_ reply: consuming PendingReply, at time: MonotonicTime) {
        latest += 1
        window.open(latest, at: time, reply)
    }

    /// Takes note of one that could not be sent.
    mutating func skip() {
        latest += 1
        window.skip(latest)
        keys.lose(latest)
    }

    /// The reply that has to go before another can be added; nil where there is room.
    mutating func placeToClear() -> UInt64? {
        // The window learns only by looking for the oldest that those before it are closed.
        guard window.isFull, let (oldest, _) = window.oldestOpen(), window.isFull else { return nil }
        return oldest
    }

    var count: Int { window.openCount }

    /// Adds a report's stamps to the reply at a place.
    mutating func add(_ stamps: ReportedStamps, key: UInt32, to place: UInt64) {
        _ = keys.confirm(key, of: place)
        _ = window[place].stamps.merge(stamps)
    }

    /// The place of the reply that a report is about: its frame came back with it, as the kernel's number of the send
    /// says beforehand. Nil where it is about none of these.
    func place(of key: UInt32, returned frame: Span<UInt8>) -> UInt64? {
        if let place = keys.number(of: key, upTo: latest), isOpen(place, returned: frame) { return place }
        // The keys have shifted, or this kernel has none.
        var place = latest
        while place > 0, window.isOpen(place) != nil {
            if isOpen(place, returned: frame) { return place }
            place -= 1
        }
        return nil
    }

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
