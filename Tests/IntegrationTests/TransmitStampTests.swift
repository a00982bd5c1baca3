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
