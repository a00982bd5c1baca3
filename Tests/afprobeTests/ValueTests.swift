import AFPacketKit
import Testing

@testable import afprobe

@Suite struct ValueTests {
    @Test(arguments: [
        ("250ns", 250), ("100us", 100_000), ("100µs", 100_000), ("10ms", 10_000_000),
        ("1.5s", 1_500_000_000), ("2m", 120_000_000_000), ("1h", 3_600_000_000_000), ("1", 1_000_000_000),
        ("0", 0), ("0.2", 200_000_000), (".5", 500_000_000), ("5.", 5_000_000_000),
        ("0.0000000019", 1), ("100\u{3bc}s", 100_000), ("0.0s", 0), ("1.0001us", 1000),
        ("10msec", 10_000_000), ("10 ms", 10_000_000), ("5sec", 5_000_000_000), ("5secs", 5_000_000_000),
        ("2min", 120_000_000_000), ("1m30s", 90_000_000_000), ("1h30m", 5_400_000_000_000),
        ("1h 30m", 5_400_000_000_000), ("100usec", 100_000), ("250nsec", 250), ("10MS", 10_000_000),
        ("1 s", 1_000_000_000),
        ("1.5h0s", 5_400_000_000_000),
    ])
    func readsDurations(text: String, nanoseconds: Int64) throws {
        #expect(try parseDuration(text) == nanoseconds)
    }

    @Test(arguments: [
        "", "-1", "+1", "1x", "1s ", "s", ".", ".s", "1..5", "1.5.2", "1e3", "0x10", "9999999999999h",
        "99999999999999999999", "9223372037", "1_000", "ms10", "inf", "nan", "0.4ns", "1m30", "30s1m", "1s1s",
        "1 ",
        " 1s", "10M", "2562047h 47m 17s", "1h\u{301}",
    ])
    func refusesWhatIsNoDuration(text: String) {
        #expect(throws: ValueError.self) { try parseDuration(text) }
    }

    @Test(arguments: [
        ("1,5s", "1.5s"), ("0,2", "0.2"), ("1e-3", "1ms"), ("1e3", "1000s"), ("2.5e-4s", "250us"),
        ("10M", "10m"),
        ("1,000", nil), ("1,000s", nil), ("fast", nil), ("1e99", nil), ("e", nil), ("0x10", nil), ("-1", nil),
    ])
    func saysWhichDurationWasMeant(text: String, meant: String?) throws {
        #expect(self.meant(text, parseDuration) == meant)
        if let meant { _ = try parseDuration(meant) }
    }

    private func meant<Value>(_ text: String, _ parse: (String) throws(ValueError) -> Value) -> String? {
        do throws(ValueError) {
            _ = try parse(text)
            Issue.record("'\(text)' is accepted")
            return nil
        } catch { return error.meant }
    }

    @Test func wantsSomeDurationsAboveZero() throws {
        #expect(try parsePositiveDuration("1ns") == 1)
        #expect(throws: ValueError.self) { try parsePositiveDuration("0") }
    }

    @Test(arguments: [
        "0", "-1", "", "1.5", "0x5", "18446744073709551616", "٣", "k", ".5k", "1.k", "1.2345k", "1 k", "1_",
        "_1", "1__0",
        "99999999999999999G", "1,000", "1kk",
    ])
    func refusesWhatIsNoCount(text: String) {
        #expect(throws: ValueError.self) { try parseCount(text) }
    }

    @Test func readsCounts() throws {
        #expect(try parseCount("1") == 1)
        #expect(try parseCount("18446744073709551615") == .max)
        for (text, count) in [
            ("100k", 100_000), ("2M", 2_000_000), ("1.5k", 1500), ("1_000", 1000), ("1K", 1000),
        ] {
            #expect(try parseCount(text) == UInt64(count))
        }
    }

    @Test func saysWhichNumberWasMeant() {
        for (text, number) in [
            ("1,000", "1000"), ("1,234,567", "1234567"), ("1e3", "1000"), ("+5", "5"), ("1,5", nil),
            ("1e-3", nil),
            ("-1", nil), ("nan", nil), ("1e300", nil), ("ten", nil),
        ] {
            #expect(meant(text, parseCount) == number)
        }
        #expect(meant("1e9", parsePort) == nil)
        #expect(meant("1,5e", parseRate) == nil)
        #expect(meant("1,000", parseRate) == "1000")
    }

    @Test func readsSizes() throws {
        for text in ["64", "64B", "64 bytes"] { #expect(try parseSize(text) == 64) }
        #expect(meant("1.5k", parseSize) == "1500")
        #expect(meant("1,514", parseSize) == "1514")
        for text in ["", "B", "0", "-1", "70000", "70k", "1 kB", "64 bits"] {
            #expect(meant(text, parseSize) == nil)
        }
    }

    @Test func turnsRatesIntoIntervals() throws {
        #expect(try parseRate("1000") == 1_000_000)
        #expect(try parseRate("0.5") == 2_000_000_000)
        for text in ["10k", "10kpps", "10/s", "10 pps", "1.5M", "10_000pps", "10K/s"] {
            #expect(try parseRate(text) <= 100_000_000)
        }
        #expect(try parseRate("10kpps") == 100_000)
        #expect(try parseRate("10/s") == 100_000_000)
        for text in [
            "0", "2000000000", "-1", "1e3", "inf", "nan", "", ".", "0x10", "pps", "k", "1Gbps", "2G", "_1",
        ] {
            #expect(throws: ValueError.self) { try parseRate(text) }
        }
    }

    @Test(arguments: [
        ("0x88b5", 0x88b5), ("0X88B5", 0x88b5), ("34997", 0x88b5), ("0x600", 0x600),
        ("88b5", 0x88b5), ("88F7", 0x88f7), ("8875", 8875),
    ])
    func readsEtherTypes(text: String, number: UInt16) throws {
        #expect(try parseEtherType(text).rawValue == number)
    }

    @Test(arguments: [
        "", "0x", "0x5ff", "1500", "0x10000", "65536", "88g5", "8b5", "88b51", "0x88g5", "0x+8b5", "ipv4",
        "0x0800",
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

    @Test func saysWhichVLANWasMeant() {
        for (text, vlan) in [
            ("100.5", "100:5"), ("100/5", "100:5"), ("100,5", "100:5"), ("100.8", nil), ("eth0.100", nil),
            ("4095", nil),
        ] {
            #expect(meant(text, parseVLAN) == vlan)
        }
    }

    @Test(arguments: [
        "02:42:ac:c8:01:61", "02-42-AC-C8-01-61", "0242.acc8.0161", "0242acc80161", "2:42:ac:c8:1:61",
        "0242ACC80161", "0242-acc8-0161", "0242ac-c80161",
    ])
    func readsMACAddressesInEverySpelling(text: String) throws {
        #expect(try parseMACAddress(text) == MACAddress(0x0242_acc8_0161))
        #expect(try parseStationAddress(text) == MACAddress(0x0242_acc8_0161))
        #expect(try parsePingTarget(text) == .station(MACAddress(0x0242_acc8_0161)))
    }

    @Test func readsInterfaceNames() throws {
        for (text, name) in [
            ("eth0", "eth0"), ("eth0@if2", "eth0"), ("eth0@if2:", "eth0"), ("eth0:", "eth0"),
            ("eth0:1", "eth0:1"),
            ("br-lan.5", "br-lan.5"), ("@", "@"), ("@x", "@x"), ("lo", "lo"),
        ] {
            #expect(try parseInterfaceName(text) == name)
        }
        for text in ["", ":", "0.2", "10ms", "5", "any", "192.0.2.7", "fe80::1", "02:42:ac:c8:01:61"] {
            #expect(throws: ValueError.self) { try parseInterfaceName(text) }
        }
    }

    @Test(arguments: [
        ("http://host.example/", "host.example"), ("https://host:8443/a?b", "host"),
        ("192.0.2.7:319", "192.0.2.7"),
        ("192.0.2.7/24", "192.0.2.7"), ("[2001:db8::1]:80", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"),
        ("user@host", "host"), ("ssh://user@host:22", "host"), ("host:80", "host"),
        ("192.0.2.7.", "192.0.2.7"),
        ("2001:db8::1/64", "2001:db8::1"), ("host name", nil), ("192.0.2.300", nil), ("http://", nil),
        ("", nil),
        ("02:42:ac", nil), ("-x", nil),
    ])
    func saysWhichHostWasMeant(text: String, host: String?) {
        #expect(meant(text, parsePingTarget) == host)
    }

    @Test func readsNamesWithATrailingDot() throws {
        #expect(try parsePingTarget("host.example.") == .name("host.example."))
    }

    @Test func readsTheKernelsNames() throws {
        let types = nameParser(TransmitType.self, among: [])
        let filters = nameParser(ReceiveFilter.self, among: [])
        #expect(try types("ON") == .on)
        #expect(try types("HWTSTAMP_TX_ONESTEP_SYNC") == TransmitType("onestep-sync"))
        #expect(try filters("HWTSTAMP_FILTER_PTP_V2_L4_EVENT") == ReceiveFilter("ptpv2-l4-event"))
        #expect(try filters("HWTSTAMP_FILTER_ALL") == .everything)
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
        #expect(try parseFormat("JSON") == .json)
        #expect(try choiceParser(ColorMode.self)("Always") == .always)
        #expect(throws: ValueError("one of auto, text, logfmt, json")) { try parseFormat("xml") }
        #expect(throws: ValueError("one of auto, always, never")) {
            try choiceParser(ColorMode.self)("sometimes")
        }
    }
}
