import AFPacketKit
import Testing

@testable import afprobe

@Suite struct ValueTests {
    @Test(arguments: [
        ("250ns", 250), ("100us", 100_000), ("100µs", 100_000), ("10ms", 10_000_000),
        ("1.5s", 1_500_000_000), ("2m", 120_000_000_000), ("1h", 3_600_000_000_000), ("1", 1_000_000_000),
        ("0", 0), ("0.2", 200_000_000), (".5", 500_000_000), ("5.", 5_000_000_000),
        ("0.0000000019", 1), ("100\u{3bc}s", 100_000), ("0.0s", 0), ("1.0001us", 1000),
    ])
    func readsDurations(text: String, nanoseconds: Int64) throws {
        #expect(try parseDuration(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "-1", "+1", "1x", "1 s", "s", ".", ".s", "1..5", "1.5.2", "1e3", "0x10", "9999999999999h",
        "99999999999999999999", "9223372037", "1_000", "ms10", "inf", "nan", "0.4ns",
    ])
    func refusesWhatIsNoDuration(text: String) {
        #expect(throws: ValueError.self) { try parseDuration(text) }
    }

    @Test func wantsSomeDurationsAboveZero() throws {
        #expect(try parsePositiveDuration("1ns") == 1)
        #expect(throws: ValueError.self) { try parsePositiveDuration("0") }
    }

    @Test(arguments: ["0", "-1", "", "1.5", "1k", "0x5", "18446744073709551616", "٣"])
    func refusesWhatIsNoCount(text: String) {
        #expect(throws: ValueError.self) { try parseCount(text) }
    }

    @Test func readsCounts() throws {
        #expect(try parseCount("1") == 1)
        #expect(try parseCount("18446744073709551615") == .max)
    }

    @Test func turnsRatesIntoIntervals() throws {
        #expect(try parseRate("1000") == 1_000_000)
        #expect(try parseRate("0.5") == 2_000_000_000)
        for text in ["0", "2000000000", "-1", "1e3", "inf", "nan", "", ".", "0x10"] {
            #expect(throws: ValueError.self) { try parseRate(text) }
        }
    }

    @Test(arguments: [("0x88b5", 0x88b5), ("0X88B5", 0x88b5), ("34997", 0x88b5), ("0x600", 0x600)])
    func readsEtherTypes(text: String, number: UInt16) throws {
        #expect(try parseEtherType(text).rawValue == number)
    }

    @Test(arguments: [
        "", "0x", "0x5ff", "1500", "0x10000", "65536", "88b5", "0x88g5", "0x+8b5", "ipv4", "0x0800",
        "0x86dd", "0x8100", "0x88a8",
    ])
    func refusesWhatIsNoEtherTypeForProbes(text: String) {
        #expect(throws: ValueError.self) { try parseEtherType(text) }
    }

    @Test func readsVLANs() throws {
        #expect(try parseVLAN("100:5") == VLANTag(identifier: 100, priority: 5))
        #expect(try parseVLAN("0") == VLANTag(identifier: 0))
    }

    @Test(arguments: ["", ":", "5:", ":5", "4095", "-1", "1:8", "1:2:3", "1:-1", "65536", "x"])
    func refusesWhatIsNoVLAN(text: String) {
        #expect(throws: ValueError.self) { try parseVLAN(text) }
    }

    @Test func wantsAStationToPing() throws {
        #expect(try parseStationAddress("02:00:00:00:00:01") == MACAddress(0x0200_0000_0001))
        for text in ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:00", "x"] {
            #expect(throws: ValueError.self) { try parseStationAddress(text) }
        }
    }

    @Test func readsPorts() throws {
        #expect(try parsePort("65535") == 65_535)
        for text in ["0", "65536", "-1", "http"] { #expect(throws: ValueError.self) { try parsePort(text) } }
    }

    @Test func readsFormatsAndChoices() throws {
        #expect(try parseFormat("auto") == nil)
        #expect(try parseFormat("json") == .json)
        #expect(throws: ValueError("one of auto, text, logfmt, json")) { try parseFormat("xml") }
        #expect(throws: ValueError("one of auto, always, never")) {
            try choiceParser(ColorMode.self)("sometimes")
        }
    }
}
