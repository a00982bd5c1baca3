import Foundation
import Testing

/// Pings of hosts without afprobe, which their kernels answer.
@Suite(.needs("tcpdump", "tshark", "setpriv", "sysctl"))
struct ForeignPingTests {
    @Test(arguments: ["10.77.0.2", "fd77::2"], ["0 2147483647", "1 0"])
    func anyHostAnswersEcho(address: String, groups: String) throws {
        let hosts = try Namespaces()
        // Without ping sockets, CAP_NET_RAW does it.
        try hosts.near.sysctl("net.ipv4.ping_group_range=\(groups)")
        // On a busy machine, the kernel's receive stamps are turned on late.
        let result = try hosts.ping([address, "--breakdown", "--warmup", "2"])
        for reply in result.lines("PING Reply") {
            #expect(reply["peer"] == address && reply["rtt_clock"] == "software", "\(reply)")
            #expect(reply["rtt_ns"] == reply["network_ns"] && reply["turnaround_ns"] == nil, "\(reply)")
            #expect(reply["link_ns"] == reply["rtt_ns"], "\(reply)")
            let parts = ["request_send_ns", "request_qdisc_ns", "link_ns", "reply_wakeup_ns"]
            let sum = parts.compactMap { reply[$0].flatMap { Int($0) } }.reduce(0, +)
            #expect(reply["total_ns"] == "\(sum)", "\(reply)")
        }
        #expect(result.lines("PING Summary").last?["protocol"] == "icmp")
    }

    /// The receive stamp is that of the capture.
    @Test func roundTripsEndWithTheStampsOfACapture() throws {
        let hosts = try Namespaces()
        let capture = try hosts.near.capture(
            "-tt", "--time-stamp-precision=nano", "icmp and dst host 10.77.0.1")
        let result = try hosts.ping(["10.77.0.2", "-v", "--warmup", "2"])
        let captured = try capture.interrupt().lines.filter { $0.contains("echo reply") }.compactMap {
            $0.split(separator: " ").first.map { String($0.replacing(".", with: "")) }
        }
        let told = result.lines("PING Reply").compactMap { $0["reply_received_software_ns"] }
        #expect(told.count == 5 && told == captured.suffix(5))
    }

    @Test func noPrivilegeIsNeeded() throws {
        let hosts = try Namespaces()
        try hosts.near.sysctl("net.ipv4.ping_group_range=0 2147483647")
        let bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        func run(_ arguments: String...) throws -> Program.Result {
            try Program(
                hosts.near.command(
                    bare + [Tool.afprobe, "ping", "-c", "2", "-I", "20ms", "--warmup", "2"] + arguments)
            )
            .finish()
        }
        let allowed = try run("10.77.0.2")
        #expect(allowed.status == 0 && allowed.summary("PING Summary", "received") == 2, "\(allowed)")
        #expect(allowed.lines("PING Reply").allSatisfy { $0["rtt_clock"] == "software" }, "\(allowed)")
        try hosts.near.sysctl("net.ipv4.ping_group_range=1 0")
        let forbidden = try run("10.77.0.2")
        #expect(forbidden.status == 3 && forbidden.errors.contains("ping_group_range"), "\(forbidden)")
        #expect(
            try run("-i", "va", "--protocol", "arp", "10.77.0.2").errors.contains("CAP_NET_RAW is missing"))
        #expect(
            try run("--protocol", "ntp", "10.77.0.2", "--priority", "7").errors.contains(
                "CAP_NET_ADMIN is missing"))
    }

    @Test func routersAreInBetween() throws {
        let hosts = try Namespaces(linkUp: true)
        let middle = "\(hosts.far.namespace)-r"
        try Program.expect(["ip", "netns", "add", middle])
        defer { _ = try? Program.run(["ip", "netns", "delete", middle]) }
        // near - far - middle, where far is the router.
        try Program.expect([
            "ip", "-n", hosts.far.namespace, "link", "add", "vc", "type", "veth", "peer", "name", "vd",
            "netns", middle,
        ])
        for (namespace, name, last) in [(hosts.far.namespace, "vc", 1), (middle, "vd", 2)] {
            try Program.expect(["ip", "-n", namespace, "address", "add", "10.78.0.\(last)/24", "dev", name])
            try Program.expect([
                "ip", "-n", namespace, "address", "add", "fd78::\(last)/64", "dev", name, "nodad",
            ])
            try Program.expect(["ip", "-n", namespace, "link", "set", name, "up"])
        }
        try hosts.far.sysctl("net.ipv4.ip_forward=1")
        try hosts.far.sysctl("net.ipv6.conf.all.forwarding=1")
        for (namespace, network, router) in [
            (hosts.near.namespace, "10.78.0.0/24", "10.77.0.2"), (middle, "10.77.0.0/24", "10.78.0.1"),
            (hosts.near.namespace, "fd78::/64", "fd77::2"), (middle, "fd77::/64", "fd78::1"),
        ] { try Program.expect(["ip", "-n", namespace, "route", "add", network, "via", router]) }
        _ = try hosts.ping(["10.78.0.2"])
        _ = try hosts.ping(["fd78::2", "--dscp", "46", "--ttl", "9"])
        let arp = try hosts.near.afprobe("ping", "--protocol", "arp", "10.78.0.2").finish()
        #expect(arp.status == 3 && arp.errors.contains("behind the router 10.77.0.2"), "\(arp)")
        let short = try hosts.near.afprobe("ping", "10.78.0.2", "--ttl", "1", "-c", "1", "-W", "20s").finish()
        #expect(
            short.status == 1 && short.errors.contains("Requests to 10.78.0.2 cannot be delivered"),
            "\(short)")
        #expect(short.errors.contains("the time to live was used up on the way"), "\(short)")
        // Fragments: the completion has the first one only.
        let long = try hosts.ping(["10.78.0.2", "-s", "4000", "--warmup", "2"])
        #expect(long.lines("PING Reply").allSatisfy { $0["rtt_clock"] == "software" }, "\(long)")
        let elapsed = try #require(short.summary("PING Summary", "elapsed_ns"))
        #expect(elapsed < 20_000_000_000, "it is said at once")
    }

    @Test func aRunOverIPOutlivesTheLink() throws {
        let hosts = try Namespaces()
        let ip = ["ip", "-n", hosts.near.namespace]
        let run = try hosts.near.afprobe("ping", "10.77.0.2", "-I", "20ms", "-W", "0.2")
        try run.waitForOutput(containing: "PING Reply")
        try Program.expect(ip + ["link", "set", "va", "down"])
        try run.waitForErrors(containing: "Requests cannot be sent at the moment")
        let before = run.output.components(separatedBy: "PING Reply").count - 1
        try Program.expect(ip + ["link", "set", "va", "up"])
        try run.waitForOutput(containing: "PING Reply", count: before + 2)
        let result = try run.interrupt()
        #expect(result.status == 0 && result.summary("PING Summary", "failed") ?? 0 > 0, "\(result)")
    }

    /// As in a failover: the address moves to another MAC address.
    @Test func anotherHostMayHaveTheAddress() throws {
        let hosts = try Namespaces()
        let run = try hosts.near.afprobe(
            "ping", "--protocol", "arp", "10.77.0.2", "-I", "20ms", "-W", "0.1")
        try run.waitForOutput(containing: "PING Reply", count: 2)
        try Program.expect([
            "ip", "-n", hosts.far.namespace, "link", "set", "vb", "address", "02:00:00:00:00:07",
        ])
        try run.waitForOutput(containing: "PING Timeout")
        let before = run.output.components(separatedBy: "PING Reply").count - 1
        try run.waitForOutput(containing: "PING Reply", count: before + 2)
        _ = try run.interrupt()
    }

    @Test func anotherWayIsTold() throws {
        let hosts = try Namespaces()
        let ip = ["ip", "-n", hosts.near.namespace]
        try Program.expect(ip + ["route", "add", "10.78.0.0/24", "via", "10.77.0.2"])
        let ping = try hosts.near.afprobe("ping", "10.77.0.2", "-I", "20ms")
        let beyond = try hosts.near.afprobe("ping", "10.78.0.2", "-I", "20ms", "-W", "20ms")
        let arp = try hosts.near.afprobe("ping", "--protocol", "arp", "10.77.0.2", "-I", "20ms", "-W", "20ms")
        for run in [ping, arp] { try run.waitForOutput(containing: "PING Reply") }
        try beyond.waitForOutput(containing: "PING Timeout")
        try Program.expect(
            ip + ["neighbour", "replace", "10.77.0.2", "lladdr", "02:00:00:00:00:09", "dev", "va"])
        try Program.expect(ip + ["route", "replace", "10.78.0.0/24", "via", "10.77.0.8"])
        for run in [ping, beyond, arp] { try run.waitForErrors(containing: "has changed") }
        let told = try ping.interrupt().errors
        #expect(told.contains("The route to 10.77.0.2 has changed"), "\(told)")
        #expect(
            told.contains("va at 02:00:00:00:00:02") && told.contains("va at 02:00:00:00:00:09"), "\(told)")
        #expect(told.contains("requests take it"), "\(told)")
        #expect(try beyond.interrupt().errors.contains("va via 10.77.0.8"))
        #expect(try arp.interrupt().errors.contains("goes on with the old one"))
    }

    @Test func neighboursAnswerARPAndNDP() throws {
        let hosts = try Namespaces()
        let arp = try hosts.ping(["--protocol", "arp", "10.77.0.2"], capturing: "arp")
        #expect(arp.lines("PING Reply").allSatisfy { $0["peer"] == "10.77.0.2" })
        // The kernel joins the group of its address up to a second after it has the address.
        let groups = ["ip", "-n", hosts.far.namespace, "maddress", "show", "dev", "vb"]
        for _ in 0..<500 where !(try Program.run(groups).output.contains("ff02::1:ff00:2")) { usleep(10_000) }
        _ = try hosts.ping(["--protocol", "ndp", "fd77::2"], capturing: "icmp6")
        let named = try hosts.near.afprobe("ping", "--protocol", "arp", "fd77::2").finish()
        #expect(named.status == 2 && named.errors.contains("arp is for IPv4 and ndp for IPv6"), "\(named)")
    }

    /// In a VLAN, the kernel of this host resolves no address, and need not.
    @Test func neighboursOfAVLANAreAsked() throws {
        let hosts = try Namespaces()
        for (name, address, filter, asks) in [
            ("arp", "10.77.0.9", "vlan 5 and arp", "who-has"),
            ("ndp", "fd77::9", "vlan 5 and icmp6", "who has"),
        ] {
            let capture = try hosts.far.capture("-c", "1", filter)
            let result = try hosts.near.afprobe(
                "ping", "--protocol", name, "-i", "va", "--vlan", "5", address, "-c", "1", "-W", "0.1"
            ).finish()
            #expect(result.status == 1 && result.errors.contains("No answer came"), "\(result)")
            #expect(try capture.finish().output.contains(asks))
        }
    }

    @Test func aClosedPortIsToldAtOnce() throws {
        let hosts = try Namespaces()
        let result = try hosts.near.afprobe("ping", "--protocol", "ntp", "10.77.0.2", "-c", "1", "-W", "20s")
            .finish()
        #expect(result.status == 1 && result.errors.contains("Connection refused"), "\(result)")
        #expect(result.errors.contains("no NTP server there listens on UDP port 123"), "\(result)")
        let elapsed = try #require(result.summary("PING Summary", "elapsed_ns"))
        #expect(result.summary("PING Summary", "lost") == 1 && elapsed < 20_000_000_000, "\(result)")
    }

    @Test func afprobesOwnRequestsReachAnAddressOfTheLink() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let result = try hosts.near.afprobe(
            "ping", "--protocol", "afprobe", "10.77.0.2", "-c", "2", "-I", "20ms"
        ).finish()
        #expect(result.status == 0 && result.summary("PING Summary", "received") == 2, "\(result)")
        _ = try listener.interrupt()
    }

    // MARK: Wrong use

    @Test func wrongUseIsTold() throws {
        let hosts = try Namespaces()
        try Program.expect(["ip", "-n", hosts.near.namespace, "link", "set", "lo", "up"])
        let cases: [([String], Int32, String)] = [
            (["10.77.0.2", "--vlan", "5"], 2, "Option --vlan has no meaning with the protocol icmp"),
            (["10.77.0.2", "--pcap", "/dev/null"], 2, "--protocol afprobe|arp|ndp|pdelay|delay"),
            (["-i", "va", hosts.far.address, "--dscp", "1"], 2, "no meaning with the protocol afprobe"),
            (["--protocol", "icmp", hosts.far.address], 2, "is a MAC address"),
            ([hosts.far.address], 2, "Option -i IF is missing"),
            (["10.99.0.1"], 3, "There is no route to 10.99.0.1"),
            (["10.77.0.300"], 2, "a host's name"),
            (["fe80::1"], 2, "name the interface"),
            (["10.77.0.2", "-6"], 2, "is no IPv6 address"),
            (["10.77.0.2%va"], 2, "a link-local address only"),
            (["127.0.0.1", "--hardware", "on"], 3, "hardware"),
            (["--protocol", "delay", "-i", "va", "01:80:c2:00:00:0e"], 2, "is a group address"),
            (["-4", "-i", "va", hosts.far.address], 2, "leave -4 or -6 out"),
            (["--self", "--protocol", "icmp"], 2, "measures afprobe's own protocol"),
            (["10.77.0.2", "--src-addr", "fd77::1"], 2, "of different IP versions"),
            (["10.77.0.2", "--src-addr", "10.9.9.9"], 3, "is the source an address of this host?"),
            (["no-such-host.invalid"], 3, "Cannot find the host no-such-host.invalid"),
            (["--protocol", "arp", "10.77.0.1"], 3, "is an address of this host"),
            (["--protocol", "arp", "10.77.0.9"], 3, "No host of the link va has the address"),
            (["--protocol", "ntp", "9.9.9.9", "-I", "1s"], 3, "There is no route"),
            (["10.77.0.2", "-s", "30"], 2, "the smallest is"),
            (["--protocol", "delay", "-i", "va"], 2, "TARGET is missing"),
            (["--protocol", "pdelay"], 2, "va is the only Ethernet interface that is up"),
            (["--protocol", "pdelay", "-i", "va", "-4"], 2, "Option -4 has no meaning without"),
            (["--protocol", "delay", "-i", "va", "-6", hosts.far.address], 2, "leave -4 or -6 out"),
            (["-i", "va", hosts.far.address, "--dscp", "0"], 2, "Option --dscp has no meaning"),
            (["--protocol", "pdelay", "--vlan", "5", "10.77.0.2"], 2, "give the MAC address"),
            (["--protocol", "afprobe", "--vlan", "5", "10.77.0.2"], 2, "give the MAC address"),
        ]
        for (arguments, status, words) in cases {
            let result = try Program(hosts.near.command([Tool.afprobe, "ping", "-c", "1"] + arguments))
                .finish()
            #expect(result.status == status && result.errors.contains(words), "\(arguments): \(result)")
        }
        // A public server, beyond a router that is not there.
        try Program.expect([
            "ip", "-n", hosts.near.namespace, "route", "add", "default", "via", hosts.far.ipv4,
        ])
        for (options, words) in [
            (["-I", "1s"], "8s is the shortest"), (["-c", "61"], "60 is the maximum"),
            (["--warmup", "1000"], "60 is the maximum"),
            (["-c", "18446744073709551615", "--warmup", "5"], "60 is the maximum"),
        ] {
            let result = try Program(
                hosts.near.command([Tool.afprobe, "ping", "--protocol", "ntp", "9.9.9.9"] + options)
            ).finish()
            #expect(result.status == 2 && result.errors.contains(words), "\(result)")
        }
    }
}
