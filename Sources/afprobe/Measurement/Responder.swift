import AFPacketKit

/// Answers ping requests, and nothing else: well-formed ones from one station to this one, each by one frame of the
/// request's own length and, if asked, by a second one with the first one's transmit stamps; at most as many a second
/// as the limit allows.
struct Responder: ~Copyable {
    /// Sends the replies that are followed up; their transmit stamps come back to it.
    let socket: PacketSocket
    /// Sends what is not stamped. Through one socket for both, each frame would have to say which it is, by a control
    /// message that takes the kernel a tenth more time.
    private let unstamped: PacketSocket
    private let interface: NetworkInterface
    private let identifier: UInt64
    private var expected: ExpectedStamps
    private var sessions = SessionTable()
    private var limit: RateLimit
    /// How the last request was answered, which mostly holds for the next.
    private var route: Route?
    private var frame: [UInt8] = []
    /// Whether the frame has the headers of that route, and nothing but zeros behind a message.
    private var hasHeaders = false
    /// The place of the pending reply that stands in the frame, and nowhere else; 0 where there is none.
    private var framePlace: UInt64 = 0
    private var reports: MessageBatch
    private var pending = PendingReplies()
    private var clock: ClockComparison
    private(set) var counts = Counts()

    /// What became of the requests.
    struct Counts {
        var replies: UInt64 = 0
        /// Requests that the rate limit left unanswered.
        var suppressed: UInt64 = 0
        /// Those that could not be sent; to the requester they are lost.
        var failed: UInt64 = 0
        var followUps: UInt64 = 0
    }

    /// Where replies go to.
    private struct Route {
        /// Nil where the next request's has to be looked at all the same.
        let origin: PlainOrigin?
        /// The length of the requests, and of the replies.
        let size: Int
        let peer: MACAddress
        /// What surrounds the replies.
        let shape: FrameShape
        /// Where the message starts in them.
        let start: Int
    }

    /// For how long a reply's stamps may be out: drivers have been seen to take half a second.
    private static let patience: Int64 = 600_000_000

    /// - Parameter limit: how many frames a second at most.
    init(on interface: NetworkInterface, limit: UInt64) throws(SystemError) {
        let socket = try PacketSocket.transmitter(
            on: interface,
            timestamping: [
                .transmitSoftware, .transmitHardware, .software, .rawHardware, .identifier, .transmitBoth,
            ])
        unstamped = try .transmitter(on: interface, timestamping: [])
        self.socket = socket
        self.interface = interface
        identifier = .random(in: 1 ... .max)
        self.limit = RateLimit(perSecond: limit)
        expected = ExpectedStamps(on: interface, Handling())
        clock = ClockComparison(of: interface)
        let largest = min(interface.mtu, 65_535) + 22
        frame.reserveCapacity(largest)
        reports = MessageBatch(capacity: 64, frameCapacity: largest + 128)
    }

    /// Takes note that the NIC's setting has changed.
    mutating func update() { expected = ExpectedStamps(on: interface, Handling()) }

    // MARK: Replies

    /// Answers the request that a source has found at `index` if it deserves it.
    @inline(__always)
    mutating func answer<Source: ProbeSource & ~Copyable>(
        _ found: FoundProbe, at index: Int, of source: inout Source, _ console: inout Console
    ) {
        source.answer(found, at: index, by: &self, &console)
    }

    /// Answers a request if it deserves it.
    ///
    /// - Parameters:
    ///   - origin: where it comes from, where that is easily told.
    ///   - shape: what surrounds it, where it does not come from where the last one did.
    @inline(__always)
    mutating func answer(
        _ request: ProbeRequest, from origin: PlainOrigin?, _ stamps: Ancillary, _ userspace: Timestamp,
        _ console: inout Console, in shape: () -> FrameShape
    ) {
        if origin == nil || route?.origin != origin || route?.size != request.size {
            findRoute(of: shape(), origin, size: request.size)
        }
        guard let peer = route?.peer else { return }
        // With the follow-up, which a reply is worth little without.
        let now = MonotonicTime.atLastTick()
        let isAllowed = limit.allows(request.flags.contains(.wantsFollowUp) ? 2 : 1, at: now)
        let session = sessions.index(of: request.session, from: peer)
        sessions[session].count(request.number, isAnswered: isAllowed)
        guard isAllowed else {
            counts.suppressed &+= 1
            return
        }
        if reply(to: request, of: session, stamps, userspace, at: now, &console) {
            counts.replies &+= 1
        } else {
            sessions[session].loseReply()
            counts.failed &+= 1
        }
    }

    /// Finds out where the replies to a request go to: nowhere, if it is not from one station to this one.
    @inline(never)
    private mutating func findRoute(of request: FrameShape, _ origin: PlainOrigin?, size: Int) {
        hasHeaders = false
        let source = request.source
        guard request.destination == interface.address, !source.isGroup, source != .zero,
            source != interface.address, request.isBetweenHosts
        else {
            route = nil
            return
        }
        let reply = request.reversed
        route = Route(origin: origin, size: size, peer: source, shape: reply, start: reply.headerLength)
    }

    @inline(__always)
    private mutating func reply(
        to request: ProbeRequest, of session: Int, _ stamps: Ancillary, _ userspace: Timestamp,
        at now: MonotonicTime, _ console: inout Console
    ) -> Bool {
        // Room first: a follow-up is built where the reply will be.
        if let place = pending.placeToClear() { followUp(place, &console) }
        vacateFrame()
        guard hasHeaders || prepareFrame(), let start = route?.start else { return false }
        let departure = Timestamp.now()
        var report = ResponderReport()
        report.responder = identifier
        sessions[session].tell(&report)
        report[.receivedHardware] = stamps.hardware?.nanoseconds
        report[.receivedSoftware] = stamps.software?.nanoseconds
        report[.receivedUserspace] = userspace.nanoseconds
        report[.sentUserspace] = departure.nanoseconds
        let reply = ProbeMessage(
            number: request.number, kind: .reply, flags: request.flags, session: request.session,
            report: report)
        encode(reply, at: start)
        guard request.flags.contains(.wantsFollowUp) else { return sendUnstamped() }
        let isScheduled = request.flags.contains(.wantsScheduledStamp)
        guard sendStamped(isScheduled: isScheduled) else {
            pending.skip()
            return false
        }
        framePlace = pending.add(
            PendingReply(
                number: request.number, session: request.session, size: request.size, start: start,
                wantsScheduledStamp: isScheduled, stamps: TransmitStamps(userspace: departure)), at: now)
        return true
    }

    /// Gives the frame the size and the headers that the route's replies have; false where there is no such frame.
    @inline(never)
    private mutating func prepareFrame() -> Bool {
        // A tap device delivers longer ones than IP has a length for.
        guard let route, route.size <= route.shape.largestSize(mtu: .max) else { return false }
        resizeFrame(to: route.size)
        var bytes = frame.mutableSpan
        route.shape.encodeHeaders(into: &bytes)
        hasHeaders = true
        return true
    }

    @inline(__always)
    private mutating func encode(_ message: borrowing ProbeMessage, at start: Int) {
        var bytes = frame.mutableSpan
        message.encode(into: &bytes, at: start)
        if route?.origin == nil { encodeChecks(message.number) }
    }

    /// What depends on the message in the headers of those replies that are not plain.
    @inline(never)
    private mutating func encodeChecks(_ number: UInt64) {
        guard let shape = route?.shape else { return }
        var bytes = frame.mutableSpan
        shape.encodeNumber(number, into: &bytes)
        shape.encodeChecksum(into: &bytes)
    }

    private func sendUnstamped() -> Bool { (try? unstamped.send(frame.span)) == true }

    private func sendStamped(isScheduled: Bool) -> Bool {
        // The plain call is the quicker one.
        guard isScheduled else { return (try? socket.send(frame.span)) == true }
        let flags: TimestampingFlags = [.transmitScheduled, .transmitSoftware, .transmitHardware]
        return (try? socket.send(frame.span, recording: flags)) == true
    }

    /// Makes room in the frame for another one. Most replies are followed up before: they are never copied.
    @inline(__always)
    private mutating func vacateFrame() {
        if framePlace != 0 { pending.keep(framePlace, as: frame) }
        framePlace = 0
    }

    @inline(__always)
    private mutating func resizeFrame(to size: Int) {
        if frame.count != size { changeFrameSize(to: size) }
    }

    @inline(never)
    private mutating func changeFrameSize(to size: Int) {
        // Within the memory reserved: the frame came through the same interface.
        if frame.count > size { frame.removeLast(frame.count - size) }
        while frame.count < size { frame.append(0) }
    }

    // MARK: Follow-ups

    /// Takes an error of the socket itself, which would otherwise make it ready for ever.
    func clearError() { _ = socket.takePendingError() }

    /// Reads the transmit stamps that have come back, and sends the follow-ups that they complete.
    ///
    /// - Parameter areReady: whether something waits there, whatever is expected.
    mutating func collectReports(_ console: inout Console, areReady: Bool = false) throws(SystemError) {
        while areReady || awaitsReports() {
            // As many as there are replies: the kernel need not look whether there is one more.
            let limit = areReady ? Int.max : pending.count
            try socket.receiveCompletions(into: &reports, limit: limit)
            for index in 0..<reports.count { take(reportAt: index, &console) }
            guard reports.count == min(limit, reports.capacity) else { break }
        }
        // Now, and not when the next request waits for its answer.
        vacateFrame()
    }

    private mutating func take(reportAt index: Int, _ console: inout Console) {
        let ancillary = reports.ancillary(at: index)
        guard let report = ancillary.transmission, let stamps = ReportedStamps(report.event, ancillary),
            let place = pending.place(of: report.key, returned: reports.frame(at: index))
        else { return }
        if pending.add(stamps, key: report.key, to: place, expected) { followUp(place, &console) }
    }

    /// Whether transmit stamps are still to come.
    func awaitsReports() -> Bool { pending.count > 0 }

    /// When a reply's stamps will be overdue; nil where none are out.
    mutating func nextOverdue() -> MonotonicTime? { pending.oldest().map { $0.since + Self.patience } }

    /// Follows up the replies whose stamps are overdue with those that there are.
    mutating func expire(at now: MonotonicTime, _ console: inout Console) {
        while let (place, since) = pending.oldest(), now >= since + Self.patience {
            followUp(place, &console)
        }
    }

    private mutating func followUp(_ place: UInt64, _ console: inout Console) {
        pending.close(place)
        let reply = pending[place]
        // Two clocks are compared only for those who ask for all stages: it takes a while.
        let comparison = reply.wantsScheduledStamp ? clock.current() : nil
        if framePlace != place {
            vacateFrame()
            hasHeaders = false
            resizeFrame(to: reply.size)
            pending.restore(place, into: &frame)
        }
        framePlace = 0
        if console.captures, let time = reply.stamps.software ?? reply.stamps.userspace {
            console.capture(frame.span, length: reply.size, at: time)
        }
        var bytes = frame.mutableSpan
        ProbeMessage.turnIntoFollowUp(&bytes, at: reply.start) { report in
            report[.sentScheduled] = reply.stamps.scheduled?.nanoseconds
            report[.sentSoftware] = reply.stamps.software?.nanoseconds
            report[.sentHardware] = reply.stamps.hardware?.nanoseconds
            guard let comparison else { return }
            report[.clockOffset] = comparison.offset
            report.clockOffsetError = UInt32(clamping: comparison.error)
        }
        let departure = console.captures ? Timestamp.now() : nil
        guard sendUnstamped() else {
            counts.failed += 1
            return
        }
        counts.followUps += 1
        // It asks for no stamps of its own.
        if let departure { console.capture(frame.span, length: frame.count, at: departure) }
    }
}

extension FrameShape {
    /// Whether neither end of the datagram is a group, so that one host alone gets the answer.
    @inline(__always)
    fileprivate var isBetweenHosts: Bool {
        switch carrier {
        case .ethernet: true
        case .udp4(let flow): !flow.source.isGroup && !flow.destination.isGroup
        case .udp6(let flow): !flow.source.isGroup && !flow.destination.isGroup
        }
    }
}
