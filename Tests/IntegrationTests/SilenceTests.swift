import Foundation
import Testing

/// Nobody answers a ping: it says what this host can tell of the reason.
@Suite(.needs("tc"))
struct SilenceTests {
    private func ping(_ hosts: Namespaces, _ options: [String], to target: String? = nil) throws
        -> Program.Result
    {
        let result = try Program(
            hosts.near.command(
                [Tool.afprobe, "ping", target ?? hosts.far.address, "-c", "2", "-I", "5ms", "-W", "100ms"]
                    + options)
        ).finish()
        #expect(result.status == 1, "\(result)")
        return result
    }

    private func ip(_ host: Namespaces.Host, _ words: String...) throws {
        try Program.expect(["ip", "-n", host.namespace] + words)
    }

    @Test func theInterfaceHasNoCarrier() throws {
        let hosts = try Namespaces()
        try ip(hosts.far, "link", "set", "vb", "down")
        let result = try ping(hosts, ["-i", "va"])
        #expect(result.errors.contains("va has no carrier: check the cable"), "\(result)")
        let byIP = try ping(hosts, [], to: "10.77.0.2")
        #expect(byIP.errors.contains("va has no carrier: check the cable"), "\(byIP)")
    }

    @Test func theCarrierComesTooLate() throws {
        let hosts = try Namespaces()
        try ip(hosts.far, "link", "set", "vb", "down")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-I", "5ms", "-W", "10ms", "-w", "30")
        try ping.waitForErrors(containing: "has no carrier")
        try ip(hosts.far, "link", "set", "vb", "up")
        try ping.waitForErrors(containing: "has a carrier again")
        try ping.waitForOutput(containing: "PING Timeout")
        let result = try ping.interrupt()
        #expect(result.errors.contains("va had no carrier when the run began"), "\(result)")
    }

    @Test(arguments: [
        (["--udp", "--dst-addr", "10.77.0.2"], "UDP port 61000", "afprobe listen -i IF --udp"),
        (["--udp", "--dst-addr", "fd77::2"], "UDP port 61000", "afprobe listen -i IF --udp"),
        (
            ["--udp", "--dst-addr", "10.77.0.2", "--dst-port", "7000"], "UDP port 7000",
            "afprobe listen -i IF --udp --dst-port 7000"
        ),
        (["--udp", "--dst-addr", "10.77.0.2", "--ptp"], "UDP port 319", "afprobe listen -i IF --udp --ptp"),
    ])
    func nobodyTakesThePort(options: [String], port: String, listener: String) throws {
        let hosts = try Namespaces()
        let result = try ping(hosts, ["-i", "va"] + options)
        #expect(
            result.errors.contains("the host answers that nobody takes \(port) there; start: \(listener)\""),
            "\(result)")
    }

    @Test(arguments: ["10.77.0.2", "fd77::2"])
    func noPTPProgramTakesThePort(target: String) throws {
        let result = try ping(try Namespaces(), ["--protocol", "delay"], to: target)
        #expect(result.errors.contains("no PTP program there listens on UDP port 319"), "\(result)")
    }

    @Test func theRouterForbidsIt() throws {
        let hosts = try Namespaces()
        try Program.expect(hosts.far.command(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"]))
        try ip(hosts.far, "route", "add", "prohibit", "192.0.2.7")
        let result = try ping(hosts, ["-i", "va", "--udp", "--dst-addr", "192.0.2.7"])
        #expect(result.errors.contains("a router or the host forbids it"), "\(result)")
    }

    /// Datagrams to an address that is not the peer's are no answer of the peer.
    @Test func theAddressIsAnotherHosts() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--udp")
        let result = try ping(hosts, ["-i", "va", "--udp", "--dst-addr", "192.0.2.7"])
        #expect(result.summary("PING Summary", "received") == 0, "\(result)")
        #expect(result.summary("PING Summary", "lost") == 2, "\(result)")
        #expect(result.errors.contains("Is 192.0.2.7 an address of its interface?"), "\(result)")
        _ = try listener.interrupt()
    }

    @Test(arguments: [
        ([], "afprobe listen -i IF?"), (["--ptp"], "afprobe listen -i IF --ptp?"),
        (["--ethertype", "0x88b6"], "afprobe listen -i IF --ethertype 0x88b6?"),
    ])
    func theOtherSidesOptionsAreNamed(options: [String], listener: String) throws {
        let result = try ping(try Namespaces(), ["-i", "va"] + options)
        #expect(result.errors.contains("does that host run: \(listener) "), "\(result)")
    }

    @Test func noHostOfTheLinkHasTheAddress() throws {
        let hosts = try Namespaces()
        let result = try ping(hosts, [], to: "10.77.0.99")
        #expect(result.errors.contains("no host of the link va answers for 10.77.0.99"), "\(result)")
        // That host is known, and drops the requests.
        try Program.expect(
            hosts.far.command(["sh", "-c", "echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all"]))
        let known = try ping(hosts, [], to: "10.77.0.2")
        #expect(known.errors.contains("drop ICMP echo"), "\(known)")
    }

    @Test func theOptionLeadsElsewhere() throws {
        let hosts = try Namespaces()
        try ip(hosts.near, "link", "set", "lo", "up")
        let result = try ping(hosts, ["-i", "lo"], to: "10.77.0.2")
        #expect(result.errors.contains("the route to 10.77.0.2 is by va, not lo"), "\(result)")
    }

    /// The send call succeeds, and the frame is gone.
    @Test func thisHostDropsTheRequests() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        try Program.expect(
            hosts.near.command(["tc", "qdisc", "replace", "dev", "va", "root", "blackhole"]))
        let result = try ping(hosts, ["-i", "va"])
        #expect(result.errors.contains("no request left this host"), "\(result)")
        _ = try listener.interrupt()
    }
}
