import AFPacketKit
import Testing

@testable import afprobe

private func written(_ format: LineFormat, isColored: Bool = false, _ add: (inout Line) -> Void) -> String {
    var line = Line(format: format, isColored: isColored)
    line.begin(.info, "x", time: Timestamp(nanoseconds: 0), sinceStart: 0)
    let start = line.text.count
    add(&line)
    return String(decoding: line.text.bytes[start...], as: UTF8.self).replacing(#","schema":1"#, with: "")
}

@Suite struct FieldsTests {
    @Test func sortsByBytes() {
        var fields = Fields()
        fields.add("sent", .count(.max))
        fields.add("rtt_p99_ns", .integer(-3))
        fields.add("rtt_clock", .text("a b"))
        fields.add("rtt_p99_9_ns", .integer(nil))
        #expect(
            written(.logfmt, fields.write) == #" rtt_clock="a b" rtt_p99_ns=-3 sent=18446744073709551615"#)
        #expect(
            written(.json, fields.write)
                == #","rtt_clock":"a b","rtt_p99_9_ns":null,"rtt_p99_ns":-3,"sent":18446744073709551615"#)
    }

    @Test func listsReasons() {
        for (reasons, logfmt, json) in [
            ([], "", #","why":[]"#), (["a"], " why=a", #","why":["a"]"#),
            (["a", "b c"], #" why="a; b c""#, #","why":["a","b c"]"#),
        ] {
            #expect(written(.logfmt) { $0.field("why", .reasons(reasons)) } == logfmt)
            #expect(written(.json) { $0.field("why", .reasons(reasons)) } == json)
        }
    }

    @Test func writesTheStatisticsOfAFigure() {
        var distribution = Distribution()
        for value: Int64 in [10, 20, 30, 40] { distribution.record(value) }
        var fields = Fields()
        fields.add(.requestTxNIC, distribution)
        #expect(
            written(.logfmt, fields.write)
                == " request_tx_nic_count=4 request_tx_nic_jitter_ns=2 request_tx_nic_max_ns=40 "
                + "request_tx_nic_mean_ns=25 request_tx_nic_min_ns=10 request_tx_nic_negatives=0 "
                + "request_tx_nic_p50_ns=20 request_tx_nic_stddev_ns=11")
    }

    @Test(arguments: [false, true]) func isAbsentWhereNothingWasMeasured(isWanted: Bool) {
        var fields = Fields()
        fields.add(.wire, isWanted ? Distribution() : nil)
        #expect(written(.text, fields.write) == " wire_count=0 wire_negatives=0")
        let json = written(.json, fields.write)
        #expect(
            json.hasPrefix(#","wire_count":0,"wire_jitter_ns":null,"wire_max_ns":null,"wire_mean_ns":null,"#))
        #expect(json.split(separator: ",").count == 13)
    }

    /// As keys that are known beforehand.
    @Test func coloursKeys() {
        let field = written(.text, isColored: true) { $0.field("sent", .count(1)) }
        #expect(field == " \u{1b}[36msent\u{1b}[0m=1")
        #expect(field == written(.text, isColored: true) { $0.integer("sent", UInt64(1)) })
    }

    @Test(
        arguments: [
            (
                "network.p99>50us", .duration(61_234), #" limit="network.p99>50us" value="61.234µs""#,
                #","limit":"network.p99>50us","reason":null,"value_ns":61234"#
            ),
            ("lost>0", .count(3), #" limit="lost>0" value=3"#, #","limit":"lost>0","reason":null,"value":3"#),
            (
                "loss>0.1%", .loss(1, sent: 3), #" limit="loss>0.1%" value="33.333%""#,
                #","limit":"loss>0.1%","reason":null,"value_percent":33.333"#
            ),
            (
                "wire.max>1s", nil, #" limit="wire.max>1s" value=none"#,
                #","limit":"wire.max>1s","reason":null,"value_ns":null"#
            ),
            (
                "loss>1%", nil, #" limit="loss>1%" value=none"#,
                #","limit":"loss>1%","reason":null,"value_percent":null"#
            ),
        ] as [(String, Violation.Value?, String, String)])
    func writesViolations(text: String, value: Violation.Value?, logfmt: String, json: String) throws {
        let violation = Violation(limit: try parseLimits(text)[0], value: value)
        #expect(written(.logfmt, violation.write) == logfmt)
        #expect(written(.json, violation.write) == json)
    }

    /// A percentile that too few values carry; the keys stay in their order.
    @Test func saysWhyThereIsNoValue() throws {
        let violation = Violation(limit: try parseLimits("rtt.p99>1s")[0], value: nil, count: 40)
        #expect(
            written(.logfmt, violation.write)
                == #" limit="rtt.p99>1s" reason="p99 needs 100 values, and there are 40" value=none"#)
        let measured = Violation(limit: violation.limit, value: .duration(2_000_000_000), count: 400)
        #expect(!written(.logfmt, measured.write).contains("reason"))
    }
}
