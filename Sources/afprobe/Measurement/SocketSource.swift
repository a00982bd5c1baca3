import AFPacketKit

/// A source with one socket, whose frames lie in memory of its own.
protocol SocketSource: ProbeSource, SendableMetatype, ~Copyable {
    /// The bytes of the frame at `index` of those received last.
    @_lifetime(borrow self)
    func frame(at index: Int) -> Span<UInt8>

    /// How long that frame was, and whether bytes of it were cut off.
    func length(at index: Int) -> Int
    func isTruncated(at index: Int) -> Bool

    /// Whether this host sent it.
    func isOutgoing(at index: Int) -> Bool

    /// How many frames had faults.
    var faults: FrameFaultCounts { get set }

    /// Shares the interface's frames with the others of a group, and takes what the filter accepts from then on.
    ///
    /// - Returns: the socket once more, to be asked for its counters by another thread.
    func join(_ group: inout FanOutGroup, taking filter: SocketFilter) throws(SystemError) -> PacketSocket
}

extension SocketSource where Self: ~Copyable {
    func isOutgoing(at _: Int) -> Bool { false }

    mutating func countPlain(from first: Int, upTo end: Int, into tally: inout ReceiveTally) -> Int {
        var index = first
        while index < end, !tally.isComplete, !isOutgoing(at: index),
            ProbeMessage.kind(ofPlain: frame(at: index)) != nil
        {
            tally.count(ancillary(at: index))
            index &+= 1
        }
        return index
    }

    mutating func find(at index: Int) -> FoundProbe? {
        guard !isOutgoing(at: index) else { return nil }
        return FoundProbe(plain: frame(at: index)) ?? findOther(at: index)
    }

    /// The answer at `index`, if there is one of that pattern.
    @inline(always)
    mutating func findAnswer(at index: Int, _ pattern: AnswerPattern) -> FoundAnswer? {
        guard !isOutgoing(at: index) else { return nil }
        return pattern.match(plain: frame(at: index)) ?? findOtherAnswer(at: index, pattern)
    }

    @inline(never)
    private mutating func findOtherAnswer(at index: Int, _ pattern: AnswerPattern) -> FoundAnswer? {
        find(at: index).flatMap { pattern.match($0, in: frame(at: index)) }
    }

    @inline(never)
    private mutating func findOther(at index: Int) -> FoundProbe? {
        do throws(FrameFault) {
            return try FoundProbe(
                in: frame(at: index), ancillary(at: index), isTruncated: isTruncated(at: index))
        } catch {
            faults.count(error)
            return nil
        }
    }

    mutating func answer(
        _ found: FoundProbe, at index: Int, by responder: inout Responder, _ console: inout Console
    ) {
        let (stamps, length, userspace) = (ancillary(at: index), length(at: index), userspace)
        let (frame, vlan) = (frame(at: index), stamps.vlan)
        responder.answer(
            found.request(in: frame, vlan: vlan, length: length), from: found.origin(in: frame, vlan: vlan),
            stamps, userspace, &console
        ) { found.shape(of: frame, vlan: vlan) }
    }

    func probe(at index: Int, _ found: FoundProbe) -> ReceivedProbe {
        found.read(
            from: frame(at: index), ancillary(at: index), length: length(at: index), userspace: userspace)
    }

    @inline(never)
    func capture(at index: Int, to console: inout Console) {
        let ancillary = ancillary(at: index)
        console.capture(
            frame(at: index), tag: ancillary.vlan, length: length(at: index),
            at: ancillary.software ?? userspace)
    }
}

extension PacketSocket {
    func join(_ group: inout FanOutGroup, taking filter: SocketFilter) throws(SystemError) -> PacketSocket {
        try group.add(self)
        try replaceFilter(by: filter)
        return try duplicate()
    }
}
