import AFPacketKit

/// The route of replies to one peer.
struct ReplyRoute {
    /// The origin of the requests it holds for; nil if each request has to be examined.
    let origin: PlainOrigin?
    /// The length of the requests, and of the replies.
    let size: Int
    let peer: MACAddress
    /// A number of the host that has a share of the answers: of its IP address if it has one, for a router has many.
    let hostKey: UInt64
    /// The frame shape of the replies.
    let shape: FrameShape
    /// The offset of the message in them.
    let start: Int

    /// The route of the replies to a request; nil if it is not from one station to this one.
    init?(to request: FrameShape, _ origin: PlainOrigin?, size: Int, at address: MACAddress) {
        let source = request.source
        guard request.destination == address, !source.isGroup, source != .zero, source != address else {
            return nil
        }
        self.origin = origin
        self.size = size
        peer = source
        hostKey =
            switch request.carrier {
            case .ethernet: source.value
            case .udp4(let flow): UInt64(flow.source.value)
            // The low half alone tells hosts of a link apart, the high half those of others.
            case .udp6(let flow): flow.source.high &* 31 ^ flow.source.low
            }
        shape = request.reversed
        start = shape.headerLength
    }
}

/// The frame that replies and follow-ups are built in. A reply stays in it until it is followed up or replaced.
struct ReplyFrame {
    private(set) var bytes: [UInt8] = []
    /// Tells whether it has the headers of the latest route, and nothing but zeros behind a message.
    private var hasHeaders = false
    /// The slot number of the pending reply that is in this frame only; 0 if there is none.
    var slot: UInt64 = 0

    /// - Parameter maxLength: the maximum length of the interface's frames.
    init(maxLength: Int) { bytes.reserveCapacity(maxLength) }

    mutating func forgetHeaders() { hasHeaders = false }

    /// Makes room for another reply. Most replies are followed up before that, and never copied.
    mutating func vacate(into pending: inout PendingReplies) {
        if slot != 0 { pending.keep(slot, as: bytes) }
        slot = 0
    }

    /// Gives the frame the size and the headers of the route's replies; false if it cannot have them.
    mutating func prepare(_ route: ReplyRoute) -> Bool {
        if hasHeaders { return true }
        // A tap device delivers frames that are longer than IP has a length for.
        guard route.size <= route.shape.largestSize(mtu: .max) else { return false }
        resize(to: route.size)
        var frame = bytes.mutableSpan
        route.shape.encodeHeaders(into: &frame)
        hasHeaders = true
        return true
    }

    private mutating func resize(to size: Int) {
        // Within the reserved memory: the request came through the same interface.
        if bytes.count > size { bytes.removeLast(bytes.count - size) }
        while bytes.count < size { bytes.append(0) }
    }

    /// Writes a reply behind the headers, and the header fields that depend on it.
    mutating func encode(_ message: borrowing ProbeMessage, _ route: ReplyRoute) {
        var frame = bytes.mutableSpan
        message.encode(into: &frame, at: route.start)
        guard route.origin == nil else { return }
        route.shape.encodeNumber(message.number, into: &frame)
        route.shape.encodeChecksum(into: &frame)
    }

    /// Restores a pending reply as it was sent.
    mutating func restore(_ wanted: UInt64, _ reply: PendingReply, from pending: inout PendingReplies) {
        defer { slot = 0 }
        guard slot != wanted else { return }
        vacate(into: &pending)
        hasHeaders = false
        resize(to: reply.size)
        pending.restore(wanted, into: &bytes)
    }

    mutating func turnIntoFollowUp(
        at start: Int, flags: ProbeMessage.Flags, _ complete: (inout ResponderInfo) -> Void
    ) {
        var frame = bytes.mutableSpan
        ProbeMessage.turnIntoFollowUp(&frame, at: start, flags: flags, complete)
    }
}
