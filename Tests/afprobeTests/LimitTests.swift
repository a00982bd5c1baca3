import Testing

@testable import afprobe

private struct Run: Measurement {
    var durations: [String: Int64] = ["network.p99": 50_000, "rtt.min": -5, "rtt.p99.9": 1_500_000_000]
    var counts: [Counter: UInt64] = [.sent: 1000, .lost: 1, .missingHardware: 0]

    func value(of figure: Figure, _ statistic: Statistic) -> Int64? {
        durations["\(figure.name).\(statistic.rawValue)"]
    }

    func count(of figure: Figure) -> UInt64 { figure == .wire ? 0 : 40 }

    func value(of counter: Counter) -> UInt64? { counts[counter] }
    func absence(of figure: Figure) -> Absence { .notStamped }
    func absence(of counter: Counter) -> Absence { .noReply }
}

private func expectation(_ text: String) -> String? {
    do throws(ValueError) {
        _ = try parseLimits(text)
        return nil
    } catch {
        return error.expected
    }
}

@Suite struct LimitTests {
    @Test func readsAList() throws {
        let limits = try parseLimits("network.p99>50us, loss >= 0.1%,missing_hardware>0 ,rtt.p99.9<1.5s")
        #expect(
            limits.map(\.text) == ["network.p99>50us", "loss>=0.1%", "missing_hardware>0", "rtt.p99.9<1.5s"])
        #expect(limits.map(\.comparison) == [.greater, .greaterOrEqual, .greater, .less])
        #expect(
            limits.map(\.bound) == [
                .duration(.network, .p99, 50_000), .loss(0.1), .count(.missingHardware, 0),
                .duration(.rtt, .p999, 1_500_000_000),
            ])
    }

    @Test func readsEveryName() throws {
        for figure in Figure.allCases {
            for statistic in Statistic.allCases {
                let limit = try parseLimits("\(figure.name).\(statistic.rawValue)<=1ms")[0]
                #expect(limit.bound == .duration(figure, statistic, 1_000_000))
            }
        }
        for counter in Counter.allCases {
            #expect(try parseLimits("\(counter.name)<7")[0].bound == .count(counter, 7))
        }
    }

    @Test(arguments: [
        ("", "limits like network.p99>50us, loss>0.1% or missing_hardware>0, with > >= < or <="),
        ("loss=1%", "limits like network.p99>50us, loss>0.1% or missing_hardware>0, with > >= < or <="),
        ("lost>1,", "limits like network.p99>50us, loss>0.1% or missing_hardware>0, with > >= < or <="),
        ("loss>0.1", "a percentage in 'loss>0.1', like 0.1%"),
        ("loss>-1%", "a percentage in 'loss>-1%', like 0.1%"),
        ("loss>101%", "a percentage in 'loss>101%', like 0.1%"),
        ("loss>%", "a percentage in 'loss>%', like 0.1%"),
        ("loss>1e1%", "a percentage in 'loss>1e1%', like 0.1%"),
        ("loss>nan%", "a percentage in 'loss>nan%', like 0.1%"),
        ("lost>1.5", "a whole number in 'lost>1.5', like 0"),
        ("lost>5us", "a whole number in 'lost>5us', like 0"),
        ("rtt.p99>50", "a duration with its unit in 'rtt.p99>50', like 250ns, 50us, 1ms or 1.5s"),
        ("rtt.p99>", "a duration with its unit in 'rtt.p99>', like 250ns, 50us, 1ms or 1.5s"),
        ("rtt.p99>>5us", "limits like network.p99>50us, loss>0.1% or missing_hardware>0, with > >= < or <="),
        ("rtt.p99==5us", "limits like network.p99>50us, loss>0.1% or missing_hardware>0, with > >= < or <="),
        ("rtt.p99>5 us s", "a duration with its unit in 'rtt.p99>5 us s', like 250ns, 50us, 1ms or 1.5s"),
        ("rtt.p99>9e9s", "a duration with its unit in 'rtt.p99>9e9s', like 250ns, 50us, 1ms or 1.5s"),
        (
            "rtt>5us",
            "a statistic in 'rtt>5us', like rtt.p99: "
                + "one of min, mean, p50, p90, p95, p99, p99.9, max, stddev, spread, jitter"
        ),
        (
            "network.p98 > 5us",
            "a statistic in 'network.p98>5us', like network.p99: "
                + "one of min, mean, p50, p90, p95, p99, p99.9, max, stddev, spread, jitter"
        ),
        (
            "netwrk.p99>5us",
            "a figure in 'netwrk.p99>5us': one of rtt, network, turnaround, total, request_send, request_qdisc, "
                + "request_tx_nic, request_rx_nic, request_wakeup, respond, reply_send, reply_qdisc, "
                + "reply_tx_nic, reply_rx_nic, reply_wakeup, wire, link, request_one_way, reply_one_way"
        ),
        (
            "missing>0",
            "a name in 'missing>0': a figure's, like network.p99, loss, or one of sent, received, lost, "
                + "lost_reached, unknown, duplicates, late, reordered, failed, in_flight, missing_follow_ups, "
                + "incomplete_follow_ups, implausible, clock_stepped, clock_steps, unmatched, responder_restarts, "
                + "warmup, late_follow_ups, missing_hardware, missing_software, other_version, other_vlan, "
                + "other_protocol, corrupt, drops, responder_duplicates, responder_suppressed, responder_refused, "
                + "responder_drops"
        ),
    ])
    func saysWhatIsRight(text: String, expected: String) { #expect(expectation(text) == expected) }

    @Test func readsOtherNames() throws {
        for (name, statistic) in [
            ("avg", Statistic.mean), ("average", .mean), ("median", .p50), ("p999", .p999), ("p99.9", .p999),
            ("p99_9", .p999), ("mdev", .stddev), ("p95", .p95), ("P99", .p99),
        ] {
            let limit = try parseLimits(" rtt.\(name) > 1 ms ")[0]
            #expect(limit.bound == .duration(.rtt, statistic, 1_000_000))
            #expect(limit.text == "rtt.\(name)>1 ms")
        }
        #expect(try parseLimits("Loss>1%,LOST>1k").map(\.bound) == [.loss(1), .count(.lost, 1000)])
    }

    @Test(arguments: [
        ("loss>1", "loss>1%"), ("rtt>1ms", "rtt.p99>1ms"), ("p99>1ms", "rtt.p99>1ms"),
        ("jitter>5us", "rtt.jitter>5us"),
        ("avg>5us", "rtt.mean>5us"), ("rtt.p99 => 5us", "rtt.p99>=5us"), ("rtt.p99=<5us", "rtt.p99<=5us"),
        ("rtt.p99>50", "rtt.p99>50us"), ("lost>1%", "loss>1%"), ("rtt_p99>5us", "rtt.p99>5us"),
        ("request_tx_nic_p99_9_ns>5us", "request_tx_nic.p99.9>5us"),
        ("loss>0.1%, rtt>1ms ,lost>0", "loss>0.1%,rtt.p99>1ms,lost>0"),
        ("rtt.p99>1,5ms", "rtt.p99>1.5ms"), ("lost>0,loss>0,1%,p99>50", "lost>0,loss>0.1%,rtt.p99>50us"),
        ("p99>1s,rtt.p98>1s", nil), ("p99>x", nil), ("rtt.p99>1ms,5ms", nil), ("rtt>,", nil),
        ("rtt.p99==5us", nil), ("loss=1%", nil), ("", nil), ("rtt.p98>5us", nil), ("loss>101", nil),
        ("rtt.p99>", nil),
        ("x=>5us", nil),
    ])
    func saysWhatWasMeant(text: String, meant: String?) throws {
        do throws(ValueError) {
            _ = try parseLimits(text)
            Issue.record("'\(text)' is accepted")
        } catch { #expect(error.meant == meant) }
    }

    /// Limits and what is nearly one: nothing traps, and what is read reads the same again.
    @Test func survivesAnything() throws {
        let parts = [
            ["rtt.p99", "network", "wire.", ".min", "loss", "lost", "", "\u{301}", "rtt.p99.9.", " late "],
            [">", "<", ">=", " <= ", "=", "=>", "<<", ">,", "\0"],
            [
                "5us", "1.5µs", "7", "0.1%", "%", "-1", ".", "18446744073709551616", "", "é", "5us,",
                "1h\u{301}",
            ],
        ]
        var random = Xorshift(seed: 3)
        var readable = 0
        for _ in 0..<40_000 {
            let text = (0..<Int.random(in: 1...6, using: &random)).map { index in
                parts[index % 3][Int.random(in: 0..<parts[index % 3].count, using: &random)]
            }.joined()
            guard let limits = try? parseLimits(text) else { continue }
            readable += 1
            #expect(try parseLimits(limits.map(\.text).joined(separator: ",")) == limits)
        }
        #expect(readable > 100)
    }

    @Test(
        arguments: [
            ("network.p99>50us", nil), ("network.p99>=50us", Violation.Value.duration(50_000)),
            ("network.p99>49.999us", .duration(50_000)), ("network.p99<50us", nil),
            ("network.p99<=50us", .duration(50_000)), ("rtt.min<0ns", .duration(-5)), ("loss>0.1%", nil),
            ("loss>=0.1%", .loss(1, sent: 1000)), ("loss>0.09%", .loss(1, sent: 1000)),
            ("sent<1001", .count(1000)), ("missing_hardware>0", nil),
        ] as [(String, Violation.Value?)])
    func judges(text: String, value: Violation.Value?) throws {
        let limit = try parseLimits(text)[0]
        let count: UInt64? = limit.isOnDuration ? 40 : nil
        #expect(
            limit.violation(by: Run()) == value.map { Violation(limit: limit, value: $0, count: count) })
    }

    @Test(
        arguments: [
            ("wire.p99>1h", 0, .notStamped), ("wire.p99<1ns", 0, .notStamped), ("rtt.p90>1h", 40, nil),
            ("failed>10", nil, .noReply), ("loss>100%", nil, .nothingSent),
        ] as [(String, UInt64?, Absence?)])
    func isExceededWhereNothingWasMeasured(text: String, count: UInt64?, absence: Absence?) throws {
        let limit = try parseLimits(text)[0]
        let run = Run(counts: [.sent: 0, .lost: 0])
        #expect(
            limit.violation(by: run) == Violation(limit: limit, value: nil, count: count, absence: absence))
    }

    @Test func theLossIsUnknownWithRequestsOfWhichNothingIsKnown() throws {
        let limit = try parseLimits("loss>100%")[0]
        let run = Run(counts: [.sent: 10, .lost: 0, .unknown: 1])
        #expect(limit.violation(by: run) == Violation(limit: limit, value: nil, absence: .unknownRequests))
    }
}
