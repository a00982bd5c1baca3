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
    private var frame: [UInt8] = []
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

    /// Answers a frame if it is a request that deserves it.
    ///
    /// - Parameter size: the frame's length, tag included.
    mutating func answer(
        _ request: borrowing ProbeMessage, in shape: borrowing FrameShape, size: Int,
        stamps: borrowing Ancillary, userspace: Timestamp, _ console: inout Console
    ) {
        guard let identifier = request.session, deserves(request, in: shape) else { return }
        // With the follow-up, which a reply is worth little without.
        let now = MonotonicTime.atLastTick()
        let isAllowed = limit.allows(request.flags.contains(.wantsFollowUp) ? 2 : 1, at: now)
        let session = sessions.index(of: identifier, from: shape.source)
        var report = ResponderReport()
        sessions[session].take(request.number, isAnswered: isAllowed, &report)
        guard isAllowed else {
            counts.suppressed += 1
            return
        }
        report.responder = self.identifier
        report[.receivedHardware] = stamps.hardware?.nanoseconds
        report[.receivedSoftware] = stamps.software?.nanoseconds
        report[.receivedUserspace] = userspace.nanoseconds
        var reply = ProbeMessage(
            number: request.number, kind: .reply, flags: request.flags, session: identifier, report: report)
        if send(&reply, in: shape.reversed, size: size, at: now, &console) {
            counts.replies += 1
        } else {
            sessions[session].loseReply()
            counts.failed += 1
        }
    }

    /// Whether a message is a request from one station to this one.
    private func deserves(_ request: borrowing ProbeMessage, in shape: borrowing FrameShape) -> Bool {
        guard request.kind == .request, shape.destination == interface.address else { return false }
        let source = shape.source
        guard !source.isGroup, source != .zero, source != interface.address else { return false }
        return shape.isBetweenHosts
    }

    @inline(__always)
    private mutating func send(
        _ reply: inout ProbeMessage, in shape: FrameShape, size: Int, at now: MonotonicTime,
        _ console: inout Console
    ) -> Bool {
        // A tap device delivers longer ones than IP has a length for.
        guard let session = reply.session, size <= shape.largestSize(mtu: .max) else { return false }
        // Room first: a follow-up is built where the reply will be.
        if let place = pending.placeToClear() { followUp(place, &console) }
        let departure = Timestamp.now()
        reply.report[.sentUserspace] = departure.nanoseconds
        build(reply, in: shape, size: size)
        guard reply.flags.contains(.wantsFollowUp) else { return sendUnstamped() }
        let isScheduled = reply.flags.contains(.wantsScheduledStamp)
        guard sendStamped(isScheduled: isScheduled) else {
            pending.skip()
            return false
        }
        framePlace = pending.add(
            PendingReply(
                number: reply.number, session: session, size: size, start: shape.headerLength,
                wantsScheduledStamp: isScheduled, stamps: TransmitStamps(userspace: departure)), at: now)
        return true
    }

    private func sendUnstamped() -> Bool { (try? unstamped.send(frame.span)) == true }

    private func sendStamped(isScheduled: Bool) -> Bool {
        // The plain call is the quicker one.
        guard isScheduled else { return (try? socket.send(frame.span)) == true }
        let flags: TimestampingFlags = [.transmitScheduled, .transmitSoftware, .transmitHardware]
        return (try? socket.send(frame.span, recording: flags)) == true
    }

    @inline(__always)
    private mutating func build(
        _ message: borrowing ProbeMessage, in shape: borrowing FrameShape, size: Int
    ) {
        vacateFrame()
        resizeFrame(to: size)
        var bytes = frame.mutableSpan
        message.encode(into: &bytes, at: shape.headerLength)
        shape.encodeHeaders(into: &bytes)
        shape.encodeNumber(message.number, into: &bytes)
        shape.encodeChecksum(into: &bytes)
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
            try socket.receiveReports(into: &reports, limit: limit)
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
        pending.add(stamps, key: report.key, to: place)
        if pending[place].isComplete(expected) { followUp(place, &console) }
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
