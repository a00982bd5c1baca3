import Foundation
import Testing

@Suite(.needs("tcpdump"))
struct TransmitStampTests {
    /// Each device on the way makes a scheduled stamp of its own, under one key.
    @Test func aDeviceOnTopOfAnotherRepeatsNoProbe() throws {
        let hosts = try Namespaces()
        let ip = ["ip", "-n", hosts.near.namespace, "link"]
        try Program.expect(
            ip + ["add", "top", "link", "va", "address", "02:00:00:00:00:33", "type", "macvlan"])
        try Program.expect(ip + ["set", "top", "up"])
        let sent = try hosts.near.afprobe(
            "send", "-i", "top", "-d", hosts.far.address, "-c", "3", "-I", "1ms", "-v"
        ).finish()
        let lines = sent.lines("TX Recvmsg")
        #expect(lines.map { $0["probe"] } == ["1", "2", "3"], "\(sent)")
        for line in lines {
            let stamps = ["userspace_ns", "scheduled_ns", "software_ns"].compactMap { line[$0] }
            #expect(stamps.count == 3 && stamps == stamps.sorted(), "\(line)")
        }
        for key in ["mismatched", "unmatched"] { #expect(sent.summary("TX Summary", key) == 0) }
    }

    /// Packet sockets that bypass the scheduler bypass the captures of this host as well.
    @Test func framesThatBypassTheSchedulerHaveNoScheduledStamp() throws {
        let hosts = try Namespaces()
        let capture = try hosts.near.capture("ether", "proto", "0x88b5")
        let listener = try hosts.far.listen("-c", "2")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "2", "-I", "1ms", "-v", "--qdisc-bypass"
        ).finish()
        #expect(try listener.finish().status == 0)
        for line in sent.lines("TX Recvmsg") {
            #expect(line["missing_scheduled"] == "qdisc bypassed" && line["scheduled_ns"] == nil, "\(line)")
            #expect(line["missing_software"] == nil && line["software_ns"] != nil)
        }
        #expect(sent.summary("TX Summary", "stamped_software") == 2)
        let seen = try capture.interrupt()
        #expect(seen.errors.contains("\n0 packets captured"), "\(seen)")
    }

    /// All frames arrive, at any pace and in batches; each line tells that it was not to be stamped.
    @Test(arguments: [("0", "1"), ("0", "64"), ("1ms", "1")])
    func withoutStampsFramesAreSentAndNothingIsWaitedFor(interval: String, batch: String) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "300", "-q", "--no-reply")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "300", "--no-stamps", "-v", "-I", interval,
            "--batch", batch
        ).finish()
        #expect(sent.status == 0, "\(sent)")
        #expect(try listener.finish().summary("RX Summary", "probes") == 300)
        let lines = sent.lines("TX Recvmsg")
        #expect(lines.count == 300)
        for line in lines {
            #expect(line["software"] == "0001-01-01T00:00:00Z" && line["userspace_ns"] != nil, "\(line)")
            for kind in ["hardware", "software", "scheduled"] {
                #expect(line["missing_\(kind)"] == "not asked for", "\(line)")
            }
        }
        let summary = sent.lines("TX Summary").first
        #expect(summary?["sent"] == "300" && summary?["stamped_software"] == "0", "\(sent)")
        #expect(summary?["missing_software"] == "300" && summary?["in_flight"] == "0", "\(sent)")
        #expect(summary?["missing_software_reason"] == "not asked for", "\(sent)")
    }

    @Test func detailedLinesSayWhyAStampIsMissing() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "1", "-v")
        let sent = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "1", "-v")
            .finish()
        let received = try listener.finish()
        for line in sent.lines("TX Recvmsg") + received.lines("RX Recvmsg") {
            #expect(line["missing_hardware"] == "not supported by the driver veth", "\(line)")
        }
        #expect(sent.lines("TX Recvmsg").count == 1 && received.lines("RX Recvmsg").count == 1)
    }
}
