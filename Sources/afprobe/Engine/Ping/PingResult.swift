import AFPacketKit

/// The result of a run of `ping`, in memory that does not grow with the run.
struct PingResult {
    var counts = Counts()
    var responder = ResponderTally()
    private(set) var roundTripClock: StampClock?
    private(set) var turnaroundClock: StampClock?
    private(set) var bounds = ClockBounds()
    /// The maximum error of the comparisons of a NIC's clock with the system's, in nanoseconds.
    private var comparisonError: Int64?
    /// Of the replies without a hardware stamp of their round trip, those that lack the request's.
    private(set) var unstampedRequests: UInt64 = 0
    /// Of the lost requests, those without any transmit stamp, though the driver takes some: this host dropped them.
    private(set) var lostUnstamped: UInt64 = 0
    private var areStampsLate = false
    /// The latest error of the network about a request; nil if there was none.
    var networkError: NetworkError?
    private var recorded: [(figure: Figure, distribution: Distribution)]
    /// Made when the clock is known, which decides the stages of the round trip.
    private var attribution: TailAttribution?
    private let hasStages: Bool
    private let isSynchronised: Bool
    let protocolName: PingProtocolName
    /// Stored, because to compare the names costs more: "ping, with follow-ups: user instructions".
    private let isForeign: Bool
    private(set) var resolution = StampResolution()
    private let preferredClock: StampClock
    /// The round trips of the replies with a turnaround; nil while that is all of them.
    private var roundTripsWithTurnaround: Distribution?
    /// Replies in a row that lacked the preferred clock's stamps, or one of the responder's.
    private var lacking = 0
    /// The highest number of a request that was answered.
    private var highest: UInt64 = 0

    /// Replies that may lack the preferred clock's stamps before another clock is chosen.
    static let maxLacking = 3

    /// - Parameter preferred: the best clock that this host should have stamps of.
    init(
        preferred: StampClock, hasStages: Bool, isSynchronised: Bool,
        protocolName: PingProtocolName = .afprobe
    ) {
        self.protocolName = protocolName
        isForeign = protocolName.isForeign
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

    /// The figures that the run measures, with or without values.
    var wantedFigures: [Figure] { recorded.map(\.figure) }

    /// The figures that have values.
    var figures: [Figure] {
        // If the NICs stamp, the link is known in parts.
        recorded.map(\.figure).filter { self[$0] != nil && ($0 != .link || self[.wire] == nil) }
    }

    /// The clock of the turnaround; nil if the responder does not say which it is.
    var toldTurnaroundClock: StampClock? { isForeign ? nil : turnaroundClock }

    /// The slowest round trips, and the stages that made them slow.
    func tails(above percentiles: [Percentile]) -> [Tail] { attribution?.tails(above: percentiles) ?? [] }

    /// The maximum error of figures between a NIC's clock and the system's, in nanoseconds; nil if there are none.
    var crossingError: Int64? {
        Figure.stagesOfNICs.contains { self[$0] != nil } ? comparisonError : nil
    }

    /// The stages that tails are attributed to.
    var tailStages: [Figure] { attribution?.stages ?? [] }

    /// The part that takes most of a round trip on average, and the figure that it is a part of: with stages the time
    /// that the application sees, else the round trip by stamps. Nil if no parts are known.
    var largestPart: (part: Figure, whole: Figure)? {
        let whole: Figure = hasStages && self[.total] != nil ? .total : .rtt
        // What a responder without times takes is in the link, which says nothing of the link then.
        let unknown: [Figure] = protocolName.tellsTime ? [] : [.network, .link, .wire]
        let parts = (whole == .total ? Figure.stages + [.link, .turnaround] : tailStages).filter { part in
            !unknown.contains(part) && (part != .link || self[.wire] == nil)
                && (part != .turnaround || whole == .rtt || isForeign)
        }
        let largest = parts.compactMap { part in self[part]?.mean.map { (part, $0) } }.max { $0.1 < $1.1 }
        return largest.map { ($0.0, whole) }
    }

    /// Counts a reply within the timeout.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func countReply(to number: UInt64) {
        counts[.received] &+= 1
        countOrder(of: number)
    }

    /// Counts whether the first reply to a request came after one to a later request.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func countOrder(of number: UInt64) {
        if number < highest { counts[.reordered] += 1 } else { highest = number }
    }

    /// Counts a lost request that this host seems to have dropped.
    mutating func countLostUnstamped() { lostUnstamped += areStampsLate ? 0 : 1 }

    /// Takes back what was said of unstamped requests: stamps came after the timeout, or were dropped.
    @inline(never)
    mutating func doubtLostUnstamped() { (lostUnstamped, areStampsLate) = (0, true) }

    /// Counts lost requests of which nothing will be known.
    mutating func forget(_ count: UInt64) {
        counts[.lost] -= count
        counts[.unknown] += count
    }

    /// Completes the counts.
    mutating func complete(sent: UInt64, _ faults: AnswerFaults) {
        counts[.sent] = sent
        counts[.otherVersion] = faults.frames.otherVersion
        counts[.corrupt] = faults.frames.corrupt
        (counts[.otherVLAN], counts[.otherProtocol]) = (faults.otherVLAN, faults.otherProtocol)
        counts[.responderDuplicates] = responder.duplicates
        counts[.responderRestarts] = responder.restarts
        counts[.responderSuppressed] = responder.suppressed
        counts[.responderRefused] = responder.refused ?? 0
        counts[.responderDrops] = responder.dropped ?? 0
    }

    // MARK: Recording

    /// Chooses the clock of the run's round trips by an exchange, and returns whether it did: the best there is, though
    /// the first few exchanges may lack it, or their responder may lack a stamp.
    mutating func chooseClock(by exchange: Exchange) -> Bool {
        guard let best = exchange.bestRoundTripClock else { return false }
        lacking += 1
        let isWhole = best <= preferredClock && !exchange.isFollowUpIncomplete
        guard isWhole || lacking >= Self.maxLacking else { return false }
        roundTripClock = best
        return true
    }

    /// Chooses the clock of the run's turnarounds by the first exchanges: the best that any of them has.
    mutating func chooseTurnaroundClock(among exchanges: [Exchange]) {
        guard turnaroundClock == nil else { return }
        turnaroundClock =
            exchanges.filter { $0.hasFollowUp && !$0.isClockStepped }.compactMap(\.bestTurnaroundClock).min()
    }

    /// Records an exchange and adds its figures to `values`, which are none so far: a returned value would be copied.
    /// Returns the clock of its round trip, which may differ from the run's.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func record(_ exchange: Exchange, _ values: inout FigureValues) -> StampClock? {
        guard !exchange.isClockStepped else {
            counts[.clockStepped] += 1
            return exchange.addLoneRoundTrip(to: &values)
        }
        chooseClocks(by: exchange)
        if isForeign { addTimes(of: exchange) }
        guard isPlausible(exchange) else {
            counts[.implausible] += 1
            return recordWithoutResponder(exchange, &values)
        }
        return recordBelieved(exchange, &values)
    }

    /// Returns whether the turnaround can be true: within the round trip, but for the drift of the two hosts' clocks.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    private func isPlausible(_ exchange: Exchange) -> Bool {
        guard exchange.hasFollowUp, let turnaround = exchange.turnaround(by: turnaroundClock),
            let roundTrip = exchange.roundTrip(by: roundTripClock) ?? exchange.roundTrip(by: .userspace)
        else { return true }
        let (excess, overflow) = turnaround.subtractingReportingOverflow(roundTrip)
        return turnaround >= 0 && !overflow && excess <= max(0, roundTrip) / Self.driftDivisor
    }

    /// 1,000 ppm, ten times the drift that Ethernet allows to two oscillators.
    private static let driftDivisor: Int64 = 1_000

    @inline(never)
    private mutating func recordWithoutResponder(
        _ exchange: Exchange, _ values: inout FigureValues
    ) -> StampClock? {
        recordBelieved(exchange.withoutResponder, &values)
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func recordBelieved(_ exchange: Exchange, _ values: inout FigureValues) -> StampClock? {
        if exchange.roundTrip(by: .hardware) == nil {
            counts[.missingHardware] &+= 1
            if exchange.requestSent.hardware == nil { unstampedRequests &+= 1 }
        }
        if exchange.roundTrip(by: .software) == nil { counts[.missingSoftware] &+= 1 }
        let isOnChosen = exchange.roundTrip(by: roundTripClock) != nil
        let clock = isOnChosen ? roundTripClock : exchange.bestRoundTripClock
        values.add(
            roundTrip: exchange.roundTrip(by: clock),
            turnaround: exchange.hasFollowUp ? exchange.turnaround(by: turnaroundClock) : nil)
        if hasStages || isSynchronised {
            exchange.addDetails(
                to: &values, by: clock, hasStages: hasStages, isSynchronised: isSynchronised)
        }
        if isForeign { addForeignStages(of: exchange, to: &values) }
        // Figures of one distribution are on one clock.
        guard isOnChosen, let clock else { return clock }
        // The clocks of other protocols are not said to be of this kind.
        if !isForeign, let stamps = exchange.stamps(by: clock) { bounds.narrow(stamps) }
        if values[.turnaround] == nil { keepRoundTripsWithTurnaround() }
        if roundTripsWithTurnaround != nil, values[.turnaround] != nil, let roundTrip = values[.rtt] {
            roundTripsWithTurnaround?.record(roundTrip)
        }
        // The span, so that the array is checked once and not for each figure: "ping: user instructions".
        var recorded = recorded.mutableSpan
        for index in recorded.indices {
            if let value = values[recorded[index].figure] { recorded[index].distribution.record(value) }
        }
        if attribution == nil {
            attribution = TailAttribution(
                stages: !hasStages
                    ? [.network, .turnaround]
                    : isForeign ? clock.stagesOfForeignRoundTrip : clock.stagesOfRoundTrip)
        }
        recordTail(values)
        note(exchange.clockOffset)
        note(exchange.responderClockOffset)
        return clock
    }

    /// Adds the responder's times to what is known of its clock, also if they cannot be true.
    @inline(never)
    private mutating func addTimes(of exchange: Exchange) {
        guard let arrival = exchange.requestReceived(by: .software),
            let departure = exchange.replySent(by: .software)
        else { return }
        resolution.add(arrival.nanoseconds, departure.nanoseconds)
    }

    /// Adds what remains between the two hosts, if the responder tells no more than its turnaround, or not even that:
    /// then the rest includes it.
    @inline(never)
    private mutating func addForeignStages(of exchange: Exchange, to values: inout FigureValues) {
        guard let turnaround = values[.turnaround] ?? (protocolName.tellsTime ? nil : 0) else { return }
        values[.network] = values[.rtt].map { $0 &- turnaround }
        guard hasStages else { return }
        values[.wire] = exchange.roundTrip(by: .hardware).map { $0 &- turnaround }
        values[.link] = exchange.roundTrip(by: .software).map { $0 &- turnaround }
    }

    /// Records the parts of the round trip, which are disjoint: the link is known in parts if the NICs stamp, and else
    /// contains what a NIC of one host stamps.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func recordTail(_ values: FigureValues) {
        guard hasStages, values[.wire] == nil, values[.link] != nil else {
            attribution?.record(values, without: values[.wire] != nil ? .link : nil)
            return
        }
        var disjoint = values
        for stage in Figure.stagesOfNICs { disjoint[stage] = nil }
        attribution?.record(disjoint)
    }

    /// Begins to tell the replies with a turnaround from those without: all so far had one.
    private mutating func keepRoundTripsWithTurnaround() {
        if roundTripsWithTurnaround == nil { roundTripsWithTurnaround = self[.rtt] ?? Distribution() }
    }

    /// The bias of the replies with a turnaround, if their round trips differ much from all; nil if they do not.
    var turnaroundBias: Bias? {
        // One reply without a turnaround proves nothing; in NTP's interleaved mode, the last always lacks it.
        guard let known = roundTripsWithTurnaround, let all = self[.rtt], all.count > known.count + 1 else {
            return nil
        }
        return Bias(of: known, among: all)
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func chooseClocks(by exchange: Exchange) {
        if roundTripClock == nil { roundTripClock = exchange.bestRoundTripClock }
        if turnaroundClock == nil, exchange.hasFollowUp { chooseTurnaroundClock(by: exchange) }
    }

    @inline(never)
    private mutating func chooseTurnaroundClock(by exchange: Exchange) {
        guard !exchange.isFollowUpIncomplete || counts[.incompleteFollowUps] >= Self.maxLacking else {
            return
        }
        turnaroundClock = exchange.bestTurnaroundClock
    }

    @inline(__always)  // "ping, with follow-ups: user instructions"
    private mutating func note(_ comparison: ClockOffset?) {
        guard let error = comparison?.error else { return }
        comparisonError = max(comparisonError ?? 0, error)
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

extension StampClock {
    /// The same, of a responder that tells no stages of its own.
    fileprivate var stagesOfForeignRoundTrip: [Figure] {
        switch self {
        case .hardware: [.wire, .turnaround]
        case .software: [.link, .requestTxNIC, .wire, .turnaround, .replyRxNIC]
        case .userspace:
            [
                .requestSend, .requestQdisc, .link, .requestTxNIC, .wire, .turnaround, .replyRxNIC,
                .replyWakeup,
            ]
        }
    }
}

extension PingResult: Measurement {
    func value(of figure: Figure, _ statistic: Statistic) -> Int64? { self[figure]?[statistic] }

    func count(of figure: Figure) -> UInt64 { self[figure]?.count ?? 0 }

    func value(of counter: Counter) -> UInt64? {
        if isForeign, counter.isToldByResponder { return nil }
        return switch counter {
        // Answers to requests of which nothing is known are not told from repeated ones.
        case .lostReached:
            counts[.unknown] > 0 ? nil : responder.unanswered.map { min($0, counts[.lost]) }
        case .responderRefused: responder.refused
        case .responderDrops: responder.dropped
        default: counts[counter]
        }
    }
    func absence(of figure: Figure) -> Absence {
        let received = counts[.received]
        guard received > 0 else { return .noReply }
        guard wantedFigures.contains(figure) else {
            return [.requestOneWay, .replyOneWay].contains(figure)
                ? .onlyWithSynchronisedClocks : .onlyWithStages
        }
        let isTold =
            figure == .turnaround ? protocolName.tellsTime : !Figure.stagesOfResponder.contains(figure)
        if isForeign, !isTold { return .notTold(protocolName: protocolName.rawValue) }
        if counts[.clockStepped] >= received { return .clockStepped }
        let needsResponder =
            figure == .network || figure == .turnaround || Figure.stagesOfResponder.contains(figure)
        guard needsResponder else { return .notStamped }
        if counts[.implausible] >= received { return .implausible }
        return counts[.missingFollowUps] >= received ? .noFollowUp : .notStamped
    }

    func absence(of counter: Counter) -> Absence {
        if isForeign { return .notTold(protocolName: protocolName.rawValue) }
        if counter == .lostReached, counts[.unknown] > 0 { return .unknownRequests }
        return .noReply
    }
}
