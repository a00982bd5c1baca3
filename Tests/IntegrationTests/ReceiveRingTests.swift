import AFPacketKit
import Foundation
import Glibc
import Testing

/// `listen --ring` does what `listen` does.
@Suite(.needs("tcpdump"))
struct ReceiveRingTests {
    /// A frame that is stamped once has the same stamp for tcpdump, for a socket's queue and for a ring.
    @Test(arguments: [[], ["--udp"], ["--ptp"]])
    func stampsAreThoseOfOtherSocketsAndOfTcpdump(options: [String]) throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture(
            "-tt", "--time-stamp-precision=nano", "-c", "20", "-Q", "in",
            "ether proto 0x88b5 or ether proto 0x88f7 or udp port 61000")
        let queue = try hosts.far.listen(options: options + ["-c", "20"])
        let ring = try hosts.far.listen(options: options + ["-c", "20", "--ring"])
        let addresses = options == ["--udp"] ? ["--dst-addr", hosts.far.ipv4] : []
        let sent = try Program(
            hosts.near.command(
                [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "20", "-I", "1ms"]
                    + options + addresses)
        ).finish()
        #expect(sent.status == 0, "\(sent)")
        let witnessed = try capture.finish().lines.filter { $0.first?.isNumber ?? false }
            .compactMap { $0.split(separator: " ").first.map { String($0.replacing(".", with: "")) } }
        let (received, throughRing) = (try queue.finish(), try ring.finish())
        for result in [received, throughRing] {
            let lines = result.lines("RX Recvmsg")
            #expect(lines.map { $0["software_ns"] } == witnessed, "\(result)")
            #expect(lines.map { $0["probe"] } == (1...20).map { "\($0)" })
        }
        #expect(throughRing.summary("RX Summary", "stamped_software") == 20)
    }

    /// But for the moment when it was received.
    @Test func linesSayTheSame() throws {
        let hosts = try Namespaces()
        let queue = try hosts.far.listen("-c", "2", "-v")
        let ring = try hosts.far.listen("-c", "2", "-v", "--ring")
        for tag in ["100:5", "0:3"] {
            _ = try hosts.near.afprobe(
                "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--vlan", tag, "-s", "777"
            ).finish()
        }
        let lines = [try queue.finish(), try ring.finish()].map { result in
            result.lines("RX Recvmsg").map { line in
                line.filter { !["time", "delay", "userspace", "userspace_ns"].contains($0.key) }
            }
        }
        #expect(lines[0] == lines[1])
        #expect(lines[1].map { $0["vlan"] } == ["100", "0"])
        #expect(lines[1].map { $0["pcp"] } == ["5", "3"])
        #expect(lines[1].map { $0["size"] } == ["777", "777"])
    }

    /// Frames come one by one or many at once, with and without lines; each way of receiving counts them all.
    @Test(arguments: [[], ["--spin"], ["--ring"], ["--ring", "--spin"], ["--fanout", "2", "--spin"]])
    func noFrameIsPassedOver(options: [String]) throws {
        let hosts = try Namespaces()
        for quiet in [[], ["-q"]] {
            for pace in [["-I", "0"], ["-I", "300us"]] {
                // The deadline is for what was passed over.
                let counted = ["--no-reply", "-c", "300", "-w", "20"]
                let listener = try hosts.far.listen(options: options + quiet + counted)
                let sending = [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "300", "-q"]
                let sent = try Program(hosts.near.command(sending + pace)).finish()
                #expect(sent.summary("TX Summary", "sent") == 300, "\(sent)")
                let result = try listener.finish()
                #expect(result.summary("RX Summary", "probes") == 300, "\(result)")
                #expect(result.summary("RX Summary", "stamped_software") == 300)
                if quiet.isEmpty { #expect(result.lines("RX Recvmsg").count == 300) }
            }
        }
    }

    @Test func faultsHaveTheirCounters() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--ring", "--udp")
        var damaged = Frames.referenceProbe(number: 1)
        damaged[50] ^= 1
        var cut = Frames.referenceProbe(number: 2)
        cut.removeLast(4)
        try hosts.near.inject([damaged, cut, Frames.referenceProbe(number: 3)])
        try listener.waitForOutput(containing: "probe=3")
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "corrupt") == 1, "\(result)")
        #expect(result.summary("RX Summary", "truncated") == 1)
        #expect(result.summary("RX Summary", "packets") == 3)
    }

    @Test func theLongestFramesComeWhole() throws {
        let hosts = try Namespaces()
        for host in [hosts.near, hosts.far] {
            try Program.expect(["ip", "-n", host.namespace, "link", "set", host.interface, "mtu", "65535"])
        }
        let listener = try hosts.far.listen("-c", "5", "-v", "--ring")
        _ = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "5", "-s", "65549", "-I", "0"
        ).finish()
        let sizes = try listener.finish().lines("RX Recvmsg").map { $0["size"] }
        #expect(sizes == Array(repeating: "65549", count: 5))
    }

    @Test func pingsAreAnswered() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--ring", "-q")
        let pinged = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-c", "5", "-I", "1ms")
            .finish()
        #expect(pinged.summary("PING Summary", "received") == 5, "\(pinged)")
        #expect(try listener.interrupt().summary("RX Summary", "replies") == 5)
    }

    // MARK: Load

    /// More frames than the queue of a socket has room for come while both are stopped.
    @Test func aRingHoldsWhatAQueueDrops() throws {
        let hosts = try Namespaces()
        let queue = try hosts.far.listen("-q", "--no-reply")
        let ring = try hosts.far.listen("-q", "--no-reply", "--ring", "-c", "200000")
        for listener in [queue, ring] { listener.send(signal: SIGSTOP) }
        func send(_ count: String) throws {
            let sent = try hosts.near.afprobe(
                "send", "-i", "va", "-d", hosts.far.address, "-c", count, "-I", "0", "-q"
            ).finish()
            #expect(sent.status == 0, "\(sent)")
        }
        try send("40000")
        for listener in [queue, ring] { listener.send(signal: SIGCONT) }
        try send("160000")
        let (holding, dropping) = (try ring.finish(), try queue.interrupt())
        #expect(holding.summary("RX Summary", "drops") == 0, "\(holding)")
        #expect(holding.summary("RX Summary", "queue_freezes") == 0)
        #expect(holding.summary("RX Summary", "probes") == 200_000)
        #expect(try #require(dropping.summary("RX Summary", "drops")) > 10_000, "\(dropping)")
    }

    /// 128 MiB come while it is stopped, which its 64 have no room for.
    @Test func aFullRingIsTold() throws {
        let hosts = try Namespaces()
        for host in [hosts.near, hosts.far] {
            try Program.expect(["ip", "-n", host.namespace, "link", "set", host.interface, "mtu", "65535"])
        }
        let listener = try hosts.far.listen("--ring", "-v", "--no-reply")
        listener.send(signal: SIGSTOP)
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "2048", "-I", "0", "-q", "-s", "65535"
        ).finish()
        #expect(sent.summary("TX Summary", "sent") == 2048, "\(sent)")
        listener.send(signal: SIGCONT)
        // It has room again, and goes on.
        try listener.waitForOutput(containing: "RX Recvmsg", count: 300)
        _ = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "1", "-q").finish()
        try listener.waitForOutput(containing: " size=60 ")
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "packets") == 2049, "\(result.lines.suffix(2))")
        let drops = try #require(result.summary("RX Summary", "drops"))
        #expect(drops > 900 && drops < 2048)
        #expect(result.summary("RX Summary", "probes") == 2049 - drops)
        #expect(try #require(result.summary("RX Summary", "queue_freezes")) > 0)
    }

    // MARK: The interface, and the end

    @Test(arguments: [["--ring"], ["--ring", "--fanout", "2"], ["--fanout", "2"]])
    func anInterfaceThatGoesDownIsWaitedFor(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen(options: options)
        let ip = ["ip", "-n", hosts.far.namespace, "link", "set", "vb"]
        try Program.expect(ip + ["down"])
        try listener.waitForErrors(containing: "Interface vb went down; waiting until it is up")
        try Program.expect(ip + ["up"])
        _ = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "3", "-I", "1ms")
            .finish()
        try listener.waitForOutput(containing: "RX Recvmsg", count: 3)
        try listener.waitForErrors(containing: "Interface vb is up again")
        let result = try listener.interrupt()
        #expect(result.status == 0, "\(result)")
        #expect(result.errors.components(separatedBy: "went down").count == 2, "\(result)")
    }

    @Test(arguments: [["--ring"], ["--ring", "--fanout", "2"], ["--fanout", "2"]])
    func anInterfaceThatGoesAwayEndsTheRun(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen(options: options)
        try Program.expect(["ip", "-n", hosts.far.namespace, "link", "delete", "vb"])
        let result = try listener.finish()
        #expect(result.status == 3 && result.errors.contains("has gone"), "\(result)")
        #expect(result.output.contains("RX Summary"), "\(result)")
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalEndsAnIdleRun(signal: Int32) throws {
        let hosts = try Namespaces()
        for options in [["--ring"], ["--ring", "--fanout", "8"], ["--fanout", "8"]] {
            let listener = try hosts.far.listen(options: options)
            listener.send(signal: SIGQUIT)
            try listener.waitForErrors(containing: "RX Status")
            listener.send(signal: signal)
            let result = try listener.finish()
            #expect(result.status == 1, "\(result)")
            #expect(result.errors.contains("No probe came"), "\(result)")
            #expect(result.summary("RX Summary", "probes") == 0)
        }
    }
}
