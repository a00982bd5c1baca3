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
