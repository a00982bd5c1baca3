import Foundation
import Glibc
import Testing

/// Pings of hosts without afprobe: of the kernel, and of programs that nobody here wrote.
@Suite(.needs("tcpdump", "tshark", "setpriv", "ptp4l", "sysctl", "ss"))
struct ForeignPingTests {
    /// A run must have every request answered, and frames of which tshark complains nothing.
    private func ping(
        _ hosts: borrowing Namespaces, _ arguments: [String], capturing filter: String = "not port 9"
    ) throws -> Program.Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString).pcap")
        defer { try? FileManager.default.removeItem(at: file) }
        let capture = try hosts.far.capture("-w", file.path, filter)
        let result = try Program(
            hosts.near.command([Tool.afprobe, "ping", "-c", "5", "-I", "20ms", "-W", "3s"] + arguments)
        ).finish()
        _ = try capture.interrupt()
        #expect(result.status == 0, "\(result)")
        #expect(result.summary("PING Summary", "received") == 5, "\(result)")
        let complaints = try Program.run([
            "tshark", "-r", file.path, "-Y", "_ws.malformed or _ws.expert.severity >= warning",
        ])
        #expect(complaints.output == "", "\(complaints.output)")
        return result
    }

    private func sysctl(_ host: Namespaces.Host, _ setting: String) throws {
        try Program.expect(host.command(["sysctl", "-qw", setting]))
    }

    // MARK: The kernel

    @Test(arguments: ["10.77.0.2", "fd77::2"], ["0 2147483647", "1 0"])
    func anyHostAnswersEcho(address: String, groups: String) throws {
        let hosts = try Namespaces()
        // Without ping sockets, CAP_NET_RAW does it.
        try sysctl(hosts.near, "net.ipv4.ping_group_range=\(groups)")
        // On a busy machine, the kernel's receive stamps are turned on late.
        let result = try ping(hosts, [address, "--breakdown", "--warmup", "2"])
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
        let result = try ping(hosts, ["10.77.0.2", "-v", "--warmup", "2"])
        let captured = try capture.interrupt().lines.filter { $0.contains("echo reply") }.compactMap {
            $0.split(separator: " ").first.map { String($0.replacing(".", with: "")) }
        }
        let told = result.lines("PING Reply").compactMap { $0["reply_received_software_ns"] }
        #expect(told.count == 5 && told == captured.suffix(5))
    }

    @Test func noPrivilegeIsNeeded() throws {
        let hosts = try Namespaces()
        try sysctl(hosts.near, "net.ipv4.ping_group_range=0 2147483647")
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
        try sysctl(hosts.near, "net.ipv4.ping_group_range=1 0")
        let forbidden = try run("10.77.0.2")
        #expect(forbidden.status == 3 && forbidden.errors.contains("ping_group_range"), "\(forbidden)")
        #expect(
            try run("-i", "va", "--protocol", "arp", "10.77.0.2").errors.contains("CAP_NET_RAW is missing"))
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
        try sysctl(hosts.far, "net.ipv4.ip_forward=1")
        try sysctl(hosts.far, "net.ipv6.conf.all.forwarding=1")
        for (namespace, network, router) in [
            (hosts.near.namespace, "10.78.0.0/24", "10.77.0.2"), (middle, "10.77.0.0/24", "10.78.0.1"),
            (hosts.near.namespace, "fd78::/64", "fd77::2"), (middle, "fd77::/64", "fd78::1"),
        ] { try Program.expect(["ip", "-n", namespace, "route", "add", network, "via", router]) }
        _ = try ping(hosts, ["10.78.0.2"])
        _ = try ping(hosts, ["fd78::2", "--dscp", "46", "--ttl", "9"])
        let arp = try hosts.near.afprobe("ping", "--protocol", "arp", "10.78.0.2").finish()
        #expect(arp.status == 3 && arp.errors.contains("behind the router 10.77.0.2"), "\(arp)")
        let short = try hosts.near.afprobe("ping", "10.78.0.2", "--ttl", "1", "-c", "1", "-W", "20s").finish()
        #expect(short.status == 1 && short.errors.contains("Requests to 10.78.0.2 are returned"), "\(short)")
        #expect(short.errors.contains("the time to live was used up on the way"), "\(short)")
        // Fragments: the completion has the first one only.
        let long = try ping(hosts, ["10.78.0.2", "-s", "4000", "--warmup", "2"])
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
        #expect(told.contains("The way to 10.77.0.2 has changed"), "\(told)")
        #expect(
            told.contains("va at 02:00:00:00:00:02") && told.contains("va at 02:00:00:00:00:09"), "\(told)")
        #expect(told.contains("requests take it"), "\(told)")
        #expect(try beyond.interrupt().errors.contains("va via 10.77.0.8"))
        #expect(try arp.interrupt().errors.contains("goes on with the old one"))
    }

    @Test func neighboursAnswerARPAndNDP() throws {
        let hosts = try Namespaces()
        let arp = try ping(hosts, ["--protocol", "arp", "10.77.0.2"], capturing: "arp")
        #expect(arp.lines("PING Reply").allSatisfy { $0["peer"] == "10.77.0.2" })
        // The kernel joins the group of its address up to a second after it has the address.
        let groups = ["ip", "-n", hosts.far.namespace, "maddress", "show", "dev", "vb"]
        for _ in 0..<500 where !(try Program.run(groups).output.contains("ff02::1:ff00:2")) { usleep(10_000) }
        _ = try ping(hosts, ["--protocol", "ndp", "fd77::2"], capturing: "icmp6")
        let named = try hosts.near.afprobe("ping", "--protocol", "arp", "fd77::2").finish()
        #expect(named.status == 2 && named.errors.contains("arp is for IPv4 and ndp for IPv6"), "\(named)")
    }

    @Test func aClosedPortIsToldAtOnce() throws {
        let hosts = try Namespaces()
        let result = try hosts.near.afprobe("ping", "--protocol", "ntp", "10.77.0.2", "-c", "1", "-W", "20s")
            .finish()
        #expect(result.status == 1 && result.errors.contains("Connection refused"), "\(result)")
        #expect(result.errors.contains("no program of it has this port"), "\(result)")
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

    // MARK: linuxptp

    /// Starts ptp4l on the far host, and returns once it listens.
    private func ptp4l(_ hosts: borrowing Namespaces, _ settings: String) throws -> (Program, URL) {
        let file = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString).cfg")
        let socket = file.path + ".socket"
        try """
        [global]
        time_stamping software
        free_running 1
        uds_address \(socket)
        \(settings.contains("UDP") ? "" : "network_transport L2")
        \(settings)

        """.write(to: file, atomically: true, encoding: .utf8)
        let program = try Program(hosts.far.command(["ptp4l", "-f", file.path, "-i", "vb", "-m", "-q"]))
        try program.waitForOutput(containing: "to LISTENING")
        return (program, file)
    }

    @Test(arguments: [
        ("delay_mechanism P2P", ["--protocol", "pdelay", "-i", "va"], "01:80:c2:00:00:0e"),
        (
            "delay_mechanism P2P", ["--protocol", "pdelay", "-i", "va", "02:00:00:00:00:02"],
            "02:00:00:00:00:02"
        ),
        (
            "delay_mechanism Auto\ndomainNumber 7", ["--protocol", "pdelay", "-i", "va", "--domain", "7"],
            "01:80:c2:00:00:0e"
        ),
        (
            "delay_mechanism P2P\ntransportSpecific 1",
            ["--protocol", "pdelay", "-i", "va", "--ptp-profile", "8021as"], "01:80:c2:00:00:0e"
        ),
        (
            "delay_mechanism P2P\nnetwork_transport UDPv4", ["--protocol", "pdelay", "10.77.0.2"], "10.77.0.2"
        ),
        ("delay_mechanism P2P\nnetwork_transport UDPv6", ["--protocol", "pdelay", "fd77::2"], "fd77::2"),
        (
            "hybrid_e2e 1\nnet_sync_monitor 1\nnetwork_transport UDPv4",
            ["--protocol", "delay", "10.77.0.2"],
            "10.77.0.2"
        ),
        (
            "hybrid_e2e 1\nnet_sync_monitor 1", ["--protocol", "delay", "-i", "va", "0200.0000.0002"],
            "02:00:00:00:00:02"
        ),
    ])
    func ptp4lAnswers(settings: String, arguments: [String], peer: String) throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(hosts, settings)
        defer { try? FileManager.default.removeItem(at: file) }
        let result = try ping(hosts, arguments, capturing: "ether proto 0x88f7 or portrange 319-320")
        for reply in result.lines("PING Reply") {
            let values = ["rtt_ns", "network_ns", "turnaround_ns"].compactMap {
                reply[$0].flatMap { Int($0) }
            }
            #expect(reply["peer"] == peer && values.count == 3, "\(reply)")
            guard values.count == 3 else { continue }
            #expect(values[0] == values[1] + values[2] && values[1] > 0 && values[2] > 0, "\(reply)")
        }
        let told = try daemon.interrupt()
        #expect(!told.output.contains("bad message") && !told.output.contains("ignoring"), "\(told)")
    }

    /// What the clock tells is what a capture on its side sees: the arrival exactly, and the departure, which the driver
    /// stamps, after that.
    @Test func ptp4lTellsWhatACaptureOfItsHostSees() throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(hosts, "delay_mechanism P2P")
        defer { try? FileManager.default.removeItem(at: file) }
        let capture = try hosts.far.capture(
            "-tt", "--time-stamp-precision=nano", "-e", "ether proto 0x88f7 and ether[14] & 0xe = 2")
        let result = try ping(hosts, ["--protocol", "pdelay", "-i", "va", "-v"])
        let lines = try capture.interrupt().lines
        _ = try daemon.interrupt()
        // Its own requests go out there, too, which nobody answers.
        func times(from station: String, _ kind: String) -> [Int] {
            lines.filter { $0.contains(" \(station) > ") && $0.contains(kind) }.compactMap {
                $0.split(separator: " ").first.flatMap { Int($0.replacing(".", with: "")) }
            }
        }
        let arrivals = times(from: hosts.near.address, "peer delay req")
        let departures = times(from: hosts.far.address, "peer delay resp")
        func told(_ key: String) -> [Int] {
            result.lines("PING Reply").compactMap { $0[key].flatMap { Int($0) } }
        }
        #expect(arrivals.count == 5 && told("request_received_software_ns") == arrivals, "\(lines)")
        let sent = told("reply_sent_software_ns")
        #expect(sent.count == 5 && departures.count == 5, "\(lines)")
        #expect(zip(sent, departures).allSatisfy { $0 >= $1 }, "\(sent) \(departures)")
    }

    /// ptpd tells whole microseconds. It must not be able to set this machine's clock.
    @Test(.needs("ptpd")) func aCoarseClockIsFoundOut() throws {
        let hosts = try Namespaces()
        let lock = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)").path
        let words = [
            "setpriv", "--bounding-set=-sys_time", try #require(Tool("ptpd").path), "-C", "-i", "vb", "-f",
            "/dev/stdout",
            "--global:lock_file=\(lock)", "--global:statistics_file=/dev/null", "--clock:no_adjust=y",
            "--ptpengine:preset=masteronly", "--ptpengine:delay_mechanism=P2P",
            "--ptpengine:transport=ethernet",
        ]
        let daemon = try Program(hosts.far.command(words))
        try daemon.waitForOutput(containing: "PTP_MASTER")
        let result = try ping(
            hosts, ["--protocol", "pdelay", "-i", "va"],
            capturing: "ether proto 0x88f7 and ether[14] & 0xe = 2")
        let summary = try #require(result.lines("PING Summary").last)
        #expect(
            summary["responder_resolution_ns"] == "1000" && summary["responder_separates"] == "yes",
            "\(summary)")
        _ = try daemon.interrupt()
    }

    @Test func aSilentPTPPortIsExplained() throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(hosts, "delay_mechanism E2E")
        defer { try? FileManager.default.removeItem(at: file) }
        let result = try hosts.near.afprobe(
            "ping", "--protocol", "pdelay", "-i", "va", "-c", "1", "-W", "0.2"
        ).finish()
        #expect(result.status == 1 && result.errors.contains("peer delay mechanism (P2P)"), "\(result)")
        // The daemon takes part in PTP, of which another identity on its host would be a second one.
        let beside = try hosts.far.afprobe("ping", "--protocol", "pdelay", "-i", "vb", "-c", "1").finish()
        #expect(beside.status == 3 && beside.errors.contains("--force"), "\(beside)")
        let forced = try hosts.far.afprobe(
            "ping", "--protocol", "pdelay", "-i", "vb", "-c", "1", "-W", "0.1", "--force"
        ).finish()
        #expect(forced.status == 1, "\(forced)")
        _ = try daemon.interrupt()
    }

    // MARK: chrony

    @Test(.needs("chronyd")) func chronydAnswers() throws {
        let hosts = try Namespaces()
        let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "chrony.conf")
        try "local stratum 8\nallow\ncmdport 0\nbindcmdaddress /\npidfile \(folder.path)/pid\n"
            .write(to: file, atomically: true, encoding: .utf8)
        let daemon = try Program(
            hosts.far.command([
                try #require(Tool("chronyd").path), "-x", "-d", "-U", "-u", "root", "-f", file.path,
            ]))
        try daemon.waitForErrors(containing: "starting")
        try daemon.wait("its port") {
            (try? Program.run(hosts.far.command(["ss", "-Hlun", "sport = :123"])))?.output.isEmpty == false
        }
        let result = try ping(hosts, ["--protocol", "ntp", "10.77.0.2"])
        let summary = try #require(result.lines("PING Summary").last)
        #expect(summary["ntp_stratum"] == "8" && summary["responder_separates"] == "yes", "\(summary)")
        let replies = result.lines("PING Reply")
        #expect(replies.map { $0["probe"] } == ["1", "2", "3", "4", "5"], "\(result)")
        for reply in replies.dropLast() {
            let values = ["rtt_ns", "network_ns", "turnaround_ns"].compactMap {
                reply[$0].flatMap { Int($0) }
            }
            #expect(values.count == 3 && values[0] == values[1] + values[2] && values[2] > 0, "\(reply)")
        }
        #expect(replies.last?["turnaround_ns"] == nil, "the next response would tell it: interleaved mode")
        // Stop-and-wait is basic.
        let basic = try hosts.near.afprobe("ping", "--protocol", "ntp", "10.77.0.2", "-c", "5", "-I", "0")
            .finish()
        #expect(basic.lines("PING Reply").filter { $0["turnaround_ns"] != nil }.count == 5, "\(basic)")
        _ = try daemon.interrupt()
    }

    /// A server that answers a request by a kiss-o'-death with the code RATE, once.
    private func refuse(_ host: Namespaces.Host) {
        Thread {
            try? host.inNamespace {
                let server = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
                defer { close(server) }
                var limit = timeval(tv_sec: 20, tv_usec: 0)
                setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = UInt16(123).bigEndian
                withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                        guard bind(server, $0, length) == 0 else { return }
                        var bytes = [UInt8](repeating: 0, count: 48)
                        guard recvfrom(server, &bytes, 48, 0, $0, &length) == 48 else { return }
                        let origin = bytes[40..<48]
                        bytes = [0xe4, 0] + [UInt8](repeating: 0, count: 10) + Array("RATE".utf8)
                        bytes += [UInt8](repeating: 0, count: 8) + origin + [UInt8](repeating: 1, count: 16)
                        sendto(server, bytes, 48, 0, $0, length)
                    }
                }
            }
        }.start()
    }

    @Test func aKissOfDeathEndsTheRun() throws {
        let hosts = try Namespaces()
        refuse(hosts.far)
        let sockets = hosts.far.command(["ss", "-Hlun", "sport = :123"])
        for _ in 0..<500 where try Program.run(sockets).output.isEmpty { usleep(10_000) }
        let result = try hosts.near.afprobe(
            "ping", "--protocol", "ntp", "10.77.0.2", "-I", "20ms", "-W", "1s"
        ).finish()
        #expect(result.status == 3 && result.errors.contains("refuses requests"), "\(result)")
        #expect(result.errors.contains("kiss-o'-death RATE"), "\(result)")
        #expect(result.summary("PING Summary", "received") == 0, "\(result)")
    }

    // MARK: Wrong use

    @Test func wrongUseIsTold() throws {
        let hosts = try Namespaces()
        try Program.expect(["ip", "-n", hosts.near.namespace, "link", "set", "lo", "up"])
        let cases: [([String], Int32, String)] = [
            (["10.77.0.2", "--vlan", "5"], 2, "Option --vlan has no meaning with the protocol icmp"),
            (["10.77.0.2", "--pcap", "/dev/null"], 2, "it is for afprobe, arp, ndp, pdelay, delay"),
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
