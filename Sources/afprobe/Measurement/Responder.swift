import AFPacketKit

/// Answers ping requests, and nothing else: well-formed ones from one station to this one, at most as
/// many as the limit allows, each by one frame of the request's own length.
struct Responder: ~Copyable {
    private let socket: PacketSocket
    private let address: MACAddress
    private let identifier: UInt64
    private var sessions = SessionTable()
    private var limit: RateLimit
    private var frame: [UInt8] = []

    /// What became of a frame.
    enum Outcome {
        /// It asks for no answer, or deserves none.
        case unanswered
        case replied
        /// The rate limit was reached.
        case suppressed
        /// The reply could not be sent; to the requester it is lost.
        case failed
    }

    /// - Parameter limit: how many replies a second at most.
    init(on interface: NetworkInterface, limit: UInt64) throws(SystemError) {
        socket = try .transmitter(on: interface, timestamping: [])
        address = interface.address
        identifier = .random(in: 1 ... .max)
        self.limit = RateLimit(perSecond: limit)
        frame.reserveCapacity(min(interface.mtu, 65_535) + 22)
    }

    /// Answers a frame if it is a request that deserves it.
    ///
    /// - Parameter size: the frame's length, tag included.
    mutating func answer(
        _ request: ProbeMessage, in shape: FrameShape, size: Int, stamps: Ancillary,
        userspace: Timestamp
    ) -> Outcome {
        guard request.kind == .request, let identifier = request.session,
            shape.destination == address, !shape.source.isGroup, shape.source != .zero,
            shape.source != address, shape.isBetweenHosts
        else { return .unanswered }
        let session = sessions.index(of: identifier, from: shape.source)
        sessions[session].count(request.number)
        guard limit.allows(at: .now()) else {
            sessions[session].suppressed &+= 1
            return .suppressed
        }
        sessions[session].replies &+= 1
        var reply = ProbeMessage(
            number: request.number, kind: .reply, flags: request.flags, session: identifier)
        reply.report.responder = self.identifier
        reply.report.requests = sessions[session].requests
        reply.report.duplicates = sessions[session].duplicates
        reply.report.replies = sessions[session].replies
        reply.report.suppressed = sessions[session].suppressed
        reply.report.receivedHardware = stamps.hardware?.nanoseconds
        reply.report.receivedSoftware = stamps.software?.nanoseconds
        reply.report.receivedUserspace = userspace.nanoseconds
        reply.report.sentUserspace = Timestamp.now().nanoseconds
        build(reply, in: shape.reversed, size: size)
        guard (try? socket.send(frame.span)) == true else {
            sessions[session].replies &-= 1
            return .failed
        }
        return .replied
    }

    private mutating func build(_ reply: ProbeMessage, in shape: FrameShape, size: Int) {
        // Within the memory reserved: the frame came through the same interface.
        if frame.count > size { frame.removeLast(frame.count - size) }
        while frame.count < size { frame.append(0) }
        var bytes = frame.mutableSpan
        reply.encode(into: &bytes, at: shape.headerLength)
        shape.encodeHeaders(into: &bytes)
        shape.encodeNumber(reply.number, into: &bytes)
        shape.encodeChecksum(into: &bytes)
    }
}

extension FrameShape {
    /// Whether neither end of the datagram is a group, so that one host alone gets the answer.
    fileprivate var isBetweenHosts: Bool {
        switch carrier {
        case .ethernet: true
        case .udp4(let flow): !flow.source.isGroup && !flow.destination.isGroup
        case .udp6(let flow): !flow.source.isGroup && !flow.destination.isGroup
        }
    }
}
