import AFPacketKit

/// What a run of `ping` has found out, in memory that does not grow with it.
struct PingResult {
    var counts = Counts()
    var responder = ResponderTally()
    private(set) var roundTripClock: StampClock?
    private(set) var turnaroundClock: StampClock?
    private(set) var bounds = ClockBounds()
    /// How far figures that cross from a NIC's clock to the system's may be off, at most, in nanoseconds.
    private(set) var crossingError: Int64?
    /// Of the replies without a hardware stamp of their round trip, those that lack the request's.
    private(set) var unstampedRequests: UInt64 = 0
    private var recorded: [(figure: Figure, distribution: Distribution)]
    /// The figures of the reply recorded last.
    private(set) var latest = FigureValues()
    /// Made when the clock is known, on which it depends what the round trip consists of.
    private var attribution: TailAttribution?
    private let hasStages: Bool
    private let isSynchronised: Bool
    private let preferredClock: StampClock
    /// Replies in a row that lacked the preferred clock's stamps.
    private var lacking = 0
    /// The highest number of a request that was answered.
    private var highest: UInt64 = 0

    /// How many replies may lack the stamps that there should be until they are given up.
    static let maxLacking = 3

    /// - Parameters:
    ///   - preferred: the best clock that this host should have stamps of.
    ///   - hasStages: whether the stages are wanted.
    ///   - isSynchronised: whether the two hosts' clocks are.
    init(preferred: StampClock, hasStages: Bool, isSynchronised: Bool) {
        preferredClock = preferred
        self.isSynchronised = isSynchronised
        var wanted: Set<Figure> = [.rtt, .network, .turnaround]
        if hasStages { wanted.formUnion(Figure.stages + [.link, .total]) }
        if isSynchronised { wanted.formUnion([.requestOneWay, .replyOneWay]) }
        recorded = Figure.allCases.filter(wanted.contains).map { ($0, Distribution()) }
        self.hasStages = hasStages
    }

    /// The values of a figure; nil if there are none.
    subscript(figure: Figure) -> Distribution? {
        recorded.first { $0.figure == figure && $0.distribution.count > 0 }?.distribution
    }

    /// The figures that have values.
    var figures: [Figure] {
        // Where the NICs stamp, the link is known in parts.
        recorded.map(\.figure).filter { self[$0] != nil && ($0 != .link || self[.wire] == nil) }
    }

    /// The slowest round trips, and what made them slow.
    func tail(above percentile: Percentile) -> Tail? { attribution?.tail(above: percentile) }

    // MARK: Counting

    /// Counts a reply within the time-out.
    mutating func countReply(to number: UInt64) {
        counts[.received] &+= 1
        if number < highest { counts[.reordered] += 1 } else { highest = number }
    }

    /// Takes note of how many requests were sent: those that have not been settled are in flight.
    mutating func complete(sent: UInt64) {
        counts[.sent] = sent
        counts[.inFlight] = sent - min(sent, counts[.received] + counts[.lost] + counts[.late])
        counts[.responderDuplicates] = responder.duplicates
        counts[.responderRestarts] = responder.restarts
        counts[.responderSuppressed] = responder.suppressed
    }

    // MARK: Recording

    /// Chooses the clock of the run's round trips by an exchange, if it can: the best there is, but the first few may
    /// lack it.
    ///
    /// - Returns: whether it is chosen.
    mutating func chooseClock(by exchange: borrowing Exchange) -> Bool {
        guard let best = exchange.bestRoundTripClock else { return false }
        lacking += 1
        guard best <= preferredClock || lacking >= Self.maxLacking else { return false }
        roundTripClock = best
        return true
    }

    /// Records a reply and, unless the run has ended before, its follow-up. Its figures are the `latest` then.
    ///
    /// - Returns: the clock of its round trip, which may be another than the run's.
    mutating func record(_ exchange: borrowing Exchange) -> StampClock? {
        if exchange.roundTrip(by: .hardware) == nil {
            counts[.missingHardware] &+= 1
            if exchange.requestSent.hardware == nil { unstampedRequests &+= 1 }
        }
        if exchange.roundTrip(by: .software) == nil { counts[.missingSoftware] &+= 1 }
        chooseClocks(by: exchange)
        let isOnChosen = exchange.roundTrip(by: roundTripClock) != nil
        let clock = isOnChosen ? roundTripClock : exchange.bestRoundTripClock
        latest.begin(
            roundTrip: exchange.roundTrip(by: clock),
            turnaround: exchange.hasFollowUp ? exchange.turnaround(by: turnaroundClock) : nil)
        if hasStages || isSynchronised {
            exchange.addDetails(
                to: &latest, by: clock, hasStages: hasStages, isSynchronised: isSynchronised)
        }
        // Figures of one distribution are on one clock.
        guard isOnChosen, let clock else { return clock }
        if let stamps = exchange.stamps(by: clock) { bounds.narrow(stamps) }
        recordLatest(by: clock)
        note(exchange.clockOffset)
        note(exchange.responderClockOffset)
        return clock
    }

    private mutating func chooseClocks(by exchange: borrowing Exchange) {
        if roundTripClock == nil { roundTripClock = exchange.bestRoundTripClock }
        if exchange.hasFollowUp, turnaroundClock == nil { turnaroundClock = exchange.bestTurnaroundClock }
    }

    /// Records the latest figures in their distributions and for the tail.
    private mutating func recordLatest(by clock: StampClock) {
        for index in recorded.indices {
            if let value = latest[recorded[index].figure] { recorded[index].distribution.record(value) }
        }
        if attribution == nil {
            attribution = TailAttribution(
                stages: hasStages ? clock.stagesOfRoundTrip : [.network, .turnaround])
        }
        // Where the NICs stamp, the link is known in parts.
        attribution?.record(latest, without: latest[.wire] != nil ? .link : nil)
    }

    private mutating func note(_ comparison: ClockOffset?) {
        guard let error = comparison?.error else { return }
        crossingError = max(crossingError ?? 0, error)
    }
}

extension StampClock {
    /// The stages that a round trip on this clock consists of.
    fileprivate var stagesOfRoundTrip: [Figure] {
        let responder: [Figure] = [
            .requestRxNIC, .requestWakeup, .respond, .replySend, .replyQdisc, .replyTxNIC,
        ]
        return switch self {
        case .hardware: [.wire] + responder
        case .software: [.link, .requestTxNIC, .wire] + responder + [.replyRxNIC]
        case .userspace:
            [.requestSend, .requestQdisc, .link, .requestTxNIC, .wire] + responder + [
                .replyRxNIC, .replyWakeup,
            ]
        }
    }
}

extension PingResult: Measurement {
    func value(of figure: Figure, _ statistic: Statistic) -> Int64? { self[figure]?[statistic] }

    func value(of counter: Counter) -> UInt64? {
        counter == .lostReached ? responder.unanswered.map { min($0, counts[.lost]) } : counts[counter]
    }
}
