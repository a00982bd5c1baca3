import AFPacketKit

/// A probe that was received.
struct ReceivedProbe {
    let message: ProbeMessage
    let shape: FrameShape
    /// The length of the frame on the wire without the FCS: with the tag that the kernel took out.
    let size: Int
    let ancillary: Ancillary
    /// When the frame was in the program's memory.
    let userspace: Timestamp
}

extension ReceivedProbe {
    /// The probe in a frame; nil where this host sent it.
    init?(_ message: borrowing Message, userspace: Timestamp) throws(FrameFault) {
        guard !message.isOutgoing else { return nil }
        let ancillary = message.ancillary
        let parsed = try ParsedFrame(
            message.frame, vlan: ancillary.vlan,
            checksUDP: !ancillary.isChecksumPending && !message.isTruncated)
        self.init(
            message: try ProbeMessage(decoding: message.frame.extracting(parsed.payload)),
            shape: parsed.shape, size: message.length + (ancillary.vlan == nil ? 0 : 4),
            ancillary: ancillary, userspace: userspace)
    }
}

/// Where the probes of a run come from, in portions.
protocol ProbeSource: ~Copyable {
    /// Adds what becomes ready when there is something to receive.
    func add(to poll: inout PollSet) -> PollSet.Member

    /// Receives some of the frames that wait, in place of those that were received before, and returns how many these
    /// are.
    ///
    /// - Parameter limit: how many to take at most, where the source can choose.
    /// - Throws: `SystemError`: once with `networkDown` when the interface goes down.
    mutating func receive(limit: Int) throws(SystemError) -> Int

    /// Whether it can wait for a frame in the receive call itself.
    var canWait: Bool { get }

    /// The same, and where no frame waits it waits a little for one, and takes no more. Only where `canWait`.
    mutating func receiveWaiting() throws(SystemError) -> Int

    /// Hands the frame at `index` over to be captured.
    func capture(at index: Int, to console: inout Console)

    /// Whether frames may be left that the last portion had no room for.
    var mayHaveMore: Bool { get }

    /// The probe in the frame at `index` of those received last; nil, and counted, where there is none.
    mutating func probe(at index: Int) -> ReceivedProbe?

    var faults: FrameFaultCounts { get }
    var statistics: PacketStatistics { get }

    /// Brings the running totals of the kernel's counters up to date.
    mutating func updateStatistics() throws(SystemError)
}

extension ProbeSource where Self: ~Copyable {
    var canWait: Bool { false }

    mutating func receiveWaiting() throws(SystemError) -> Int { try receive(limit: .max) }
}

extension Console {
    /// Hands a received frame over to be captured.
    mutating func capture(_ message: borrowing Message, userspace: Timestamp) {
        capture(
            message.frame, tag: message.ancillary.vlan, length: message.length,
            at: message.ancillary.software ?? userspace)
    }
}

/// A source with one socket.
protocol SocketSource: ProbeSource, SendableMetatype, ~Copyable {
    /// Shares the interface's frames with the others of a group, and takes what the filter accepts from then on.
    ///
    /// - Returns: the socket once more, to be asked for its counters by another thread.
    func join(_ group: inout FanOutGroup, taking filter: SocketFilter) throws(SystemError) -> PacketSocket
}

extension PacketSocket {
    func join(_ group: inout FanOutGroup, taking filter: SocketFilter) throws(SystemError) -> PacketSocket {
        try group.add(self)
        try replaceFilter(by: filter)
        return try duplicate()
    }
}
