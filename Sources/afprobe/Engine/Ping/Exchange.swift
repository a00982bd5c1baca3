import AFPacketKit

/// The stamps of a received frame.
struct ReceiveStamps {
    /// The NIC received it: the NIC's own clock.
    @OptionalTimestamp var hardware: Timestamp? = nil
    /// The kernel received it.
    @OptionalTimestamp var software: Timestamp? = nil
    /// It was in the program's memory: CLOCK_REALTIME.
    @OptionalTimestamp var userspace: Timestamp? = nil

    subscript(clock: StampClock) -> Timestamp? {
        switch clock {
        case .hardware: hardware
        case .software: software
        case .userspace: userspace
        }
    }
}

/// The known stamps of a request, its reply and the reply's follow-up: fourteen at most.
struct Exchange: TransmitEntry {
    var requestSent: TransmitStamps
    var replyReceived = ReceiveStamps()
    /// The responder info of the reply, or of the follow-up once that has come.
    var info = ResponderInfo()
    /// The clock of this host's NIC minus CLOCK_REALTIME, if it was asked for.
    var clockOffset: ClockOffset?
    /// Nanoseconds by CLOCK_MONOTONIC from the send call until the reply had arrived; 0 without a reply.
    var monotonicRoundTrip: Int64 = 0
    var hasFollowUp = false
    /// Tells whether the responder waited in vain for a stamp of its reply.
    var isFollowUpIncomplete = false
    /// Tells whether the request was handed over to be captured.
    var isCaptured = false
    /// Tells whether a clock of either host was set during the exchange, so that its stamps must not be subtracted.
    var isClockStepped = false

    init(sent: TransmitStamps) { requestSent = sent }

    var hasReply: Bool { replyReceived.userspace != nil }

    /// Returns whether nothing more of it is to come.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    func isComplete(_ expected: ExpectedStamps) -> Bool {
        hasReply && hasFollowUp && expected.areComplete(requestSent)
    }

    /// Merges the reply. A follow-up that came first knows more than the reply.
    mutating func merge(_ received: ReceiveStamps, _ info: ResponderInfo) {
        if !hasFollowUp { self.info = info }
        replyReceived = received
    }

    mutating func mergeFollowUp(_ info: ResponderInfo, _ flags: ProbeMessage.Flags) {
        self.info = info
        hasFollowUp = true
        isFollowUpIncomplete = flags.contains(.isIncomplete)
        if flags.contains(.clockWasSet) { isClockStepped = true }
    }

    /// The exchange without the responder's stamps, which are not believed.
    var withoutResponder: Exchange {
        var exchange = self
        exchange.info = ResponderInfo()
        exchange.hasFollowUp = false
        return exchange
    }

    // MARK: The responder's part

    // These are inlined where the clock is known: "ping: user instructions".

    var requestReceived: ReceiveStamps {
        ReceiveStamps(
            hardware: requestReceived(by: .hardware), software: requestReceived(by: .software),
            userspace: requestReceived(by: .userspace))
    }

    var replySent: TransmitStamps {
        TransmitStamps(
            userspace: replySent(by: .userspace), scheduled: stamp(.sentScheduled),
            software: replySent(by: .software), hardware: replySent(by: .hardware))
    }

    /// The clock of the responder's NIC minus CLOCK_REALTIME.
    var responderClockOffset: ClockOffset? {
        info[.clockOffset].map { ClockOffset(offset: $0, error: Int64(info.clockOffsetError)) }
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    func requestReceived(by clock: StampClock) -> Timestamp? {
        switch clock {
        case .hardware: stamp(.receivedHardware)
        case .software: stamp(.receivedSoftware)
        case .userspace: stamp(.receivedUserspace)
        }
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    func replySent(by clock: StampClock) -> Timestamp? {
        switch clock {
        case .hardware: stamp(.sentHardware)
        case .software: stamp(.sentSoftware)
        case .userspace: stamp(.sentUserspace)
        }
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private func stamp(_ kind: ResponderInfo.Value) -> Timestamp? {
        // As everywhere, 0 is no stamp.
        guard let nanoseconds = info[kind], nanoseconds != 0 else { return nil }
        return Timestamp(nanoseconds: nanoseconds)
    }

    /// The four stamps of one clock of each host; nil if one is missing.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    func stamps(by clock: StampClock) -> TwoWayStamps? {
        guard let requestSent = requestSent[clock], let replyReceived = replyReceived[clock],
            let requestReceived = requestReceived(by: clock), let replySent = replySent(by: clock)
        else { return nil }
        return TwoWayStamps(
            requestSent: requestSent, requestReceived: requestReceived, replySent: replySent,
            replyReceived: replyReceived)
    }

    // MARK: Differences on one clock

    /// From the request's departure to the reply's arrival; nil if that clock lacks a stamp, or no clock is given.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    func roundTrip(by clock: StampClock?) -> Int64? {
        guard let clock else { return nil }
        return difference(requestSent[clock], replyReceived[clock])
    }

    /// From the request's arrival to the reply's departure, likewise.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    func turnaround(by clock: StampClock?) -> Int64? {
        guard let clock else { return nil }
        return difference(requestReceived(by: clock), replySent(by: clock))
    }

    /// The best clock that has both ends of the round trip.
    var bestRoundTripClock: StampClock? { .best { roundTrip(by: $0) != nil } }

    /// The best clock that has both ends of the turnaround.
    var bestTurnaroundClock: StampClock? { .best { turnaround(by: $0) != nil } }

    // MARK: Figures

    /// Adds the round trip of an exchange that is in no figure, and returns its clock: the best there is. The NIC's
    /// clock does not follow a step of the system's; else CLOCK_MONOTONIC is left. None if it is not known.
    func addLoneRoundTrip(to values: inout FigureValues) -> StampClock? {
        let clock = isClockStepped ? nil : bestRoundTripClock
        let byNIC = roundTrip(by: .hardware)
        values[.rtt] = byNIC ?? roundTrip(by: clock) ?? (monotonicRoundTrip > 0 ? monotonicRoundTrip : nil)
        return byNIC != nil ? .hardware : values[.rtt] == nil ? nil : clock ?? .userspace
    }

    /// Adds the figures that only some runs show: the stages, and the one-way figures if the hosts' clocks are
    /// synchronised.
    func addDetails(
        to values: inout FigureValues, by clock: StampClock?, hasStages: Bool, isSynchronised: Bool
    ) {
        if hasStages { addStages(to: &values) }
        guard isSynchronised, let clock else { return }
        values[.requestOneWay] = difference(requestSent[clock], requestReceived(by: clock))
        values[.replyOneWay] = difference(replySent(by: clock), replyReceived[clock])
    }

    private func addStages(to values: inout FigureValues) {
        let (requestReceived, replySent) = (requestReceived, replySent)
        values[.total] = roundTrip(by: .userspace)
        values[.requestSend] = difference(requestSent.userspace, requestSent.scheduled)
        values[.requestQdisc] = difference(requestSent.scheduled, requestSent.software)
        values[.requestTxNIC] = difference(
            requestSent.software, systemTime(of: requestSent.hardware, clockOffset))
        values[.requestRxNIC] = difference(
            systemTime(of: requestReceived.hardware, responderClockOffset), requestReceived.software)
        values[.requestWakeup] = difference(requestReceived.software, requestReceived.userspace)
        values[.respond] = difference(requestReceived.userspace, replySent.userspace)
        values[.replySend] = difference(replySent.userspace, replySent.scheduled)
        values[.replyQdisc] = difference(replySent.scheduled, replySent.software)
        values[.replyTxNIC] = difference(
            replySent.software, systemTime(of: replySent.hardware, responderClockOffset))
        values[.replyRxNIC] = difference(
            systemTime(of: replyReceived.hardware, clockOffset), replyReceived.software)
        values[.replyWakeup] = difference(replyReceived.software, replyReceived.userspace)
        values[.wire] = difference(turnaround(by: .hardware), roundTrip(by: .hardware))
        values[.link] = difference(turnaround(by: .software), roundTrip(by: .software))
    }

    /// A stamp of the NIC's clock, converted to the system's clock.
    private func systemTime(of stamp: Timestamp?, _ offset: ClockOffset?) -> Timestamp? {
        guard let stamp, let offset else { return nil }
        return Timestamp(nanoseconds: stamp.nanoseconds &- offset.offset)
    }
}

/// The stamps of one clock of each host at both ends of both ways.
struct TwoWayStamps {
    let requestSent: Timestamp
    let requestReceived: Timestamp
    let replySent: Timestamp
    let replyReceived: Timestamp

    /// On the requester's clock.
    var roundTrip: Int64 { replyReceived - requestSent }

    /// On the responder's clock.
    var turnaround: Int64 { replySent - requestReceived }
}

private func difference(_ earlier: Timestamp?, _ later: Timestamp?) -> Int64? {
    guard let earlier, let later else { return nil }
    return later - earlier
}

private func difference(_ part: Int64?, _ whole: Int64?) -> Int64? {
    guard let part, let whole else { return nil }
    return whole &- part
}
