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

    /// Chooses the clocks that are not chosen yet by an exchange that is to be recorded.
    @inline(never)
    private mutating func chooseClocks(by exchange: inout Exchange) {
        if roundTripClock == nil { roundTripClock = exchange.bestRoundTripClock }
        if exchange.hasFollowUp, turnaroundClock == nil { turnaroundClock = exchange.bestTurnaroundClock }
    }

    /// Records a reply and, where the run has not ended before, its follow-up. Its figures are the `latest` then.
    ///
    /// - Parameter exchange: likewise.
    /// - Returns: the clock of its round trip, which may be another than the run's.
    @inline(__always)
    mutating func record(_ exchange: inout Exchange) -> StampClock? {
        if roundTripClock == nil || turnaroundClock == nil { chooseClocks(by: &exchange) }
        if exchange.roundTrip(by: .hardware) == nil { tally.missingHardware &+= 1 }
        if exchange.roundTrip(by: .software) == nil { tally.missingSoftware &+= 1 }
        guard let clock = roundTripClock else { return note(&exchange, by: nil) }
        let stamps = exchange.stamps(by: clock)
        // Figures of one distribution are on one clock.
        guard let roundTrip = stamps.roundTrip else { return noteOnBestClock(&exchange) }
        begin(&exchange, roundTrip, by: clock, stamps.turnaround)
        Self.add(&latest, to: &recorded)
        attribute(by: clock)
        bounds.narrow(stamps)
        note(exchange.clockOffset)
        note(exchange.responderClockOffset)
        return clock
    }
}

extension PingResult {
    @inline(never)
    private mutating func noteOnBestClock(_ exchange: inout Exchange) -> StampClock? {
        note(&exchange, by: exchange.bestRoundTripClock)
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

    /// Finds the figures of an exchange that are to be shown alone.
    @inline(never)
    private mutating func note(_ exchange: inout Exchange, by clock: StampClock?) -> StampClock? {
        begin(&exchange, exchange.roundTrip(by: clock), by: clock, exchange.turnaround(by: clock))
        return clock
    }

    /// Finds the figures of an exchange.
    ///
    /// - Parameter turnaround: on the round trip's clock.
    @inline(__always)
    private mutating func begin(
        _ exchange: inout Exchange, _ roundTrip: Int64?, by clock: StampClock?, _ turnaround: Int64?
    ) {
        let isSame = turnaroundClock == clock
        latest.begin(
            roundTrip: roundTrip,
            turnaround: !exchange.hasFollowUp
                ? nil : isSame ? turnaround : exchange.turnaround(by: turnaroundClock))
        guard hasStages || isSynchronised else { return }
        exchange.addDetails(to: &latest, by: clock, hasStages: hasStages, isSynchronised: isSynchronised)
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
