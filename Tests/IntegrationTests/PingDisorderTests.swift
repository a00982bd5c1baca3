import Foundation
import Testing

/// Messages that come in the wrong order, twice, too late or in another version.
@Suite(.needs("tcpdump"))
struct PingDisorderTests {
    /// A run whose first request is answered by hand.
    private func answering(
        _ hosts: Namespaces, _ options: String..., answers: ([UInt8]) -> [[UInt8]]
    ) throws -> Program.Result {
        let capture = try hosts.far.capture("-xx", "-c", "1", "-Q", "in", "ether proto 0x88b5")
        let ping = try Program(
            hosts.near.command(
                [Tool.afprobe, "ping", "-i", "va", hosts.far.address, "-c", "1", "-W", "2s"] + options))
        let request = Frames.bytes(ofDump: try capture.finish().output)
        try #require(request.count == 150)
        try hosts.far.inject(answers(request))
        return try ping.finish()
    }

    @Test func aFollowUpMayComeBeforeItsReply() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts) { request in
            let followUp = Frames.reply(to: request, kind: 4, stamps: [2: 1000, 3: 1500, 5: 2000, 1: 500])
            return [followUp, Frames.reply(to: request, stamps: [1: 500, 2: 1000, 3: 1500])]
        }
        let reply = try #require(result.lines("PING Reply").first, "\(result)")
        #expect(reply["turnaround_ns"] == "1500" && reply["turnaround_clock"] == "software", "\(reply)")
        #expect(result.summary("PING Summary", "missing_follow_ups") == 0)
    }

    @Test func repeatedFollowUpsAreCounted() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts) { request in
            let followUp = Frames.reply(to: request, kind: 4)
            return [followUp, followUp, Frames.reply(to: request)]
        }
        #expect(result.summary("PING Summary", "late_follow_ups") == 1, "\(result)")
        #expect(result.summary("PING Summary", "received") == 1)
    }

    /// Null where it is not known.
    @Test func aRepeatedReplyHasTheKeysOfAReply() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts, "--format", "json") { request in
            let reply = Frames.reply(to: request)
            return [reply, reply, Frames.reply(to: request, kind: 4)]
        }
        func keys(_ message: String) throws -> Set<String> {
            let line = try #require(result.lines.first { $0.contains(message) }, "\(result)")
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return Set(try #require(object).keys)
        }
        #expect(try keys("PING Duplicate") == keys("PING Reply"))
        #expect(try keys("PING Duplicate").isSuperset(of: ["network_ns", "request_received_software_ns"]))
    }

    @Test func withoutAFollowUpThereIsNoTurnaround() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts) { [Frames.reply(to: $0)] }
        let reply = try #require(result.lines("PING Reply").first, "\(result)")
        #expect(reply["turnaround_ns"] == nil && reply["network_ns"] == nil && reply["rtt_ns"] != nil)
        #expect(result.summary("PING Summary", "missing_follow_ups") == 1)
    }

    /// A responder that cannot be right: its stamps are not believed, and nothing is subtracted.
    @Test func anImplausibleTurnaroundIsTold() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts) { request in
            [Frames.reply(to: request), Frames.reply(to: request, kind: 4, stamps: [1: 9000, 5: 2000])]
        }
        let reply = try #require(result.lines("PING Reply").first, "\(result)")
        #expect(reply["turnaround_ns"] == nil && reply["network_ns"] == nil && reply["rtt_ns"] != nil)
        #expect(result.summary("PING Summary", "implausible") == 1)
        #expect(result.summary("PING Summary", "network_count") == 0)
        #expect(result.errors.contains("Implausible stamps came from"), "\(result)")
    }

    @Test func aResponderOfAnotherVersionIsRecognised() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts) { [Frames.reply(to: $0, version: 9)] }
        #expect(result.status == 1)
        #expect(result.summary("PING Summary", "other_version") == 1, "\(result)")
        #expect(result.errors.contains("another version of the format"))
    }
}

@Suite(.needs("tcpdump"))
struct SeveralRespondersTests {
    @Test func eachIsAskedForItself() throws {
        let hosts = try Namespaces()
        let ip = ["ip", "-n", hosts.far.namespace, "link"]
        let second = "02:00:00:00:00:22"
        try Program.expect(ip + ["add", "second", "link", "vb", "address", second, "type", "macvlan"])
        try Program.expect(ip + ["set", "second", "up"])
        let listeners = [try hosts.far.listen("-q"), try hosts.far.listen("-q", on: "second")]
        let pings = try [hosts.far.address, second].map { address in
            try hosts.near.afprobe("ping", "-i", "va", address, "-c", "20", "-I", "2ms", "-q")
        }
        for ping in pings {
            let result = try ping.finish()
            #expect(result.summary("PING Summary", "received") == 20, "\(result)")
            for key in ["duplicates", "unmatched", "responder_restarts", "lost"] {
                #expect(result.summary("PING Summary", key) == 0, "\(key) in \(result)")
            }
        }
        for listener in listeners {
            #expect(try listener.interrupt().summary("RX Summary", "replies") == 20)
        }
    }

    /// Two hosts with one address, or two programs that answer for it: one answer counts, and the user is told.
    @Test func twoForOneAddressAreNoticed() throws {
        let hosts = try Namespaces()
        let listeners = try (0..<2).map { _ in try hosts.far.listen("-q", "-c", "30") }
        let ping = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-I", "2ms")
        // It goes on after their last answers, however late one of them gives its own.
        for listener in listeners { _ = try listener.finish() }
        try ping.waitForOutput(containing: "PING Timeout")
        let result = try ping.interrupt()
        #expect(result.summary("PING Summary", "received") == 30, "\(result)")
        #expect(result.summary("PING Summary", "duplicates") == 30, "\(result)")
        #expect(result.errors.contains("Another responder answers for \(hosts.far.address)"))
    }
}
