import Foundation
import Testing

@Suite(.needs("tcpdump"))
struct VerifyTests {
    private let shapes = ["plain", "vlan", "ptp-l2", "ptp-udp"]

    @Test func aVethKeepsItsClaims() throws {
        let hosts = try Namespaces()
        try Program.expect([
            "ip", "-n", hosts.far.namespace, "link", "set", "vb", "netns", hosts.near.namespace,
        ])
        try Program.expect(["ip", "-n", hosts.near.namespace, "link", "set", "vb", "up"])
        let result = try hosts.near.afprobe("hwstamp", "--verify", "va", "--receiver", "vb").finish()
        #expect(result.status == 0, "\(result)")
        for (message, count) in [("Verify Transmit", "sent"), ("Verify Receive", "arrived")] {
            let lines = result.lines(message)
            let software = lines.filter { $0["stamp"] == "software" }
            #expect(software.map { $0["shape"] } == shapes, "\(result)")
            for line in software {
                #expect(line[count] == "50" && line["stamped"] == "50", "\(line)")
                #expect(line["claimed"] == "yes" && line["verdict"] == "kept", "\(line)")
            }
            let hardware = lines.filter { $0["stamp"] == "hardware" }
            #expect(hardware.map { $0["shape"] } == shapes)
            for line in hardware {
                #expect(line["claimed"] == "no" && line["verdict"] == "none" && line["stamped"] == "0")
            }
        }
        #expect(result.lines("Verify Rate").isEmpty, "there is no hardware stamp whose rate could be told")
    }

    /// Bridges keep these frames to themselves, so that no network is flooded.
    @Test func theFramesGoToTheNearestBridgeAlone() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture(
            "-e", "-n", "-c", "200", "ether src 02:00:00:00:00:01 and not ip6")
        #expect(try hosts.near.afprobe("hwstamp", "--verify", "va").finish().status == 0)
        let frames = try capture.finish().lines.filter { $0.contains(hosts.near.address) }
        #expect(frames.count == 200)
        #expect(frames.allSatisfy { $0.contains("> 01:80:c2:00:00:0e") }, "\(frames.prefix(3))")
        #expect(frames.count { $0.contains("vlan 0") } == 50)
        #expect(frames.count { $0.contains("0x88f7") } == 50)
        #expect(frames.count { $0.contains("192.0.2.1.319 > 224.0.0.107.319") } == 50)
    }

    /// A host that listens answers plain frames and tagged ones; it does not listen to the others.
    @Test func aPeerTellsWhatItStamps() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let result = try hosts.near.afprobe("hwstamp", "--verify", "va", "--peer", hosts.far.address).finish()
        #expect(result.status == 0, "\(result)")
        for line in result.lines("Verify Peer") {
            let isAnswered = ["plain", "vlan"].contains(line["shape"])
            #expect(line["answered"] == (isAnswered ? "50" : "0"), "\(line)")
            let stamped = isAnswered && line["stamp"] == "software" ? "50" : "0"
            #expect(line["received_stamped"] == stamped && line["sent_stamped"] == stamped, "\(line)")
        }
        #expect(result.lines("Verify Peer").count == 8)
        let plain = result.lines("Verify Receive").filter { $0["stamp"] == "software" }
        #expect(plain.map { $0["verdict"] } == ["kept", "kept", "unknown", "unknown"], "\(result)")
        _ = try listener.interrupt()
    }

    /// Lines are written as they happen, and what has not been seen has not been verified.
    @Test func anInterruptedVerificationVerifiesNothing() throws {
        let hosts = try Namespaces()
        // Nobody answers, so that each shape takes seconds.
        let verification = try hosts.near.afprobe("hwstamp", "--verify", "va", "--peer", hosts.far.address)
        try verification.waitForOutput(containing: "shape=plain")
        let result = try verification.interrupt()
        #expect(result.status == 1 && result.errors.contains("before it was complete"), "\(result)")
        #expect(!result.output.contains("shape=ptp-udp"))
    }

    @Test func aSilentPeerProvesNothing() throws {
        let hosts = try Namespaces()
        let result = try hosts.near.afprobe("hwstamp", "--verify", "va", "--peer", hosts.far.address).finish()
        #expect(result.status == 1 && result.errors.contains("No answer came"), "\(result)")
        let lines = result.lines("Verify Receive")
        #expect(lines.count == 8 && lines.allSatisfy { $0["verdict"] == "unknown" }, "\(result)")
    }

    @Test func wrongUseIsTold() throws {
        let hosts = try Namespaces()
        let two = try hosts.near.afprobe("hwstamp", "--verify").finish()
        #expect(two.status == 2 && two.errors.contains("--verify takes one interface"), "\(two)")
        let alone = try hosts.near.afprobe("hwstamp", "va", "--receiver", "va").finish()
        #expect(alone.status == 2 && alone.errors.contains("--receiver has no meaning without --verify"))
    }
}
