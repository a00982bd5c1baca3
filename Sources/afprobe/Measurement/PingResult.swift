import AFPacketKit

/// What a run of `ping` finds out, in memory that does not grow with it.
struct PingResult {
    var tally = PingTally()
    private(set) var roundTripClock: StampClock?
    private(set) var turnaroundClock: StampClock?
    private(set) var bounds = ClockBounds()
    /// How far figures that cross from a NIC's clock to the system's may be off, at most, in nanoseconds.
    private(set) var crossingError: Int64?
    private var recorded: [(figure: Figure, distribution: Distribution)]
    /// The figures of the reply recorded last, to be shown.
    private(set) var latest = FigureValues()
    /// Made when the clock is known, on which it depends what the round trip consists of.
    private var attribution: TailAttribution?
    private let hasStages: Bool
    private let isSynchronised: Bool
    private let preferredClock: StampClock
    /// Replies in a row that lacked the preferred clock's stamps.
    private var lacking = 0

    /// How many replies may lack the stamps that there should be until they are given up.
    static let mostLacking = 3

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

    /// The values of a figure; nil where there are none.
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

    // MARK: Recording

    /// Chooses the clock of the run's round trips by an exchange, if it can: the best there is, but the first few may
    /// lack it.
    ///
    /// - Returns: whether it is chosen.
    @inline(__always)
    mutating func chooseClock(by exchange: borrowing Exchange) -> Bool {
        guard roundTripClock == nil else { return true }
        return chooseClock(exchange.bestRoundTripClock)
    }

    @inline(never)
    private mutating func chooseClock(_ best: StampClock?) -> Bool {
        guard let best else { return false }
        lacking += 1
        guard best <= preferredClock || lacking >= Self.mostLacking else { return false }
        roundTripClock = best
        return true
    }

    /// Records a reply and, where the run has not ended before, its follow-up. Its figures are the `latest` then.
    ///
    /// - Parameter exchange: only read, and inout so that it is read where it stands: it is large.
    /// - Returns: the clock of its round trip, which may be another than the run's.
    @inline(__always)
    mutating func record(_ exchange: inout Exchange) -> StampClock? {
        if roundTripClock == nil { roundTripClock = exchange.bestRoundTripClock }
        if exchange.hasFollowUp, turnaroundClock == nil { turnaroundClock = exchange.bestTurnaroundClock }
        if exchange.roundTrip(by: .hardware) == nil { tally.missingHardware += 1 }
        if exchange.roundTrip(by: .software) == nil { tally.missingSoftware += 1 }
        guard let chosen = roundTripClock else {
            latest.begin(roundTrip: nil, turnaround: nil)
            return nil
        }
        let clock = exchange.roundTrip(by: chosen) != nil ? chosen : exchange.bestRoundTripClock
        latest.begin(
            roundTrip: exchange.roundTrip(by: clock),
            turnaround: exchange.turnaround(by: exchange.hasFollowUp ? turnaroundClock : nil))
        if hasStages || isSynchronised {
            exchange.addDetails(
                to: &latest, by: clock, hasStages: hasStages, isSynchronised: isSynchronised)
        }
        // Figures of one distribution are on one clock.
        guard clock == chosen else { return clock }
        for index in recorded.indices {
            guard let value = latest.read(recorded[index].figure) else { continue }
            recorded[index].distribution.record(value)
        }
        attribute(by: chosen)
        bounds.narrow(exchange, by: chosen)
        note(exchange.clockOffset)
        note(exchange.responderClockOffset)
        return clock
    }
}

extension PingResult {
    @inline(__always)
    private mutating func note(_ comparison: ClockOffset?) {
        guard let error = comparison?.error else { return }
        crossingError = max(crossingError ?? 0, error)
    }

    @inline(__always)
    private mutating func attribute(by clock: StampClock) {
        if attribution == nil { beginAttribution(by: clock) }
        // Where the NICs stamp, the link is known in parts.
        attribution?.record(&latest, without: latest.read(.wire) != nil ? .link : nil)
    }

    @inline(never)
    private mutating func beginAttribution(by clock: StampClock) {
        attribution = TailAttribution(
            stages: hasStages ? clock.stagesOfRoundTrip : [.network, .turnaround])
    }
}

extension StampClock {
    /// What a round trip on this clock consists of.
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
        switch counter {
        case .sent: tally.sent
        case .received: tally.received
        case .lost: tally.lost
        case .late: tally.late
        case .duplicates: tally.duplicates
        case .reordered: tally.reordered
        case .failed: tally.failed
        case .missingHardware: tally.missingHardware
        case .missingSoftware: tally.missingSoftware
        }
    }
}
