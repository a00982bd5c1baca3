import AFPacketKit

/// Records how each request of a `ping` run ended: in figures and counts, and as an event.
struct ExchangeRecorder<Events: PingEvents> {
    var result: PingResult
    /// Nil if only the figures of the whole run are wanted.
    private var interval: PingInterval?
    /// Stored, because to ask the optional costs more: "ping, with follow-ups: user instructions".
    private let hasIntervals: Bool
    private let events: Events
    private let peer: Peer
    /// Exchanges that wait until the run's clocks are chosen, perhaps for longer than the window keeps them.
    private var undecided: [(number: UInt64, exchange: Exchange)] = []
    private var hasToldImplausible = false
    private var hasToldRedirected = false
    private var toldErrors: Set<NetworkError> = []

    init(_ result: PingResult, peer: Peer, hasIntervals: Bool, _ events: Events) {
        self.result = result
        self.hasIntervals = hasIntervals
        interval = hasIntervals ? PingInterval() : nil
        self.peer = peer
        self.events = events
    }

    /// Records a settled exchange.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func settle(_ exchange: Exchange, _ number: UInt64) {
        guard exchange.hasReply else { return countLost(number, sent: exchange.requestSent.userspace) }
        if !exchange.hasFollowUp { result.counts[.missingFollowUps] += 1 }
        if result.roundTripClock == nil, !result.chooseClock(by: exchange) {
            undecided.append((number, exchange))
            return
        }
        guard undecided.isEmpty else {
            undecided.append((number, exchange))
            return decide()
        }
        record(exchange, number)
    }

    @inline(never)
    private mutating func countLost(_ number: UInt64, sent: Timestamp?) {
        result.counts[.lost] += 1
        if events.takesFrames { events.lost(number, peer: peer, sent: sent) }
    }

    /// Records the exchanges that waited for the run's clocks, once these are chosen or the run ends.
    mutating func decide() {
        let waiting = undecided
        undecided = []
        result.chooseTurnaroundClock(among: waiting.map(\.exchange))
        for (number, exchange) in waiting { record(exchange, number) }
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func record(_ exchange: Exchange, _ number: UInt64) {
        var values = FigureValues()
        let clock = result.record(exchange, &values)
        if hasIntervals, clock == result.roundTripClock, !exchange.isClockStepped {
            recordInInterval(values)
        }
        if result.counts[.implausible] > 0, !hasToldImplausible { tellImplausible() }
        guard events.takesFrames else { return }
        events.answered(
            PingReply(
                number: number, peer: peer, exchange: exchange, values: values,
                roundTripClock: clock, turnaroundClock: result.toldTurnaroundClock))
    }

    @inline(never)
    private mutating func recordInInterval(_ values: borrowing FigureValues) { interval?.record(values) }

    /// It may be so with every reply, and is told once.
    private mutating func tellImplausible() {
        hasToldImplausible = true
        events.diagnosed(.implausibleTurnaround(peer))
    }

    /// Tells each kind of error of the network once.
    mutating func tellUndeliverable(_ error: NetworkError) {
        result.networkError = error
        guard toldErrors.insert(error).inserted else { return }
        events.diagnosed(.undeliverable(peer, error))
    }

    /// Tells the figures of the interval that ends now, and begins the next one.
    mutating func endInterval(sent: UInt64, failed: UInt64, after length: Int64) {
        var totals = result.counts
        (totals[.sent], totals[.failed]) = (sent, failed)
        interval?.end(totals, after: length)
        if let interval, !interval.isEmpty { events.intervalEnded(interval) }
        interval?.begin(totals)
    }

    /// Tells once that a router names a better one.
    mutating func tellRedirected() {
        if !hasToldRedirected { events.diagnosed(.redirected(peer)) }
        hasToldRedirected = true
    }

    // MARK: Replies that are in no figure

    /// Counts a further reply to a request.
    mutating func countDuplicate(_ number: UInt64, _ exchange: Exchange) {
        result.counts[.duplicates] += 1
        if events.takesFrames { events.duplicate(reply(number, exchange)) }
    }

    /// Counts a reply that came after the timeout; `wasLost` tells whether its request was counted as lost.
    mutating func countLate(_ number: UInt64, _ exchange: Exchange, wasLost: Bool) {
        if wasLost { result.counts[.lost] -= 1 }
        result.counts[.late] += 1
        result.countOrder(of: number)
        if events.takesFrames { events.late(reply(number, exchange)) }
    }

    /// A reply that is in no figure, with its round trip on the best clock it has.
    private func reply(_ number: UInt64, _ exchange: Exchange) -> PingReply {
        var values = FigureValues()
        let clock = exchange.addLoneRoundTrip(to: &values)
        return PingReply(
            number: number, peer: peer, exchange: exchange, values: values, roundTripClock: clock,
            turnaroundClock: nil)
    }

    /// Merges the responder's counters. A change of the responder is told once: if two hosts share the address, it may
    /// happen with every reply.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func merge(_ info: borrowing ResponderInfo, _ losses: ResponderLosses) {
        guard result.responder.merge(info, losses), result.responder.restarts == 1 else { return }
        events.diagnosed(.otherResponder(peer))
    }
}
