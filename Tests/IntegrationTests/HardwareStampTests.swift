import Foundation
import Testing

@Suite(.needs("ethtool"))
struct HardwareStampTests {
    @Test func capabilitiesAreThoseThatEthtoolShows() throws {
        let hosts = try Namespaces()
        let shown = try hosts.near.afprobe("hwstamp", "va").finish()
        let line = try #require(shown.lines("Hardware Timestamping").first)
        let witness = try Program(hosts.near.command(["ethtool", "-T", "va"])).finish().output
        let names = witness.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { $0.hasPrefix("software-") || $0.hasPrefix("hardware-") }
        #expect(line["capabilities"]?.split(separator: ",").map(String.init) == names, "\(witness)")
        #expect(witness.contains("PTP Hardware Clock: none") && line["phc"] == "none")
        #expect(line["driver"] == "veth" && line["interface"] == "va")
        for key in ["tx_types", "rx_filters", "tx_type", "rx_filter"] { #expect(line[key] == "none") }
        #expect(shown.status == 0)
    }

    @Test func everyEthernetInterfaceIsShown() throws {
        let hosts = try Namespaces()
        try Program.expect(["ip", "-n", hosts.near.namespace, "link", "add", "second", "type", "veth"])
        let lines = try hosts.near.afprobe("hwstamp").finish().lines("Hardware Timestamping")
        #expect(Set(lines.compactMap { $0["interface"] }) == ["va", "second", "veth0"])
    }

    @Test func runsSayWhyStampsAreMissing() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "2")
        let sent = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "2", "-I", "1ms")
            .finish()
        let received = try listener.finish()
        for (result, summary) in [(sent, "TX Summary"), (received, "RX Summary")] {
            #expect(result.summary(summary, "missing_hardware") == 2, "\(result)")
            #expect(
                result.lines(summary).last?["missing_hardware_reason"] == "not supported by the driver veth",
                "\(result)")
            #expect(result.summary(summary, "missing_software") == 0)
            #expect(result.errors == "", "a NIC without hardware stamps is no reason to complain")
        }
    }

    @Test func jsonSaysNullWhereThereIsNone() throws {
        let hosts = try Namespaces()
        let result = try hosts.near.afprobe("hwstamp", "va", "--format", "json").finish()
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(object["phc"] is NSNull && object["tx_type"] is NSNull)
        #expect(object["rx_filters"] as? [String] == [])
        #expect((object["capabilities"] as? [String])?.contains("software-transmit") ?? false)
    }

    @Test func theCapabilitiesNeedNoPrivilege() throws {
        let hosts = try Namespaces()
        let result = try Program(
            hosts.near.command([
                "setpriv", "--bounding-set=-all", "--inh-caps=-all", Tool.afprobe, "hwstamp", "va",
            ])
        ).finish()
        #expect(result.status == 0, "\(result)")
    }
}
