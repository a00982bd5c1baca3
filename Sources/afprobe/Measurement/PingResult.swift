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
    /// - Parameter exchange: only read, and inout so that it is read where it stands: it is large.
    /// - Returns: whether it is chosen.
    @inline(never)
    mutating func chooseClock(by exchange: inout Exchange) -> Bool {
        guard let best = exchange.bestRoundTripClock else { return false }
        lacking += 1
        guard best <= preferredClock || lacking >= Self.mostLacking else { return false }
        roundTripClock = best
        return true
    }

    /// Records a reply and, where the run has not ended before, its follow-up. Its figures are the `latest` then.
    ///
    /// - Parameter exchange: likewise.
    /// - Returns: the clock of its round trip, which may be another than the run's.
    @inline(__always)
    mutating func record(_ exchange: inout Exchange) -> StampClock? {
        if exchange.roundTrip(by: .hardware) == nil { tally.missingHardware &+= 1 }
        if exchange.roundTrip(by: .software) == nil { tally.missingSoftware &+= 1 }
        let clock: StampClock
        if exchange.hasFollowUp, let chosen = roundTripClock, chosen == turnaroundClock,
            let stamps = exchange.stamps(by: chosen)
        {
            clock = chosen
            latest.begin(roundTrip: stamps.roundTrip, turnaround: stamps.turnaround)
            bounds.narrow(stamps)
        } else {
            let best = begin(with: &exchange)
            // Figures of one distribution are on one clock.
            guard let best, best == roundTripClock else {
                addDetails(of: &exchange, by: best)
                return best
            }
            clock = best
        }
        if hasStages || isSynchronised { addDetails(of: &exchange, by: clock) }
        Self.add(&latest, to: &recorded)
        attribute(by: clock)
        note(exchange.clockOffset)
        note(exchange.responderClockOffset)
        return clock
    }
}

extension PingResult {
    /// Begins with the figures of an exchange that is not complete, or stamped by several clocks, as far as there are any:
    /// chooses the run's clocks that are not chosen yet, and narrows the bounds of their difference.
    ///
    /// - Returns: the clock of its round trip.
    @inline(never)
    private mutating func begin(with exchange: inout Exchange) -> StampClock? {
        if roundTripClock == nil { roundTripClock = exchange.bestRoundTripClock }
        if exchange.hasFollowUp, turnaroundClock == nil { turnaroundClock = exchange.bestTurnaroundClock }
        let isOnChosen = exchange.roundTrip(by: roundTripClock) != nil
        let clock = isOnChosen ? roundTripClock : exchange.bestRoundTripClock
        latest.begin(
            roundTrip: exchange.roundTrip(by: clock),
            turnaround: exchange.hasFollowUp ? exchange.turnaround(by: turnaroundClock) : nil)
        if isOnChosen, let clock, let stamps = exchange.stamps(by: clock) { bounds.narrow(stamps) }
        return clock
    }

    @inline(never)
    private mutating func addDetails(of exchange: inout Exchange, by clock: StampClock?) {
        exchange.addDetails(to: &latest, by: clock, hasStages: hasStages, isSynchronised: isSynchronised)
    }

    /// Records values in the distributions of their figures.
    ///
    /// - Parameter values: only read.
    @inline(__always)
    private static func add(
        _ values: inout FigureValues, to recorded: inout [(figure: Figure, distribution: Distribution)]
    ) {
        // The span, so that the array is looked at once, and not for each of them.
        var recorded = recorded.mutableSpan
        for index in recorded.indices {
            guard let value = values.read(recorded[index].figure) else { continue }
            recorded[index].distribution.record(value)
        }
    }

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
