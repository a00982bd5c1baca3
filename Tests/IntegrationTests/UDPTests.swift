import Foundation
import Testing

@Suite(.needs("tcpdump"))
struct UDPTests {
    /// Probes over both IP versions are understood, their checksums are right by tcpdump's judgement, and
    /// nothing is answered by ICMP.
    @Test(arguments: [4, 6])
    func probesAreDatagrams(version: Int) throws {
        let hosts = try Namespaces()
        let address = version == 4 ? hosts.far.ipv4 : hosts.far.ipv6
        let capture = try hosts.far.capture("-vv", "udp or icmp or icmp6[0] == 1")
        let listener = try hosts.far.listen("--udp", "-c", "3")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "3", "-I", "5ms", "--udp", "--dst-addr",
            address
        ).finish()
        let received = try listener.finish()
        #expect(sent.status == 0, "\(sent)")
        #expect(received.lines("RX Recvmsg").map { $0["probe"] } == ["1", "2", "3"], "\(received)")
        try capture.waitForOutput(containing: ".61000:", count: 3)
        let dump = try capture.interrupt().output
        #expect(dump.components(separatedBy: "[udp sum ok]").count == 4, "\(dump)")
        #expect(!dump.lowercased().contains("unreachable"), "\(dump)")
        #expect(!dump.contains("bad cksum"), "\(dump)")
    }

    /// Without a listener the port is unreachable, which shows that the check above can fail.
    @Test func withoutAListenerThePortIsUnreachable() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("icmp")
        _ = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--udp", "--dst-addr", hosts.far.ipv4
        ).finish()
        try capture.waitForOutput(containing: "udp port 61000 unreachable")
    }

    /// The frame that the reference sends: IPv4, ports 60000 and 61000, sixteen bytes, no padding.
    @Test func probesInTheReferencesFormatAreUnderstood() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--udp", "-c", "1")
        try hosts.near.inject([Frames.referenceProbe(number: 33)])
        let received = try listener.finish()
        #expect(received.lines("RX Recvmsg").first?["probe"] == "33", "\(received)")
    }

    /// A probe as the reference takes it: a datagram of UDP from ports 60000–60005 to port 61000 whose payload
    /// begins with magic and number; read here by a program that knows nothing else.
    @Test func ourProbesAreInTheReferencesFormat() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture(
            "-xx", "-c", "1", "dst port 61000 and src portrange 60000-60005 and udp and dst \(hosts.far.ipv4)"
        )
        _ = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--udp", "--dst-addr", hosts.far.ipv4
        ).finish()
        let dump = try capture.finish()
        let bytes = Frames.bytes(ofDump: dump.output)
        #expect(bytes.count >= 58)
        let payload = Array(bytes.dropFirst(42))
        #expect(Array(payload.prefix(8)) == [0x93, 0x72, 0xe7, 0x59, 0xc7, 0xb5, 0xaa, 0x73], "\(dump)")
        #expect(Array(payload.dropFirst(8).prefix(8)) == [1, 0, 0, 0, 0, 0, 0, 0], "\(dump)")
    }

    /// Every guard holds the port by itself: the first may leave.
    @Test func thePortIsGuardedByEachListener() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("icmp")
        let first = try hosts.far.listen("--udp")
        let second = try hosts.far.listen("--udp")
        #expect(!(first.errors + second.errors).contains("level=warning"))
        _ = try first.interrupt()
        _ = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "3", "-I", "1ms", "--udp", "--dst-addr",
            hosts.far.ipv4
        ).finish()
        try second.waitForOutput(containing: "probe=3")
        let received = try second.interrupt()
        #expect(received.summary("RX Summary", "probes") == 3 && received.diagnostics == "", "\(received)")
        #expect(try !capture.interrupt().output.contains("unreachable"))
    }

    @Test func portsCanBeChosen() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--udp", "--dst-port", "7000", "-c", "1")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--udp", "--dst-addr", hosts.far.ipv4,
            "--src-port", "6000", "--dst-port", "7000"
        ).finish()
        #expect(sent.status == 0)
        #expect(try listener.finish().status == 0)
    }

    /// To an address that is not the listener's nobody answers, unless he is told to.
    @Test func onlyItsOwnAddressesAreAnswered() throws {
        let hosts = try Namespaces()
        let ping = [
            Tool.afprobe, "ping", "-i", "va", hosts.far.address, "-c", "3", "-I", "5ms", "-W", "100ms",
            "--udp",
            "--dst-addr", "192.0.2.7",
        ]
        let listener = try hosts.far.listen("--udp")
        let unanswered = try Program(hosts.near.command(ping)).finish()
        #expect(unanswered.status == 1, "\(unanswered)")
        let refused = try listener.interrupt()
        #expect(refused.summary("RX Summary", "replies_refused") == 3, "\(refused)")
        #expect(
            refused.errors.components(separatedBy: "Pings to 192.0.2.7 are not answered").count == 2
                && refused.errors.contains("--address 192.0.2.7"), "\(refused)")
        let willing = try hosts.far.listen("--udp", "--address", "192.0.2.7")
        let answered = try Program(hosts.near.command(ping)).finish()
        #expect(answered.status == 0 && answered.summary("PING Summary", "received") == 3, "\(answered)")
        #expect(try willing.interrupt().summary("RX Summary", "replies_refused") == 0)
    }

    /// With a label, at the other end of a point-to-point link, and by a route without an address.
    @Test(arguments: [
        ("10.77.0.9/24 dev vb label vb:1", "10.77.0.9", ["10.77.0.1"]),
        ("10.88.0.2 peer 10.88.0.1/32 dev vb", "10.88.0.2", ["10.88.0.1", "peer", "10.88.0.2/32"]),
        ("fd88::2/128 dev vb nodad", "fd88::2", ["fd88::1/128", "nodad"]),
    ])
    func addressesOfEveryKindAreAnswered(address: String, target: String, near: [String]) throws {
        let hosts = try Namespaces()
        func ip(_ host: Namespaces.Host, _ words: [String]) throws {
            try Program.expect(["ip", "-n", host.namespace] + words)
        }
        try ip(hosts.far, ["address", "add"] + address.split(separator: " ").map(String.init))
        if near.count > 1 { try ip(hosts.near, ["address", "add"] + near + ["dev", "va"]) }
        if target == "fd88::2" {
            try ip(hosts.far, ["route", "add", "fd88::/64", "dev", "vb"])
            try ip(hosts.near, ["route", "add", "fd88::/64", "dev", "va"])
        }
        let source = near[0].split(separator: "/").first.map(String.init) ?? ""
        let listener = try hosts.far.listen("--udp")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "3", "-I", "5ms", "-W", "100ms", "--udp",
            "--dst-addr",
            target, "--src-addr", source
        ).finish()
        #expect(ping.summary("PING Summary", "received") == 3, "\(ping)")
        #expect(try listener.interrupt().diagnostics == "")
    }

    /// A change while the run begins is not missed.
    @Test func anAddressThatComesAtTheStartIsAnswered() throws {
        let hosts = try Namespaces()
        let listener = try Program(
            hosts.far.command([
                Tool.afprobe, "listen", "-i", "vb", "--udp", "--ring", "--fanout", "8", "--stats", "0.05",
            ]))
        for last in 10..<40 {
            try Program.expect([
                "ip", "-n", hosts.far.namespace, "address", "add", "10.77.0.\(last)/24", "dev", "vb",
            ])
        }
        try listener.waitForOutput(containing: "RX Stats")
        for last in [10, 20, 39] {
            let ping = try hosts.near.afprobe(
                "ping", "-i", "va", hosts.far.address, "-c", "1", "-W", "200ms", "--udp", "--dst-addr",
                "10.77.0.\(last)"
            ).finish()
            #expect(ping.status == 0, "\(ping)")
        }
        _ = try listener.interrupt()
    }

    @Test(arguments: [4, 6])
    func pingsAreAnswered(version: Int) throws {
        let hosts = try Namespaces()
        let capture = try hosts.near.capture("-vv", "udp or icmp or icmp6[0] == 1")
        let listener = try hosts.far.listen("--udp")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "3", "-I", "5ms", "--udp", "--dst-addr",
            version == 4 ? hosts.far.ipv4 : hosts.far.ipv6, "--vlan", "0"
        ).finish()
        #expect(ping.status == 0, "\(ping)")
        #expect(ping.lines("PING Reply").count == 3, "\(ping)")
        #expect(try listener.interrupt().summary("RX Summary", "replies") == 3)
        let dump = try capture.interrupt().output
        #expect(!dump.lowercased().contains("unreachable"), "\(dump)")
        #expect(!dump.contains("bad"), "\(dump)")
    }
}
