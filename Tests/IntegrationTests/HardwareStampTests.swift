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

    @Test func bothInterfacesOfTheKernelSayTheSame() throws {
        let hosts = try Namespaces()
        func line(_ path: String) throws -> [String: String] {
            let result = try hosts.near.afprobe("hwstamp", "va", "--via", path).finish()
            var line = try #require(result.lines("Hardware Timestamping").first, "\(result)")
            line["time"] = nil
            return line
        }
        #expect(try line("auto") == line("ioctl"))
        guard kernelHasSettingByNetlink else {
            return try expectRefusalOfOldKernel(hosts.near.afprobe("hwstamp", "va", "--via", "netlink"))
        }
        #expect(try line("netlink") == line("ioctl"))
    }

    @Test func bothInterfacesOfTheKernelRefuseTheSame() throws {
        let hosts = try Namespaces()
        func expectRefusal(_ path: String, by call: String) throws {
            let result = try hosts.near.afprobe("hwstamp-config", "va", "--tx", "on", "--via", path).finish()
            #expect(result.status == 3, "\(result)")
            #expect(result.errors.contains("\(call): Operation not supported"), "\(result)")
            #expect(result.errors.contains("afprobe hwstamp va"), "\(result)")
        }
        try expectRefusal("ioctl", by: "SIOCGHWTSTAMP")
        guard kernelHasSettingByNetlink else {
            return try expectRefusalOfOldKernel(
                hosts.near.afprobe("hwstamp-config", "va", "--via", "netlink"))
        }
        try expectRefusal("netlink", by: "ETHTOOL_MSG_TSCONFIG_GET")
    }

    private var kernelHasSettingByNetlink: Bool {
        ProcessInfo.processInfo.isOperatingSystemAtLeast(
            OperatingSystemVersion(majorVersion: 6, minorVersion: 14, patchVersion: 0))
    }

    private func expectRefusalOfOldKernel(_ program: Program) throws {
        let result = try program.finish()
        #expect(result.status == 3 && result.errors.contains("this needs Linux 6.14"), "\(result)")
    }

    @Test func onlyNetlinkTellsOfProvidersAndVirtualClocks() throws {
        let hosts = try Namespaces()
        func object(_ path: String) throws -> [String: Any] {
            let result = try hosts.near.afprobe("hwstamp", "va", "--format", "json", "--via", path).finish()
            return try #require(
                JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any], "\(result)")
        }
        let (both, ioctl) = (try object("auto"), try object("ioctl"))
        #expect(both["vclocks"] as? [String] == [] && both["providers"] as? [String] == [])
        #expect(ioctl["vclocks"] is NSNull && ioctl["providers"] is NSNull)
        for key in ["bus", "provider", "source", "source_phy", "tx_errors", "tx_lost", "tx_stamped"] {
            #expect(both[key] is NSNull && ioctl[key] is NSNull, "\(key)")
        }
        #expect(ioctl["tai_offset"] is Int)
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
            #expect(result.diagnostics == "", "a NIC without hardware stamps is no reason to complain")
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
