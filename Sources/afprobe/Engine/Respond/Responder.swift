import AFPacketKit

/// Counts of a responder's frames.
struct ReplyCounts {
    var replies: UInt64 = 0
    /// Requests that the rate limit left unanswered.
    var suppressed: UInt64 = 0
    /// Requests that were not answered because of their Internet addresses.
    var refused: UInt64 = 0
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
    private var address: MACAddress
    private var maxLength: Int
    private let identifier: UInt64
    private var expected: ExpectedStamps
    private let asksHardware: Bool
    private var sessions = SessionTable()
    private var limit: RateLimit
    private var byteLimit = RateLimit(perSecond: ReplyRules.bitLimit / 8)
    var rules: ReplyRules
    /// Tells whether a refusal because of the destination, and one because of the source, was told.
    private var hasTold = (destination: false, source: false)
    /// The route of the last reply, which mostly holds for the next.
    private var route: ReplyRoute?
    private var frame: ReplyFrame
    private var completions: MessageBatch
    private var pending = PendingReplies()
    private var clock: NICClock
    private var clockSteps: ClockSteps
    private var clockCheckDue = MonotonicTime(nanoseconds: 0)
    /// When to try again to send the follow-ups that found no room; never if there are none.
    private var retryDue = MonotonicTime.never
    private(set) var counts = ReplyCounts()
    /// Frames that this host's receive queue dropped, as far as it is known.
    var dropped: UInt64 = 0

    /// Nanoseconds to wait for the stamps of a reply: until the requester's timeout is over; drivers have been seen to
    /// take half a second.
    private static func stampTimeout(_ request: ProbeRequest) -> Int64 {
        request.timeout == 0 ? 600_000_000 : min(1_000 * Int64(request.timeout), 2_000_000_000)
    }

    /// Nanoseconds after which to try again to send follow-ups that found no room.
    private static var retryInterval: Int64 { 1_000_000 }
    /// Nanoseconds that a request may have waited in the receive queue: if the clock was set meanwhile, this may have
    /// been between its stamps.
    private static var queueTime: Int64 { 10_000_000 }
    /// Nanoseconds without a request after which a step of the clock is none of the next one's.
    private static var clockCheckInterval: Int64 { 1_000_000_000 }

    init(
        _ socket: consuming Socket, unstamped: consuming Socket, _ rules: ReplyRules,
        _ snapshot: TimestampingSnapshot, _ reader: InterfaceReader, _ events: Events
    ) {
        clockSteps = ClockSteps(on: socket)
        self.socket = socket
        self.unstamped = unstamped
        self.events = events
        address = reader.interface.address
        identifier = .random(in: 1 ... .max)
        self.rules = rules
        limit = RateLimit(perSecond: rules.limit)
        expected = ExpectedStamps(snapshot, TransmitOptions())
        asksHardware = snapshot.stampsTransmitHardware
        clock = NICClock(reader)
        maxLength = reader.interface.maxFrameLength
        frame = ReplyFrame(maxLength: maxLength)
        completions = MessageBatch(capacity: 64, frameCapacity: maxLength + 128)
    }

    /// Answers for the interface as it is now: its addresses or its MTU have changed.
    mutating func follow(_ interface: NetworkInterface, _ addresses: [InterfaceAddress]) {
        (address, rules.addresses, route) = (interface.address, addresses, nil)
        guard interface.maxFrameLength > maxLength else { return }
        maxLength = interface.maxFrameLength
        frame.vacate(into: &pending)
        frame = ReplyFrame(maxLength: maxLength)
        completions = MessageBatch(capacity: 64, frameCapacity: maxLength + 128)
    }

    /// Handles a change of the NIC's setting.
    mutating func expectStamps(_ snapshot: TimestampingSnapshot) {
        expected = ExpectedStamps(snapshot, TransmitOptions())
    }

    /// Takes no more hardware stamps of replies, and compares no more clocks: another NIC stamps since.
    mutating func stopHardwareStamps() {
        socket.stopHardwareStamps()
        clock.stop()
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
            if let shape = route?.shape, let refusal = rules.refusal(of: shape.reversed.carrier) {
                route = nil
                refuse(refusal)
            }
        }
        guard let route else { return }
        let now = socket.coarseTime()
        let frames: Int64 = request.flags.contains(.wantsFollowUp) ? 2 : 1
        let bytes = frames * Int64(route.size)
        let isAllowed =
            limit.allows(from: route.hostKey, at: now)
            && byteLimit.allows(bytes, from: route.hostKey, at: now)
        // A step of the clock long before a request is not between its stamps.
        if now >= clockCheckDue, clockSteps.check(on: socket, before: now + -Self.queueTime) {
            clock.forget()
        }
        clockCheckDue = now + Self.clockCheckInterval
        let session = sessions.index(of: request.session, from: route.peer)
        sessions[session].count(request.number, isAnswered: isAllowed)
        guard isAllowed else {
            counts.suppressed &+= 1
            return
        }
        limit.use(at: now)
        byteLimit.use(bytes, at: now)
        if reply(to: request, of: session, probe.ancillary, probe.userspace, route, at: now) {
            counts.replies &+= 1
        } else {
            sessions[session].refuseReply()
            counts.failed &+= 1
        }
    }

    /// Counts a request that is not answered, and tells the first of its kind.
    private mutating func refuse(_ refusal: ReplyRefusal) {
        counts.refused &+= 1
        switch refusal {
        case .destination:
            guard !hasTold.destination else { return }
            hasTold.destination = true
        case .source:
            guard !hasTold.source else { return }
            hasTold.source = true
        }
        events.diagnosed(.requestRefused(refusal))
    }

    private mutating func reply(
        to request: ProbeRequest, of session: Int, _ stamps: Ancillary, _ userspace: Timestamp,
        _ route: ReplyRoute, at now: MonotonicTime
    ) -> Bool {
        // Room first, because a follow-up is built in the same frame.
        if let slot = pending.numberToClear() { followUp(slot, isLast: true) }
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
                losses: ResponderLosses(
                    refused: sessions[session].refused, dropped: UInt16(truncatingIfNeeded: dropped)),
                info: info), route)
        guard request.flags.contains(.wantsFollowUp) else { return sendUnstamped() == .sent }
        let isScheduled = request.flags.contains(.wantsScheduledStamp)
        guard sendStamped(isScheduled: isScheduled) else {
            pending.skip(hadKey: isScheduled && socket.takesKeys)
            return false
        }
        frame.slot = pending.add(
            PendingReply(
                size: request.size, start: route.start,
                deadline: socket.monotonicTime() + Self.stampTimeout(request),
                clockSteps: clockSteps.hasStepped(since: now + -Self.queueTime) ? .max : clockSteps.count,
                wantsScheduledStamp: isScheduled, stamps: TransmitStamps(userspace: departure)),
            sent: frame,
            hadKey: isScheduled && socket.takesKeys, at: now)
        return true
    }

    private enum Sending {
        case sent
        /// A queue of this host is full.
        case noRoom
        case failed
    }

    private func sendUnstamped() -> Sending {
        do throws(SystemError) { return try unstamped.send(frame.bytes.span) ? .sent : .noRoom } catch {
            return error.code == .noBufferSpace ? .noRoom : .failed
        }
    }

    private func sendStamped(isScheduled: Bool) -> Bool {
        // The plain call is the quicker one.
        guard isScheduled else { return (try? socket.send(frame.bytes.span)) == true }
        var flags: TimestampingFlags = [.transmitScheduled, .transmitSoftware]
        if asksHardware { flags.insert(.transmitHardware) }
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
            if completions.count > 0 { handleCompletions() }
            guard completions.count == min(limit, completions.capacity) else { break }
        }
        // Now, and not when the next request waits for its answer.
        frame.vacate(into: &pending)
        if isReady { _ = socket.takePendingError() }
    }

    private mutating func handleCompletions() {
        if clockSteps.check(on: socket) { clock.forget() }
        // Each frame that left has made room, which the next reply must not take from those that wait for it.
        retry()
        for index in 0..<completions.count {
            if let slot = pending.merge(completionAt: index, of: completions, expected) {
                followUp(slot, isLast: false)
            }
        }
    }

    /// Tells whether transmit stamps, or room for follow-ups, are still to come.
    var awaitsCompletions: Bool { pending.count > 0 }

    /// The time at which something is due of the pending replies; nil if none are pending.
    mutating func nextTimeout() -> MonotonicTime? { pending.oldest().map { min($0.deadline, retryDue) } }

    /// Follows up the replies whose stamps have timed out, with those that came.
    mutating func expire(at now: MonotonicTime) {
        if now >= retryDue {
            retry()
            if pending.firstPostponed() != nil { retryDue = now + Self.retryInterval }
        }
        while let (slot, deadline) = pending.oldest(), now >= deadline { followUp(slot, isLast: true) }
    }

    /// Sends the follow-ups that found no room, as far as there is room now.
    private mutating func retry() {
        retryDue = .never
        while let slot = pending.firstPostponed() {
            guard followUp(slot, isLast: false) else { return }
        }
    }

    /// Sends the follow-up of a reply, and settles it; returns false if it found no room.
    ///
    /// - Parameter isLast: whether to give up what finds no room now. Else a full queue would choose the replies whose
    ///   turnaround is known.
    @discardableResult
    private mutating func followUp(_ slot: UInt64, isLast: Bool) -> Bool {
        let reply = pending[slot]
        frame.restore(slot, reply, from: &pending)
        if !reply.isPostponed { complete(reply) }
        let departure = events.takesCaptures ? socket.realTime() : nil
        let outcome = sendUnstamped()
        if outcome == .noRoom, !isLast {
            pending.postpone(slot, frame.bytes)
            retryDue = min(retryDue, socket.coarseTime() + Self.retryInterval)
            return false
        }
        pending.close(slot)
        guard outcome == .sent else {
            counts.failed += 1
            return outcome != .noRoom
        }
        counts.followUps += 1
        // A follow-up is not stamped.
        if let departure {
            events.captured(frame.bytes.span, tag: nil, length: frame.bytes.count, at: departure)
        }
        return true
    }

    /// Turns the reply in the frame into its follow-up.
    private mutating func complete(_ reply: PendingReply) {
        // The clocks are compared only for those who ask for all stages, because it takes a while.
        let comparison = reply.wantsScheduledStamp ? clock.offset(at: socket.monotonicTime()) : nil
        if events.takesCaptures, let time = reply.stamps.software ?? reply.stamps.userspace {
            events.captured(frame.bytes.span, tag: nil, length: reply.size, at: time)
        }
        var flags: ProbeMessage.Flags = []
        if !reply.isComplete(expected) { flags.insert(.isIncomplete) }
        if clockSteps.count != reply.clockSteps { flags.insert(.clockWasSet) }
        frame.turnIntoFollowUp(at: reply.start, flags: flags) { info in
            info[.sentScheduled] = reply.stamps.scheduled?.nanoseconds
            info[.sentSoftware] = reply.stamps.software?.nanoseconds
            info[.sentHardware] = reply.stamps.hardware?.nanoseconds
            guard let comparison else { return }
            info[.clockOffset] = comparison.offset
            info.clockOffsetError = UInt32(clamping: comparison.error)
        }
    }
}

extension Responder where Socket == TimestampedSocket {
    /// Opens the sockets of a responder on an interface.
    init(
        on interface: NetworkInterface, _ rules: ReplyRules, _ snapshot: TimestampingSnapshot,
        _ reader: InterfaceReader, _ events: Events
    ) throws(SystemError) {
        let stamped = try PacketSocket.transmitter(on: interface, TransmitOptions(), snapshot)
        let unstamped = try PacketSocket.transmitter(on: interface, TransmitOptions(stamps: .none))
        self.init(stamped, unstamped: unstamped, rules, snapshot, reader, events)
    }
}
