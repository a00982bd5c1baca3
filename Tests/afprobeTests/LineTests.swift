import AFPacketKit
import Foundation
import Testing

@testable import afprobe

/// Lines against those that the Go reference printed.
@Suite struct LineTests {
    private let software = Timestamp(nanoseconds: 1_795_344_335_608_347_065)
    private let userspace = Timestamp(nanoseconds: 1_795_344_335_608_410_790)

    private func received(_ format: LineFormat, isColored: Bool = false, hardware: Timestamp? = nil) -> String
    {
        var line = Line(format: format, isColored: isColored)
        line.begin(.info, "RX Recvmsg", time: software, sinceStart: 2_999_999_999)
        line.duration("delay", software - userspace)
        line.stamp("hardware", hardware)
        line.integer("probe", UInt64(2))
        line.stamp("software", software)
        line.stamp("userspace", userspace)
        line.end()
        return line.text.string
    }

    @Test func writesLogfmtAsTheReference() {
        #expect(
            received(.logfmt)
                == #"time="2026-11-22T10:45:35Z" level=info msg="RX Recvmsg" delay="-63.725µs" "#
                + #"hardware="0001-01-01T00:00:00Z" hardware_ns=-6795364578871345152 probe=2 "#
                + #"software="2026-11-22T10:45:35.608347065Z" software_ns=1795344335608347065 "#
                + #"userspace="2026-11-22T10:45:35.60841079Z" userspace_ns=1795344335608410790"# + "\n")
    }

    @Test func writesColouredTextAsTheReference() {
        let esc = "\u{1b}"
        let expected =
            "ESC[36mINFOESC[0m[0002] RX Recvmsg                                    "
            + #"ESC[36mdelayESC[0m="-63.725µs" ESC[36mhardwareESC[0m="0001-01-01T00:00:00Z" "#
            + #"ESC[36mhardware_nsESC[0m=-6795364578871345152 ESC[36mprobeESC[0m=2 "#
            + #"ESC[36msoftwareESC[0m="2026-11-22T10:45:35.608347065Z" "#
            + #"ESC[36msoftware_nsESC[0m=1795344335608347065 "#
            + #"ESC[36muserspaceESC[0m="2026-11-22T10:45:35.60841079Z" "#
            + #"ESC[36muserspace_nsESC[0m=1795344335608410790"# + "\n"
        #expect(received(.text, isColored: true) == expected.replacing("ESC", with: esc))
    }

    @Test func writesTextWithoutColoursAlike() {
        let plain = received(.text, isColored: true)
            .replacing("\u{1b}[36m", with: "").replacing("\u{1b}[0m", with: "")
        #expect(received(.text) == plain)
    }

    @Test func writesJSONWithIntegersOnly() throws {
        let text = received(.json)
        #expect(
            text
                == #"{"time":"2026-11-22T10:45:35.608347065Z","level":"info","msg":"RX Recvmsg","delay_ns":-63725,"#
                + #""hardware_ns":null,"probe":2,"schema":1,"software_ns":1795344335608347065,"#
                + #""userspace_ns":1795344335608410790}"# + "\n")
        _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    /// In its place among the keys, wherever that is.
    @Test(arguments: [
        ([], #","schema":1}"#), (["probe"], #","probe":1,"schema":1}"#),
        (["sent"], #","schema":1,"sent":1}"#),
        (["probe", "to"], #","probe":1,"schema":1,"to":1}"#),
        (["scheduled_ns"], #","scheduled_ns":1,"schema":1}"#),
        (["schema_x"], #","schema":1,"schema_x":1}"#),
    ])
    func saysTheVersionOfTheKeys(keys: [String], expected: String) {
        var line = Line(format: .json, isColored: false)
        line.begin(.info, "x", time: Timestamp(nanoseconds: 0), sinceStart: 0)
        for key in keys { line.field(key, .count(1)) }
        line.end()
        #expect(line.text.string.hasSuffix(expected + "\n"), "\(line.text.string)")
    }

    /// logrus quotes what is not made of letters, digits and a few signs, and so the µ alone.
    @Test(arguments: [
        (-500, "delay=-500ns"), (0, "delay=0s"), (-63_397_016, "delay=-63.397016ms"),
        (-423_796, "delay=\"-423.796µs\""), (1_500_000_000, "delay=1.5s"), (120_000_000_000, "delay=2m0s"),
        (999, "delay=999ns"), (1_000, "delay=\"1µs\""), (1_000_000, "delay=1ms"),
    ])
    func quotesDurationsAsLogrus(nanoseconds: Int64, expected: String) {
        var line = Line(format: .logfmt, isColored: false)
        line.begin(.info, "x", time: software, sinceStart: 0)
        line.duration("delay", nanoseconds)
        #expect(line.text.string.hasSuffix("msg=x \(expected)"))
    }

    @Test func writesHardwareStampsWhereThereAreSome() {
        let text = received(.logfmt, hardware: Timestamp(nanoseconds: 1_500_000_000))
        #expect(text.contains(#"hardware="1970-01-01T00:00:01.5Z" hardware_ns=1500000000 "#))
    }

    @Test func namesTheClockOfAStamp() {
        func stamped(_ format: LineFormat, _ stamp: Timestamp?) -> String {
            var line = Line(format: format, isColored: false)
            line.begin(.info, "x", time: software, sinceStart: 0)
            line.stamp("hardware", stamp, clock: "ptp0", namesClock: true)
            return line.text.string
        }
        let stamp = Timestamp(nanoseconds: 5)
        #expect(stamped(.logfmt, stamp).hasSuffix(#"005Z" hardware_clock=ptp0 hardware_ns=5"#))
        #expect(stamped(.json, stamp).hasSuffix(#","hardware_clock":"ptp0","hardware_ns":5"#))
        #expect(stamped(.json, nil).hasSuffix(#","hardware_clock":null,"hardware_ns":null"#))
        #expect(!stamped(.logfmt, nil).contains("clock"))
    }

    @Test func writesListsByFormat() {
        func list(_ format: LineFormat, _ values: [String]) -> String {
            var line = Line(format: format, isColored: false)
            line.begin(.warning, "x", time: software, sinceStart: 0)
            line.list("names", values)
            return line.text.string
        }
        #expect(list(.logfmt, ["a", "b"]).hasSuffix(#"level=warning msg=x names="a,b""#))
        #expect(list(.logfmt, []).hasSuffix("names=none"))
        #expect(list(.json, ["a", "b"]).hasSuffix(#""names":["a","b"]"#))
        #expect(list(.text, ["a"]).hasPrefix("WARN[0000] x "))
    }

    @Test func padsTheMessageTo44Columns() {
        var line = Line(format: .text, isColored: false)
        line.begin(.error, String(repeating: "m", count: 50), time: software, sinceStart: 12_345_000_000_000)
        line.integer("k", UInt64(1))
        #expect(
            line.text.string
                == "ERRO[12345] " + String(repeating: "m", count: 50) + "  k=1")
    }

    // MARK: Short lines

    private func short(_ addFields: (inout Line) -> Void, isColored: Bool = false) -> String {
        var line = Line(format: .text, isColored: isColored)
        line.begin(.info, "PING Reply", time: software, sinceStart: 3_000_000_000, isShort: true)
        addFields(&line)
        line.end()
        return line.text.string
    }

    @Test func aShortLineHasNeitherPaddingNorQuotes() {
        let text = short { line in
            line.integer("probe", UInt64(1000))
            let scale = DurationScale(largest: 134_012, digits: 4)
            line.duration("rtt", 134_012, in: scale)
            line.duration("network", 12_412, in: scale)
            line.duration("turnaround", 121_600, in: scale)
        }
        #expect(
            text == "INFO[0003] PING Reply probe=1000 rtt=134.0µs network=12.4µs turnaround=121.6µs\n")
    }

    /// Columns are characters, and colours take none. What has no room goes, and a shorter key behind it may still fit.
    @Test(arguments: [false, true])
    func aShortLineEndsAtColumn80(isColored: Bool) {
        let scale = DurationScale(largest: 999_900, digits: 4)
        let text = short(
            { line in
                for key in ["a", "b", "c", "d"] as [StaticString] {
                    line.duration(key, 999_900, in: scale, isEmphasised: true)
                }
                line.string("filler", String(repeating: "é", count: 11))
                line.string("long", "xy")
                line.string("e", "")
            }, isColored: isColored)
        let plain = text.replacing("\u{1b}[33m", with: "").replacing("\u{1b}[0m", with: "")
        #expect(
            plain == "INFO[0003] PING Reply a=999.9µs b=999.9µs c=999.9µs d=999.9µs filler=ééééééééééé\n"
                || plain.count == 81, "\(plain)")
        #expect(plain.count <= 81)
        #expect(!plain.contains("long"))
        #expect((text != plain) == isColored)
    }

    @Test func onlyWarningsOfShortLinesAreColoured() {
        #expect(!short({ $0.string("key", "value") }, isColored: true).contains("\u{1b}"))
        var line = Line(format: .text, isColored: true)
        line.begin(.warning, "PING Timeout", time: software, sinceStart: 0, isShort: true)
        line.end()
        #expect(line.text.string == "\u{1b}[33mWARN\u{1b}[0m[0000] PING Timeout\n")
    }
}

@Suite struct DurationScaleTests {
    @Test(arguments: [
        (0, "0ns"), (9_999, "9999ns"), (10_000, "10.00µs"), (99_994, "99.99µs"), (99_995, "100.0µs"),
        (999_949, "999.9µs"), (999_950, "1.000ms"), (9_999_499, "9.999ms"), (9_999_500, "10.00ms"),
        (999_950_000, "1.000s"), (59_999_000_000, "60.00s"), (9_999_000_000_000, "9999s"),
        (Int64.max, "9223372037s"), (-134_012, "-134.0µs"), (Int64.min, "-9223372037s"),
    ])
    func takesAsManyDigitsAsThereAre(nanoseconds: Int64, expected: String) {
        let scale = DurationScale(largest: nanoseconds.magnitude, digits: 4)
        var text = TextBuffer()
        text.append(nanoseconds, in: scale)
        text.append(scale.unit(isUnicode: true))
        #expect(text.string == expected)
    }

    /// The lines of a run keep to the unit of the first, as long as that is readable.
    @Test(arguments: [
        (143_612, "143.6"), (1_556_100, "1556"), (48_520, "48.52"), (8_341, "8.341"), (999, "0.999"),
        (99_999_999, "100000"), (100_000_000, "100.0"), (0, "0.000"), (50, "0.050"),
    ])
    func keepsAGivenUnit(nanoseconds: Int64, expected: String) {
        let scale = DurationScale(largest: nanoseconds.magnitude, digits: 4, exponent: 3)
        var text = TextBuffer()
        text.append(nanoseconds, in: scale)
        #expect(text.string == expected && (scale.exponent == 3 || nanoseconds >= 100_000_000))
    }

    /// A first reply that was slow must not hide the figures of all others.
    @Test func aRunsUnitGivesWayWhereItWouldShowNothing() {
        var unit = RunUnit()
        #expect(unit.scale(for: 1_287_000_000).exponent == 9)
        #expect(unit.scale(for: 45_000) == DurationScale(largest: 45_000, digits: 4))
        #expect(unit.scale(for: 300_000_000).exponent == 9)
        #expect(unit.scale(for: -2_000_000_000).exponent == 9)
    }

    @Test func isSharedBySmallerDurations() {
        let scale = DurationScale(largest: 12_345_678, digits: 6, finest: 3)
        var text = TextBuffer()
        for value: Int64 in [12_345_678, 45, -45, 5] {
            text.append(value, in: scale)
            text.append(" ")
        }
        #expect(
            text.string == "12345.7 0.0 0.0 0.0 "
                && scale == DurationScale(largest: 99_999_900, digits: 6, finest: 3))
    }
}
