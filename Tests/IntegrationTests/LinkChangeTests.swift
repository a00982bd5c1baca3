import Foundation
import Testing

/// A change of an interface in mid-run is followed, and named.
@Suite(.needs())
struct LinkChangeTests {
    private func set(_ host: Namespaces.Host, _ options: String...) throws {
        try Program.expect(["ip", "-n", host.namespace, "link", "set", host.interface] + options)
    }

    private func pings(_ hosts: Namespaces, _ address: String, _ options: [String] = []) throws -> Int {
        let words = [Tool.afprobe, "ping", "-i", "va", address, "-c", "3", "-I", "5ms", "-W", "100ms"]
        let ping = try Program(hosts.near.command(words + options)).finish()
        return ping.summary("PING Summary", "received") ?? -1
    }

    /// By one thread, through a ring and by several threads.
    @Test(arguments: [[], ["--ring"], ["--fanout", "2"], ["--spin"]])
    func aListenerFollowsItsAddress(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen(options: ["-q"] + options)
        let (old, new) = (hosts.far.address, "02:00:00:00:00:77")
        #expect(try pings(hosts, old) == 3)
        try set(hosts.far, "address", new)
        try listener.waitForErrors(containing: "MAC address of interface vb has changed")
        #expect(try pings(hosts, new) == 3)
        #expect(try pings(hosts, old) == 0)
        let result = try listener.interrupt()
        #expect(result.errors.contains("mac=\"\(new)\" mac_before=\"\(old)\""), "\(result.errors)")
    }

    @Test(arguments: [[], ["--ring"]])
    func aListenerFollowsItsMTU(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen(options: ["-q", "--udp"] + options)
        let udp = ["--udp", "--dst-addr", hosts.far.ipv4]
        #expect(try pings(hosts, hosts.far.address, udp + ["-s", "1514"]) == 3)
        try set(hosts.near, "mtu", "9000")
        try set(hosts.far, "mtu", "9000")
        try listener.waitForErrors(
            containing: "The MTU of interface vb has changed\" mtu=9000 mtu_before=1500")
        #expect(try pings(hosts, hosts.far.address, udp + ["-s", "9014"]) == 3)
        _ = try listener.interrupt()
    }

    @Test func aListenerFollowsItsInternetAddresses() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q", "--udp")
        try Program.expect([
            "ip", "-n", hosts.far.namespace, "address", "add", "10.77.0.9/24", "dev", "vb",
        ])
        #expect(try pings(hosts, hosts.far.address, ["--udp", "--dst-addr", "10.77.0.9"]) == 3)
        _ = try listener.interrupt()
    }

    /// The losses of the carrier that a run has told.
    private func toldLosses(_ errors: String) -> Int {
        errors.components(separatedBy: "has lost its carrier").count - 1
            + errors.matches(of: /lost its carrier (?:once|([0-9]+) times) for a moment/).reduce(0) {
                $0 + ($1.1.flatMap { Int($0) } ?? 1)
            }
    }

    /// The kernel may announce changes once a second only, and nothing else may be blamed for what is lost.
    @Test(arguments: [
        ("send -i va -d 02:00:00:00:00:02 -I 10ms", "TX Recvmsg"), ("listen -i va --stats 10ms", "RX Stats"),
        ("ping -i va 02:00:00:00:00:02 -I 10ms -W 20ms", "PING Timeout"),
    ])
    func aShortLossOfTheCarrierIsNamed(command: String, sign: String) throws {
        let hosts = try Namespaces()
        let run = try Program(
            hosts.near.command([Tool.afprobe] + command.split(separator: " ").map(String.init)))
        try run.waitForOutput(containing: sign)
        for _ in 0..<4 {
            try set(hosts.far, "down")
            usleep(50_000)
            try set(hosts.far, "up")
            usleep(50_000)
        }
        try run.wait("all losses of the carrier") { toldLosses(run.errors) >= 4 }
        let result = try run.interrupt()
        #expect(toldLosses(result.errors) == 4, "\(result)")
        #expect(!result.errors.contains("drops frames"), "\(result)")
    }

    @Test(arguments: [
        ("send -i va -d 02:00:00:00:00:02 -I 10ms", "TX Recvmsg"),
        ("ping -i va 02:00:00:00:00:02 -I 10ms -W 20ms", "PING Timeout"),
        ("listen -i va --stats 10ms", "RX Stats"),
    ])
    func whatHappensToTheInterfaceIsNamed(command: String, sign: String) throws {
        let hosts = try Namespaces()
        let words = command.split(separator: " ").map(String.init)
        let run = try Program(hosts.near.command([Tool.afprobe] + words))
        try run.waitForOutput(containing: sign)
        try set(hosts.far, "down")
        try run.waitForErrors(containing: "Interface va has lost its carrier")
        try set(hosts.far, "up")
        try run.waitForErrors(containing: "Interface va has a carrier again")
        try set(hosts.near, "address", "02:00:00:00:00:55")
        try run.waitForErrors(containing: "MAC address of interface va has changed")
        try set(hosts.near, "down")
        try set(hosts.near, "name", "other")
        try Program.expect(["ip", "-n", hosts.near.namespace, "link", "set", "other", "up"])
        try run.waitForErrors(containing: "Interface va is named other now")
        _ = try run.interrupt()
    }
}
