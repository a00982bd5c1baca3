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

/// Receives probes from one interface, a batch at a time.
struct Receiver: ~Copyable {
    let socket: PacketSocket
    private var batch: MessageBatch
    private var userspace = Timestamp(nanoseconds: 0)
    private var hasWaited = false

    private(set) var faults = FrameFaultCounts()
    private(set) var statistics = PacketStatistics()

    init(
        on interface: NetworkInterface, filter: SocketFilter, timestamping: TimestampingFlags,
        groups: [MACAddress] = [], isPromiscuous: Bool = false
    ) throws(SystemError) {
        socket = try .receiver(
            on: interface, filter: filter, timestamping: timestamping, groups: groups,
            isPromiscuous: isPromiscuous)
        // A tag that is not the outermost stays in the frame.
        batch = MessageBatch(capacity: 64, frameCapacity: min(interface.mtu, 65_535) + 22)
    }

    /// Receives the frames that wait, as many as a batch holds, and returns how many these are.
    ///
    /// - Parameter isWaiting: whether to wait a little for one, and to take no more.
    /// - Throws: `SystemError` of recvmmsg(2).
    mutating func receive(isWaiting: Bool = false) throws(SystemError) -> Int {
        hasWaited = isWaiting
        if isWaiting { try socket.receiveOne(into: &batch) } else { try socket.receive(into: &batch) }
        userspace = .now()
        return batch.count
    }

    /// Whether frames may be left that the last call did not take.
    var mayHaveMore: Bool { batch.count == batch.capacity || hasWaited && batch.count > 0 }

    /// The probe in the frame at `index` of those received last; nil, and counted, where there is none.
    mutating func probe(at index: Int) -> ReceivedProbe? {
        do throws(FrameFault) { return try parse(batch[index]) } catch {
            faults.count(error)
            return nil
        }
    }

    /// Hands the frame at `index` over to be captured.
    func capture(at index: Int, to console: inout Console) {
        let message = batch[index]
        console.capture(
            message.frame, tag: message.ancillary.vlan, length: message.length,
            at: message.ancillary.software ?? userspace)
    }

    private func parse(_ message: borrowing Message) throws(FrameFault) -> ReceivedProbe? {
        guard !message.isOutgoing else { return nil }
        let ancillary = message.ancillary
        let parsed = try ParsedFrame(
            message.frame, vlan: ancillary.vlan,
            checksUDP: !ancillary.isChecksumPending && !message.isTruncated)
        let probe = try ProbeMessage(decoding: message.frame.extracting(parsed.payload))
        return ReceivedProbe(
            message: probe, shape: parsed.shape,
            size: message.length + (ancillary.vlan == nil ? 0 : 4), ancillary: ancillary,
            userspace: userspace)
    }

    /// Brings the running totals of the kernel's counters up to date.
    mutating func updateStatistics() throws(SystemError) {
        statistics += try socket.takeStatistics()
    }
}
