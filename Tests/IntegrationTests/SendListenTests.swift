import Foundation
import Testing

@Suite(.needs("tcpdump"))
struct SendListenTests {
    @Test func everyProbeIsPrintedOnBothSides() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "5")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "5", "-I", "10ms"
        )
        .finish()
        let received = try listener.finish()
        #expect(sent.status == 0, "\(sent)")
        #expect(received.status == 0, "\(received)")
        #expect(sent.errors == "" && received.diagnostics == "")
        #expect(sent.lines("TX Recvmsg").map { $0["probe"] } == ["1", "2", "3", "4", "5"], "\(sent)")
        #expect(received.lines("RX Recvmsg").map { $0["probe"] } == ["1", "2", "3", "4", "5"], "\(received)")
        #expect(sent.summary("TX Summary", "stamped_software") == 5)
        #expect(received.summary("RX Summary", "probes") == 5)
    }

    /// The keys of the reference's lines, in its order, and nothing else.
    @Test func linesHaveExactlyTheKeysOfTheReference() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "1")
        let sent = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "1").finish()
        let received = try listener.finish()
        let stamp = #""\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z""#
        let head = #"time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=info msg="#
        let none = #"hardware="0001-01-01T00:00:00Z" hardware_ns=-6795364578871345152"#
        let transmit = "^" + head + #""TX Recvmsg" \#(none) probe=1 software=\#(stamp) software_ns=\d{19}$"#
        let receive =
            "^" + head + #""RX Recvmsg" delay=("-[\d.]+µs"|-[\d.]+(ns|ms|s)) \#(none) probe=1 "#
            + #"software=\#(stamp) software_ns=\d{19} userspace=\#(stamp) userspace_ns=\d{19}$"#
        let line = try #require(sent.lines.first)
        #expect(line.range(of: transmit, options: .regularExpression) != nil, "\(line)")
        let other = try #require(received.lines.first { $0.contains("RX Recvmsg") })
        #expect(other.range(of: receive, options: .regularExpression) != nil, "\(other)")
    }

    /// The kernel stamps a frame once, so tcpdump on the same interface is an exact witness.
    @Test(arguments: [[], ["--udp"]])
    func softwareStampsAreThoseThatTcpdumpRecords(options: [String]) throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture(
            "-tt", "--time-stamp-precision=nano", "-c", "8", "-Q", "in",
            "ether proto 0x88b5 or udp port 61000")
        let listener = try hosts.far.listen(options: options)
        let addresses = options.isEmpty ? [] : ["--udp", "--dst-addr", hosts.far.ipv4]
        let sent = try Program(
            hosts.near.command(
                [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "8", "-I", "5ms"]
                    + addresses)
        ).finish()
        #expect(sent.status == 0, "\(sent)")
        let captured = try capture.finish()
        let received = try listener.interrupt()
        let witnessed = captured.lines.filter { $0.first?.isNumber ?? false }.compactMap {
            $0.split(separator: " ").first
        }
        .map { String($0.replacing(".", with: "")) }
        let printed = received.lines("RX Recvmsg").compactMap { $0["software_ns"] }
        #expect(printed.count == 8, "\(received)")
        #expect(printed == witnessed, "\(captured)")
    }

    @Test func delayIsSoftwareMinusUserspace() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "3", "--format", "json")
        _ = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "3", "-I", "1ms")
            .finish()
        for line in try listener.finish().lines where line.contains("RX Recvmsg") {
            let object = try #require(
                JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let delay = try #require(object["delay_ns"] as? Int)
            let software = try #require(object["software_ns"] as? Int)
            let userspace = try #require(object["userspace_ns"] as? Int)
            #expect(delay == software - userspace && delay < 0)
            #expect(object["hardware_ns"] is NSNull)
            #expect(object["hardware"] == nil && object["delay"] == nil)
            #expect(object["from"] as? String == hosts.near.address)
            #expect(object["size"] as? Int == 60)
            let keys = line.matches(of: /"([a-z_]+)":/).map { String($0.1) }
            #expect(Array(keys.dropFirst(3)) == keys.dropFirst(3).sorted())
        }
    }

    @Test func framesOnTheWireAreTheReferences() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("-xx", "-c", "1", "ether proto 0x88b5")
        _ = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "1", "-s", "60")
            .finish()
        let dump = try capture.finish()
        #expect(
            dump.output.contains(
                """
                \t0x0000:  0200 0000 0002 0200 0000 0001 88b5 9372
                \t0x0010:  e759 c7b5 aa73 0100 0000 0000 0000
                """), "\(dump)")
    }

    @Test(arguments: [60, 64, 128, 1000, 1514])
    func sizesAreWholeFrames(size: Int) throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("-e", "-c", "1", "ether proto 0x88b5")
        let listener = try hosts.far.listen("-c", "1", "-v")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "-s", "\(size)"
        ).finish()
        #expect(sent.status == 0, "\(sent)")
        #expect(try capture.finish().output.contains("length \(size):"))
        #expect(try listener.finish().lines("RX Recvmsg").first?["size"] == "\(size)")
    }

    @Test func tagsAreSentAndSeen() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("-e", "-c", "1", "vlan")
        let listener = try hosts.far.listen("-c", "1", "-v")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--vlan", "100:5", "-v"
        ).finish()
        let line = try #require(listener.finish().lines("RX Recvmsg").first)
        #expect(line["vlan"] == "100" && line["pcp"] == "5" && line["size"] == "60")
        let transmitted = try #require(sent.lines("TX Recvmsg").first)
        #expect(transmitted["vlan"] == "100" && transmitted["pcp"] == "5")
        let dump = try capture.finish().output
        #expect(dump.contains("vlan 100, p 5") && dump.contains("length 60"), "\(dump)")
    }

    @Test func theListenerTakesOnlyWhatIsMeantForIt() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        for destination in ["02:00:00:00:00:77", "01:00:5e:00:00:01", hosts.far.address, "ff:ff:ff:ff:ff:ff"]
        {
            _ = try hosts.near.afprobe("send", "-i", "va", "-d", destination, "-c", "1").finish()
        }
        _ = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--ethertype", "0x88b6"
        ).finish()
        try listener.waitForOutput(containing: "RX Recvmsg", count: 2)
        let received = try listener.interrupt()
        #expect(received.summary("RX Summary", "probes") == 2, "\(received)")
        #expect(received.summary("RX Summary", "packets") == 2)
    }

    /// tcpdump takes the probes for what they are shaped as, over Ethernet and over UDP.
    @Test(arguments: [[], ["--udp"]])
    func probesCanBeShapedAsPTP(options: [String]) throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("-v", "ether proto 0x88f7 or udp port 319")
        let listener = try hosts.far.listen(options: options + ["--ptp"])
        let addresses = options.isEmpty ? [] : options + ["--dst-addr", hosts.far.ipv4]
        let command = [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--ptp"]
        #expect(try Program(hosts.near.command(command + addresses)).finish().status == 0)
        let ping = try Program(
            hosts.near.command(
                [Tool.afprobe, "ping", "-i", "va", hosts.far.address, "-c", "1", "--ptp"] + addresses)
        ).finish()
        #expect(ping.status == 0, "\(ping)")
        let received = try listener.interrupt()
        #expect(received.summary("RX Summary", "probes") == 2, "\(received)")
        try capture.waitForOutput(containing: "delay req msg", count: 4)
        let dump = try capture.interrupt().output
        #expect(dump.components(separatedBy: "domain : 127").count == 5, "\(dump)")
    }

    @Test func groupsAreJoinedForARun() throws {
        let hosts = try Namespaces()
        let group = "01:80:c2:00:00:0e"
        let listener = try hosts.far.listen("-c", "1", "--group", group)
        let show = ["ip", "-n", hosts.far.namespace, "maddress", "show", "dev", "vb"]
        #expect(try Program.run(show).output.contains(group))
        _ = try hosts.near.afprobe("send", "-i", "va", "-d", group, "-c", "1").finish()
        #expect(try listener.finish().status == 0)
        #expect(try !Program.run(show).output.contains(group))
    }

    @Test func promiscuousModeLastsForARun() throws {
        let hosts = try Namespaces()
        let show = ["ip", "-n", hosts.far.namespace, "-d", "link", "show", "dev", "vb"]
        let listener = try hosts.far.listen("--promiscuous")
        #expect(try Program.run(show).output.contains("promiscuity 1"))
        _ = try listener.interrupt()
        #expect(try Program.run(show).output.contains("promiscuity 0"))
    }

    @Test func anotherEtherTypeIsListenedTo() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "1", "--ethertype", "0x9000")
        _ = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--ethertype", "0x9000"
        ).finish()
        #expect(try listener.finish().status == 0)
    }

    @Test func warmupIsSentAndNotShown() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "5")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "3", "--warmup", "2", "-I", "1ms"
        ).finish()
        #expect(sent.lines("TX Recvmsg").map { $0["probe"] } == ["3", "4", "5"], "\(sent)")
        #expect(sent.summary("TX Summary", "sent") == 3)
        #expect(sent.summary("TX Summary", "warmup") == 2)
        #expect(try listener.finish().summary("RX Summary", "probes") == 5)
    }

    @Test func flatOutEveryStampIsCollected() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "20000", "-I", "0", "-q"
        ).finish()
        #expect(sent.lines("TX Recvmsg").isEmpty)
        #expect(sent.summary("TX Summary", "sent") == 20_000, "\(sent)")
        #expect(sent.summary("TX Summary", "stamped_software") == 20_000, "\(sent)")
    }

    @Test func filterNarrowsWhatIsTaken() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--filter", "ether src \(hosts.near.address) and greater 100")
        for size in ["60", "200"] {
            _ = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "1", "-s", size)
                .finish()
        }
        try listener.waitForOutput(containing: "RX Recvmsg")
        #expect(try listener.interrupt().summary("RX Summary", "packets") == 1)
    }

    @Test func countersAreRunningTotals() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        for _ in 0..<2 {
            _ = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "2", "-I", "0")
                .finish()
        }
        try listener.waitForOutput(containing: "drops=0 packets=4 queue_freezes=0")
        let result = try listener.interrupt()
        let totals = result.lines("RX Stats").compactMap { $0["packets"].flatMap { Int($0) } }
        #expect(totals == totals.sorted() && totals.last == 4)
        #expect(result.lines("RX Recvmsg").isEmpty)
    }
}

extension Namespaces.Host {
    func listen(options: [String]) throws -> Program {
        let listener = try Program(
            command([Tool.afprobe, "listen", "-i", interface, "-w", "30", "--stats", "0.05"] + options))
        try listener.waitForOutput(containing: "RX Stats")
        return listener
    }
}
