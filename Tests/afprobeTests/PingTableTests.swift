import Testing

@testable import afprobe

private func distribution(_ values: Int64...) -> Distribution { distribution(values) }

private func distribution(_ values: [Int64]) -> Distribution {
    var distribution = Distribution()
    for value in values { distribution.record(value) }
    return distribution
}

@Suite struct TextStyleTests {
    @Test(arguments: [
        (0, "0ns"), (7, "7ns"), (999, "999ns"), (1_000, "1.000µs"), (12_345, "12.35µs"), (99_994, "99.99µs"),
        (99_995, "100.0µs"), (123_449, "123.4µs"), (999_949, "999.9µs"), (999_950, "1.000ms"),
        (999_999, "1.000ms"), (9_999_499, "9.999ms"), (9_999_500, "10.00ms"), (1_203_004_000, "1.203s"),
        (999_999_999, "1.000s"), (59_999_000_000_000, "60000s"), (12_344_400_000_000, "12340s"), (-7, "-7ns"),
        (-1_234, "-1.23µs"),
        (-12_345, "-12.3µs"), (-999_499, "-999µs"), (-999_500, "-1.00ms"), (Int64.max, "9223000000s"),
        (Int64.min, "-9220000000s"),
    ])
    func roundsDurations(nanoseconds: Int64, expected: String) {
        #expect(TextStyle().rounded(nanoseconds) == expected)
    }

    @Test func keepsDurationsWithinSevenColumns() {
        for shift in 0..<46 {
            for offset: Int64 in [-1, 0, 1] {
                let value = (1 << Int64(shift)) + offset
                #expect(TextStyle().rounded(value).count <= 7 && TextStyle().rounded(-value).count <= 7)
            }
        }
    }

    @Test func leavesTheMicroToUnicode() {
        #expect(TextStyle(isUnicode: false).rounded(1_500) == "1.500us")
        #expect(TextStyle(isUnicode: false).exact(1_500) == "1.5us")
        #expect(TextStyle().exact(1_500) == "1.5µs")
    }

    @Test(arguments: [
        ("C", false), ("POSIX", false), ("de_DE.ISO-8859-15", false), ("de_DE", false), ("", false),
        ("C.UTF-8", true), ("en_US.utf8", true), ("ca_ES.UTF-8@valencia", true), ("x@.UTF-8", false),
    ])
    func knowsUnicodeByTheLocale(locale: String, isUnicode: Bool) {
        #expect(TextStyle.isUnicode(locale: locale) == isUnicode)
    }
}

@Suite struct PingTableTests {
    private let values: [Figure: Distribution] = [
        .rtt: distribution((1...100).map { 100 * $0 }), .network: distribution(31_000, -250, 33_000),
        .requestQdisc: distribution(350), .wire: distribution(611, 615), .replyRxNIC: Distribution(),
        .requestRxNIC: distribution(2_500_000_000),
    ]

    @Test func showsWhatHasValues() {
        let table = PingTable(style: TextStyle()) { values[$0] }
        #expect(
            table.text == """
                                       n     min    mean     p50     p90     p99   p99.9     max
                                              ms      ms      ms      µs      µs              ms
                rtt                  100     0.0    0.01    0.01   9.007   9.903       –    0.01
                network                3     0.0    0.02    0.03       –       –       –    0.03
                  request_qdisc        1     0.0    0.00    0.00       –       –       –    0.00
                  wire                 2     0.0    0.00    0.00       –       –       –    0.00
                  request_rx_nic       1  2500.0 2500.00 2500.00       –       –       – 2500.00
                rtt spread (p95 - p50) 4.500µs, jitter (RFC 3550) 100ns
                1 of 3 network values are negative

                """)
    }

    /// Whatever they are, the values of a column have one unit and as many decimals.
    @Test func aColumnHasOneUnit() {
        let table = PingTable(style: TextStyle()) { figure in
            [.rtt: distribution(121_600), .network: distribution(450), .turnaround: distribution(121_150)][
                figure]
        }
        #expect(
            table.text == """
                                       n     min    mean     p50     p90     p99   p99.9     max
                                              µs      µs      µs                              µs
                rtt                    1 121.600 121.600 121.600       –       –       – 121.600
                network                1   0.450   0.450   0.450       –       –       –   0.450
                turnaround             1 121.150 121.150 121.150       –       –       – 121.150

                """, "\(table.text)")
    }

    @Test func onlyTheWorstRowIsColoured() {
        var table = PingTable(style: TextStyle(isColored: true), worst: .network) { values[$0] }
        let lines = table.text.split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("\u{1b}[33mnetwork") && $0.hasSuffix("\u{1b}[0m") }.count == 1)
        #expect(lines.filter { $0.contains("\u{1b}[33m") }.count == 1)
        table.worst = nil
        #expect(!table.text.contains("\u{1b}[33m"))
    }

    @Test func fits80Columns() {
        var all: [Figure: Distribution] = [:]
        for figure in Figure.allCases { all[figure] = distribution(-99_949, 99_994_999_999_999) }
        let table = PingTable(style: TextStyle(isUnicode: false)) { all[$0] }
        let lines = table.text.split(separator: "\n")
        #expect(lines.count == 2 + 2 * Figure.allCases.count)
        for line in lines { #expect(line.count <= 80 && line.utf8.allSatisfy { $0 < 0x80 }) }
    }

    @Test func coloursTheHeaderAlone() {
        let lines = PingTable(style: TextStyle(isColored: true)) { values[$0] }.text.split(separator: "\n")
        #expect(lines[0].hasPrefix("\u{1b}[1m ") && lines[0].hasSuffix("\u{1b}[0m"))
        #expect(!lines[1...].joined().contains("\u{1b}"))
    }

    @Test func isEmptyWithoutValues() {
        #expect(PingTable(style: TextStyle()) { $0 == .rtt ? Distribution() : nil }.text.isEmpty)
    }

    @Test func namesTheTailsStagesByTheirShare() {
        let tail = Tail(
            percentile: .p999, count: 12, excess: 1_204_300,
            shares: [
                .init(figure: .network, percent: 3.94), .init(figure: .respond, percent: -0.25),
                .init(figure: .wire, percent: 0.04), .init(figure: .replyWakeup, percent: 88.06),
            ], unattributed: 8.21, missing: [])
        #expect(
            tail.text(TextStyle())
                == "above rtt p99.9, 12 round trips take 1.204ms more than usual:\n"
                + "  reply_wakeup 88.1%, unattributed 8.2%, network 3.9%, respond -0.3%\n")
    }
}
