import AFPacketKit

/// Counts of a responder's frames.
struct ReplyCounts {
    var replies: UInt64 = 0
    /// Requests that the rate limit left unanswered.
    var suppressed: UInt64 = 0
    /// Replies and follow-ups that could not be sent; to the requester they are lost.
    var failed: UInt64 = 0
    var followUps: UInt64 = 0
}

/// Answers well-formed ping requests from one station to this one, and nothing else: each by one frame of the request's
/// length and, if asked, by a second one with the first one's transmit stamps, within a rate limit.
struct Responder<Socket: Port & ~Copyable, Events: RunEvents>: ~Copyable {
    /// Sends the replies that are followed up; their completions come back to it.
    private let socket: Socket
    /// Sends frames that are not stamped. With one socket for both, each frame would need a control message, which
    /// takes the kernel a tenth more time.
    private let unstamped: Socket
    private let events: Events
    private let address: MACAddress
    private let identifier: UInt64
    private var expected: ExpectedStamps
    private var sessions = SessionTable()
    private var limit: RateLimit
    /// The route of the last reply, which mostly holds for the next.
    private var route: ReplyRoute?
    private var frame: ReplyFrame
    private var completions: MessageBatch
    private var pending = PendingReplies()
    private var clock: NICClock
    private(set) var counts = ReplyCounts()

    /// The stamp timeout of replies: drivers have been seen to take half a second.
    private static var stampTimeout: Int64 { 600_000_000 }

    /// - Parameter limit: the maximum number of frames a second.
    init(
        _ socket: consuming Socket, unstamped: consuming Socket, limit: UInt64,
        _ snapshot: TimestampingSnapshot, _ reader: InterfaceReader, _ events: Events
    ) {
        self.socket = socket
        self.unstamped = unstamped
        self.events = events
        address = reader.interface.address
        identifier = .random(in: 1 ... .max)
        self.limit = RateLimit(perSecond: limit)
        expected = ExpectedStamps(snapshot, TransmitOptions())
        clock = NICClock(reader)
        let maxLength = min(reader.interface.mtu, 65_535) + 22
        frame = ReplyFrame(maxLength: maxLength)
        completions = MessageBatch(capacity: 64, frameCapacity: maxLength + 128)
    }

    /// Handles a change of the NIC's setting.
    mutating func expectStamps(_ snapshot: TimestampingSnapshot) {
        expected = ExpectedStamps(snapshot, TransmitOptions())
    }

    func watchCompletions(in poll: inout PollSet) { socket.watchCompletions(in: &poll) }

    // MARK: Replies

    /// Answers a request if it is valid and within the rate limit.
    mutating func answer(_ probe: borrowing FoundProbe) {
        let request = probe.request
        let origin = probe.origin
        if origin == nil || route?.origin != origin || route?.size != request.size {
            frame.forgetHeaders()
            route = ReplyRoute(to: probe.shape, origin, size: request.size, at: address)
        }
        guard let route else { return }
        // The follow-up counts, too: without it a reply is worth little.
        let now = socket.coarseTime()
        let isAllowed = limit.allows(request.flags.contains(.wantsFollowUp) ? 2 : 1, at: now)
        let session = sessions.index(of: request.session, from: route.peer)
        sessions[session].count(request.number, isAnswered: isAllowed)
        guard isAllowed else {
            counts.suppressed &+= 1
            return
        }
        if reply(to: request, of: session, probe.ancillary, probe.userspace, route, at: now) {
            counts.replies &+= 1
        } else {
            sessions[session].loseReply()
            counts.failed &+= 1
        }
    }

    private mutating func reply(
        to request: ProbeRequest, of session: Int, _ stamps: Ancillary, _ userspace: Timestamp,
        _ route: ReplyRoute, at now: MonotonicTime
    ) -> Bool {
        // Room first, because a follow-up is built in the same frame.
        if let slot = pending.numberToClear() { followUp(slot) }
        frame.vacate(into: &pending)
        guard frame.prepare(route) else { return false }
        let departure = socket.realTime()
        var info = ResponderInfo()
        info.responder = identifier
        sessions[session].tell(&info)
        info[.receivedHardware] = stamps.hardware?.nanoseconds
        info[.receivedSoftware] = stamps.software?.nanoseconds
        info[.receivedUserspace] = userspace.nanoseconds
        info[.sentUserspace] = departure.nanoseconds
        frame.encode(
            ProbeMessage(
                number: request.number, kind: .reply, flags: request.flags, session: request.session,
                info: info), route)
        guard request.flags.contains(.wantsFollowUp) else { return sendUnstamped() }
        let isScheduled = request.flags.contains(.wantsScheduledStamp)
        guard sendStamped(isScheduled: isScheduled) else {
            pending.skip(hadKey: isScheduled && socket.takesKeys)
            return false
        }
        frame.slot = pending.add(
            PendingReply(
                size: request.size, start: route.start, wantsScheduledStamp: isScheduled,
                stamps: TransmitStamps(userspace: departure)), sent: frame,
            hadKey: isScheduled && socket.takesKeys, at: now)
        return true
    }

    private func sendUnstamped() -> Bool { (try? unstamped.send(frame.bytes.span)) == true }

    private func sendStamped(isScheduled: Bool) -> Bool {
        // The plain call is the quicker one.
        guard isScheduled else { return (try? socket.send(frame.bytes.span)) == true }
        let flags: TimestampingFlags = [.transmitScheduled, .transmitSoftware, .transmitHardware]
        return (try? socket.send(frame.bytes.span, recording: flags, key: pending.nextKey)) == true
    }

    // MARK: Follow-ups

    /// Reads the transmit stamps that have come back, and sends the follow-ups that they complete.
    ///
    /// - Parameter isReady: whether poll(2) found the error queue ready: an error of the socket is cleared, too.
    mutating func readCompletions(isReady: Bool = false) throws(SystemError) {
        while isReady || awaitsCompletions {
            // At most the number of pending replies: the kernel need not look for one more.
            let limit = isReady ? Int.max : pending.count
            try socket.receiveCompletions(into: &completions, limit: limit)
            for index in 0..<completions.count { merge(completionAt: index) }
            guard completions.count == min(limit, completions.capacity) else { break }
        }
        // Now, and not when the next request waits for its answer.
        frame.vacate(into: &pending)
        if isReady { _ = socket.takePendingError() }
    }

    private mutating func merge(completionAt index: Int) {
        if let slot = pending.merge(completionAt: index, of: completions, expected) { followUp(slot) }
    }

    /// Whether transmit stamps are still to come.
    var awaitsCompletions: Bool { pending.count > 0 }

    /// The time at which the oldest reply's stamps time out; nil if none are pending.
    mutating func nextTimeout() -> MonotonicTime? { pending.oldest().map { $0.since + Self.stampTimeout } }

    /// Follows up the replies whose stamps have timed out, with those that came.
    mutating func expire(at now: MonotonicTime) {
        while let (slot, since) = pending.oldest(), now >= since + Self.stampTimeout { followUp(slot) }
    }

    private mutating func followUp(_ slot: UInt64) {
        pending.close(slot)
        let reply = pending[slot]
        // The clocks are compared only for those who ask for all stages, because it takes a while.
        let comparison = reply.wantsScheduledStamp ? clock.offset(at: socket.monotonicTime()) : nil
        frame.restore(slot, reply, from: &pending)
        if events.takesCaptures, let time = reply.stamps.software ?? reply.stamps.userspace {
            events.captured(frame.bytes.span, tag: nil, length: reply.size, at: time)
        }
        frame.turnIntoFollowUp(at: reply.start) { info in
            info[.sentScheduled] = reply.stamps.scheduled?.nanoseconds
            info[.sentSoftware] = reply.stamps.software?.nanoseconds
            info[.sentHardware] = reply.stamps.hardware?.nanoseconds
            guard let comparison else { return }
            info[.clockOffset] = comparison.offset
            info.clockOffsetError = UInt32(clamping: comparison.error)
        }
        let departure = events.takesCaptures ? socket.realTime() : nil
        guard sendUnstamped() else {
            counts.failed += 1
            return
        }
        counts.followUps += 1
        // A follow-up is not stamped.
        if let departure {
            events.captured(frame.bytes.span, tag: nil, length: frame.bytes.count, at: departure)
        }
    }
}

extension Responder where Socket == PacketSocket {
    /// Opens the sockets of a responder on an interface.
    init(
        on interface: NetworkInterface, limit: UInt64, _ snapshot: TimestampingSnapshot,
        _ reader: InterfaceReader, _ events: Events
    ) throws(SystemError) {
        let stamped = try PacketSocket.transmitter(on: interface, TransmitOptions())
        let unstamped = try PacketSocket.transmitter(on: interface, TransmitOptions(stamps: .none))
        self.init(stamped, unstamped: unstamped, limit: limit, snapshot, reader, events)
    }
}
