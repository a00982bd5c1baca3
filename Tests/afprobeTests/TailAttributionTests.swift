import Testing

@testable import afprobe

private func roundTrip(_ values: [Figure: Int64]) -> FigureValues {
    var trip = FigureValues()
    for (figure, value) in values { trip[figure] = value }
    trip[.rtt] = trip[.rtt] ?? values.values.reduce(0, +)
    return trip
}

private func isNear(_ value: Double?, _ expected: Double, within tolerance: Double) -> Bool {
    value.map { abs($0 - expected) <= tolerance } ?? false
}

extension Tail {
    fileprivate func share(_ figure: Figure) -> Double? { shares.first { $0.figure == figure }?.percent }
}

@Suite struct FigureValuesTests {
    @Test func keepsEachFigureAlone() {
        for figure in Figure.allCases {
            var values = FigureValues()
            values[figure] = -1
            for other in Figure.allCases { #expect(values[other] == (other == figure ? -1 : nil)) }
            values[figure] = nil
            #expect(values[figure] == nil)
        }
    }
}

@Suite struct TailAttributionTests {
    @Test func findsTheStageThatIsSlowInOnePerCent() throws {
        var attribution = TailAttribution(stages: [.network, .turnaround])
        for index in 0..<10_000 {
            attribution.record(
                roundTrip([.network: 20_000, .turnaround: index % 100 == 99 ? 1_030_000 : 30_000]))
        }
        let tail = try #require(attribution.tails(above: [.p99]).first)
        #expect(tail.count == 100)
        #expect(tail.excess == 1_000_000)
        #expect(tail.share(.turnaround) == 100)
        #expect(tail.share(.network) == 0)
        #expect(tail.unattributed == 0)
    }

    /// The p99 lies within the slow ones, whose bucket counts in part.
    @Test func cutsABucketInProportion() throws {
        var attribution = TailAttribution(stages: Figure.stages)
        for index in 0..<1000 {
            attribution.record(
                roundTrip([.requestQdisc: index % 25 == 0 ? 300_000 : 1_000, .wire: 20_000, .respond: 9_000]))
        }
        for percentile in [Percentile.p99, .p999] {
            let tail = try #require(attribution.tails(above: [percentile]).first)
            #expect(tail.count == 1000 - percentile.rank(of: 1000))
            #expect(tail.excess == 299_000)
            #expect(isNear(tail.share(.requestQdisc), 100, within: 1e-6))
            #expect(isNear(tail.unattributed, 0, within: 1e-6))
        }
    }

    /// Whatever the values, the excess is off by at most 1 %.
    @Test func keepsItsBounds() throws {
        var random = Xorshift(seed: 99)
        var attribution = TailAttribution(stages: [.network, .turnaround])
        var trips: [(network: Int64, turnaround: Int64)] = []
        for _ in 0..<20_000 {
            let slow: Int64 = Int64.random(in: 0..<50, using: &random) == 0 ? 40_000 : 0
            let trip = (
                network: Int64.random(in: 10_000..<30_000, using: &random) + slow,
                turnaround: Int64.random(in: 5_000..<15_000, using: &random)
            )
            trips.append(trip)
            attribution.record(roundTrip([.network: trip.network, .turnaround: trip.turnaround]))
        }
        trips.sort { $0.network + $0.turnaround < $1.network + $1.turnaround }
        func means(_ part: ArraySlice<(network: Int64, turnaround: Int64)>) -> (rtt: Double, network: Double)
        {
            let network = part.reduce(0.0) { $0 + Double($1.network) } / Double(part.count)
            let turnaround = part.reduce(0.0) { $0 + Double($1.turnaround) } / Double(part.count)
            return (network + turnaround, network)
        }
        for percentile in [Percentile.p90, .p99, .p999] {
            let tail = try #require(attribution.tails(above: [percentile]).first)
            let cut = Int(percentile.rank(of: 20_000))
            let (slow, usual) = (means(trips[cut...]), means(trips[..<10_000]))
            let excess = slow.rtt - usual.rtt
            #expect(isNear(Double(tail.excess), excess, within: excess / 100))
            let share = 100 * (slow.network - usual.network) / (slow.rtt - usual.rtt)
            #expect(isNear(tail.share(.network), share, within: 1))
            #expect(isNear(tail.unattributed, 0, within: 1e-6))
            #expect(isNear(tail.shares.reduce(0) { $0 + $1.percent }, 100, within: 1e-6))
        }
    }

    /// One that was measured nowhere is not missing: nothing can tell it.
    @Test func leavesWhatCannotBeToldUnattributed() throws {
        var attribution = TailAttribution(stages: [.wire, .respond, .replyWakeup])
        for index in 0..<1000 {
            let isSlow = index % 50 == 0
            var trip = roundTrip([.rtt: isSlow ? 90_000 : 50_000, .wire: isSlow ? 30_000 : 20_000])
            // One of the twenty is missing, which is just few enough.
            if index != 0 { trip[.respond] = isSlow ? 30_000 : 10_000 }
            attribution.record(trip)
        }
        let tail = try #require(attribution.tails(above: [Percentile(thousandths: 98_000)]).first)
        #expect(tail.count == 20 && tail.excess == 40_000 && tail.missing.isEmpty)
        #expect(isNear(tail.share(.wire), 25, within: 1e-9))
        #expect(isNear(tail.share(.respond), 47.5, within: 1e-9))
        #expect(tail.share(.replyWakeup) == nil)
        #expect(isNear(tail.unattributed, 27.5, within: 1e-9))
    }

    @Test func hasNoVerdictWithoutAStageThatIsMissingInTheTail() throws {
        var attribution = TailAttribution(stages: [.wire, .respond, .replyWakeup])
        for index in 0..<1000 {
            let isSlow = index % 100 == 0
            var trip = roundTrip([.rtt: isSlow ? 90_000 : 50_000, .wire: isSlow ? 30_000 : 20_000])
            // Known of all that are usual, and of half that are slow.
            if index % 200 != 0 { trip[.respond] = isSlow ? 30_000 : 10_000 }
            attribution.record(trip)
        }
        let tail = try #require(attribution.tails(above: [.p99]).first)
        #expect(tail.excess == 40_000)
        #expect(tail.shares.isEmpty && tail.unattributed == nil)
        #expect(tail.missing.map(\.figure) == [.respond] && tail.missing.map(\.count) == [5])
        #expect(
            tail.text(TextStyle()) == """
                above rtt p99, 10 round trips take 40.00µs more than usual;
                  in which stage is not known, because these are missing:
                  respond in 5 of 10

                """)
    }

    /// If the NICs stamp most exchanges, the link of the others is known by its parts.
    @Test func aLinkKnownByItsPartsIsNotMissing() throws {
        var attribution = TailAttribution(stages: [.link, .wire, .respond])
        for index in 0..<1000 {
            let isSlow = index % 50 == 0
            let figures: [Figure: Int64] = [.wire: 20_000, .link: 30_000, .respond: isSlow ? 90_000 : 5_000]
            attribution.record(
                roundTrip(figures.merging([.rtt: isSlow ? 120_000 : 35_000]) { $1 }), without: .link)
        }
        attribution.record(roundTrip([.rtt: 35_000, .link: 30_000, .respond: 5_000]))
        let tail = try #require(attribution.tails(above: [.p99]).first)
        #expect(tail.missing.isEmpty && isNear(tail.share(.respond), 100, within: 1e-6))
    }

    /// A tail narrower than any bucket of the round trip itself: 9 ms, give or take 0.28 ms, of which 88 % in one
    /// stage.
    @Test(arguments: [2_000, 100_000, 500_000])
    func isExactWhereTheTailIsNarrow(count: Int) throws {
        var random = Xorshift(seed: 7)
        var attribution = TailAttribution(stages: [.requestWakeup, .replyQdisc, .link])
        var trips: [(qdisc: Int64, wakeup: Int64)] = []
        for _ in 0..<count {
            let slow = Int64.random(in: 0..<100, using: &random) < 2
            let trip = (
                qdisc: 4_000_000 + Int64.random(in: 0..<280_000, using: &random) + (slow ? 440_000 : 0),
                wakeup: Int64.random(in: 50_000..<60_000, using: &random) + (slow ? 60_000 : 0)
            )
            trips.append(trip)
            attribution.record(
                roundTrip([.replyQdisc: trip.qdisc, .requestWakeup: trip.wakeup, .link: 4_900_000]))
        }
        trips.sort { $0.qdisc + $0.wakeup < $1.qdisc + $1.wakeup }
        func means(_ part: ArraySlice<(qdisc: Int64, wakeup: Int64)>) -> (rtt: Double, qdisc: Double) {
            let qdisc = part.reduce(0.0) { $0 + Double($1.qdisc) } / Double(part.count)
            let wakeup = part.reduce(0.0) { $0 + Double($1.wakeup) } / Double(part.count)
            return (qdisc + wakeup, qdisc)
        }
        let tail = try #require(attribution.tails(above: [.p99]).first)
        let (slow, usual) = (
            means(trips[Int(Percentile.p99.rank(of: UInt64(count)))...]), means(trips[..<(count / 2)])
        )
        #expect(isNear(Double(tail.excess), slow.rtt - usual.rtt, within: 0.01 * (slow.rtt - usual.rtt)))
        let share = 100 * (slow.qdisc - usual.qdisc) / (slow.rtt - usual.rtt)
        #expect(isNear(tail.share(.replyQdisc), share, within: 1))
        #expect(isNear(tail.unattributed, 0, within: 0.01))
    }

    @Test func hasNoTailWhereNothingIsAbove() {
        var attribution = TailAttribution(stages: [.network])
        #expect(attribution.tails(above: [.p99]).first == nil)
        for _ in 0..<99 { attribution.record(roundTrip([.network: 5_000])) }
        #expect(attribution.tails(above: [.p99]).first == nil)
        // All alike: a tail without an excess.
        for _ in 0..<901 { attribution.record(roundTrip([.network: 5_000])) }
        #expect(attribution.tails(above: [.p99]).first == nil)
        attribution.record(FigureValues())
        #expect(attribution.count == 1000)
    }

    /// A share of an excess of one nanosecond is more per cent than an integer holds.
    @Test func showsAnyShare() throws {
        var attribution = TailAttribution(stages: [.network, .turnaround])
        for _ in 0..<99 { attribution.record(roundTrip([.rtt: 1, .network: 0, .turnaround: 0])) }
        attribution.record(roundTrip([.rtt: 2, .network: .max, .turnaround: .min]))
        let tail = try #require(attribution.tails(above: [.p99]).first)
        var line = Line(format: .json, isColored: false)
        tail.fields(of: [.network, .turnaround]).write(to: &line)
        let text = line.text.string
        #expect(text.contains(#""network_percent":922337203685477580.7,"#))
        #expect(text.contains(#""turnaround_percent":-922337203685477580.8,"#))
    }

    @Test func takesAnyRoundTrip() throws {
        var attribution = TailAttribution(stages: [.network])
        for shift in 0..<63 {
            let power: Int64 = 1 << shift
            for value in [power, power - 1, -power] {
                attribution.record(roundTrip([.network: value]))
            }
        }
        attribution.record(roundTrip([.network: .max]))
        attribution.record(roundTrip([.network: .min]))
        let tail = try #require(attribution.tails(above: [.p99]).first)
        #expect(tail.count == 1)
        #expect(isNear(tail.share(.network), 100, within: 1e-6))
    }
}
