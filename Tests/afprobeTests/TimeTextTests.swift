import Testing

@testable import afprobe

private func text(_ build: (inout TextBuffer) -> Void) -> String {
    var buffer = TextBuffer()
    build(&buffer)
    return buffer.string
}

@Suite struct TimeTextTests {
    /// Durations as Go's time.Duration prints them.
    @Test(arguments: [
        (0, "0s"), (1, "1ns"), (999, "999ns"), (1_000, "1µs"), (-423_796, "-423.796µs"), (1_100, "1.1µs"),
        (2_200_000, "2.2ms"), (1_000_001, "1.000001ms"), (1_500_000_000, "1.5s"),
        (59_999_999_999, "59.999999999s"),
        (120_000_000_000, "2m0s"), (61_500_000_000, "1m1.5s"), (3_600_000_000_000, "1h0m0s"),
        (3_661_000_000_001, "1h1m1.000000001s"), (Int64.max, "2562047h47m16.854775807s"),
        (Int64.min, "-2562047h47m16.854775808s"),
    ])
    func writesDurations(nanoseconds: Int64, expected: String) {
        #expect(text { $0.append(duration: nanoseconds) } == expected)
    }

    @Test(arguments: [
        (1_652_138_202_507_654_453, "2022-05-09T23:16:42.507654453Z"),
        (1_795_344_335_608_410_790, "2026-11-22T10:45:35.60841079Z"),
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
        (1_709_164_800_000_000_000, "2024-02-29T00:00:00Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00Z"),
        (Int64.max, "2262-04-11T23:47:16.854775807Z"), (Int64.min, "1677-09-21T00:12:43.145224192Z"),
    ])
    func writesTimes(nanoseconds: Int64, expected: String) {
        #expect(text { $0.append(time: nanoseconds) } == expected)
    }

    @Test func dropsTheFractionOfTimesBefore1970Downwards() {
        #expect(text { $0.append(wholeSecondsOf: -1) } == "1969-12-31T23:59:59Z")
    }

    /// Texts that logrus leaves plain, and those that Go's strconv.Quote quotes.
    @Test(arguments: [
        ("veth", "veth"), ("a-b._/@^+Z9", "a-b._/@^+Z9"), ("", ""), ("a b", "\"a b\""), ("a=b", "\"a=b\""),
        ("02:00", "\"02:00\""), ("\"", "\"\\\"\""), ("\\", "\"\\\\\""),
        ("\n\t\u{7}\u{1}\u{7f}", "\"\\n\\t\\a\\x01\\x7f\""),
        ("µs", "\"µs\""), ("\u{a0}", "\"\\u00a0\""), ("\u{e000}", "\"\\ue000\""),
        ("\u{10ffff}", "\"\\U0010ffff\""),
    ])
    func quotesAsLogrus(value: String, expected: String) {
        #expect(text { $0.append(logrusValue: value) } == expected)
    }

    @Test func quotesForJSON() {
        #expect(text { $0.append(jsonString: "a\"b\\c\nµ") } == "\"a\\\"b\\\\c\\u000aµ\"")
    }

    @Test func writesNumbers() {
        #expect(text { $0.append(Int64.min) } == "-9223372036854775808")
        #expect(text { $0.append(UInt64.max) } == "18446744073709551615")
        #expect(text { $0.append(UInt64(0)) } == "0")
        #expect(text { $0.append(UInt64(7), digits: 4) } == "0007")
    }
}
