import Foundation
import Testing

@Suite(.needs("tcpdump"))
struct PingTests {
    @Test func everyRequestIsAnswered() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let ping = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-c", "4", "-I", "10ms")
            .finish()
        #expect(ping.status == 0, "\(ping)")
        let replies = ping.lines("PING Reply")
        #expect(replies.map { $0["probe"] } == ["1", "2", "3", "4"], "\(ping)")
        for reply in replies {
            #expect(reply["peer"] == hosts.far.address && reply["rtt_clock"] == "software")
            #expect(Int(reply["rtt_ns"] ?? "") ?? 0 > 0)
        }
        #expect(ping.summary("PING Summary", "lost") == 0)
        let received = try listener.interrupt()
        #expect(received.summary("RX Summary", "replies") == 4, "\(received)")
        #expect(received.lines("RX Recvmsg").count == 4, "requests are printed like probes")
    }

    @Test func anotherResponderIsToldOnceAndCounted() throws {
        let hosts = try Namespaces()
        let ping = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-I", "20ms", "-q")
        for _ in 0..<3 {
            let listener = try hosts.far.listen()
            try listener.waitForOutput(containing: "RX Recvmsg", count: 2)
            _ = try listener.interrupt()
        }
        let result = try ping.interrupt()
        #expect(result.summary("PING Summary", "responder_restarts") == 2, "\(result)")
        #expect(result.errors.components(separatedBy: "Another responder answers").count == 2, "\(result)")
    }

    /// The end of the round trip is the stamp that tcpdump records for the reply, to the nanosecond; its
    /// beginning lies between tcpdump's stamp of the request, which passes the tap before the driver stamps
    /// it, and the reply.
    @Test func roundTripsAreThoseThatTcpdumpSees() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        // But for the follow-ups, so that request and reply take turns, however late everything is.
        let capture = try hosts.near.capture(
            "-tt", "--time-stamp-precision=nano", "-c", "6", "ether proto 0x88b5 and ether[35] != 4")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "3", "-I", "0", "-v"
        ).finish()
        let times = try capture.finish().lines.filter { $0.first?.isNumber ?? false }.compactMap { line in
            line.split(separator: " ").first.flatMap { Int($0.replacing(".", with: "")) }
        }
        try #require(times.count == 6)
        let replies = ping.lines("PING Reply")
        #expect(replies.count == 3, "\(ping)")
        for (index, reply) in replies.enumerated() {
            let values = ["request_sent_software_ns", "reply_received_software_ns", "rtt_ns"]
                .compactMap { reply[$0].flatMap { Int($0) } }
            try #require(values.count == 3, "\(ping)")
            #expect(values[1] == times[2 * index + 1])
            #expect(values[0] >= times[2 * index] && values[0] < values[1])
            #expect(values[2] == values[1] - values[0])
        }
        _ = try listener.interrupt()
    }

    @Test func noAnswerIsALossAndExitStatus1() throws {
        let hosts = try Namespaces()
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "2", "-I", "10ms", "-W", "50ms"
        ).finish()
        #expect(ping.status == 1, "\(ping)")
        #expect(ping.lines("PING Timeout").map { $0["probe"] } == ["1", "2"], "\(ping)")
        #expect(ping.summary("PING Summary", "lost") == 2)
        #expect(ping.errors.contains("No reply came from \(hosts.far.address)"))
        #expect(ping.errors.contains("afprobe listen"))
    }

    @Test func aListenerCanBeToldNotToAnswer() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--no-reply")
        let ping = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-c", "1", "-W", "50ms")
            .finish()
        #expect(ping.status == 1)
        let received = try listener.interrupt()
        #expect(received.summary("RX Summary", "probes") == 1)
        #expect(received.summary("RX Summary", "replies") == 0)
    }

    @Test func theNextRequestFollowsTheReply() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "500", "-I", "0", "-q", "--warmup", "10"
        ).finish()
        #expect(ping.summary("PING Summary", "received") == 500, "\(ping)")
        #expect(ping.summary("PING Summary", "warmup") == 10)
        #expect(try listener.interrupt().summary("RX Summary", "replies") == 510)
    }

    @Test func theLimitOfRepliesIsKept() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q", "--reply-limit", "5")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "20", "-I", "1ms", "-W", "100ms", "-q"
        ).finish()
        let received = try listener.interrupt()
        let answered = try #require(received.summary("RX Summary", "replies"))
        let suppressed = try #require(received.summary("RX Summary", "replies_suppressed"))
        #expect(answered >= 1 && suppressed > 0 && answered + suppressed == 20, "\(received)")
        let followUps = try #require(received.summary("RX Summary", "follow_ups"))
        #expect(followUps == answered, "a reply is allowed together with its follow-up")
        #expect(ping.summary("PING Summary", "received") == answered)
    }

    @Test func repliesCarryTheTagAndTheSize() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let capture = try hosts.near.capture("-e", "-c", "3", "vlan")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "1", "--vlan", "7:3", "-s", "300"
        ).finish()
        #expect(ping.status == 0, "\(ping)")
        let dump = try capture.finish()
        #expect(dump.output.components(separatedBy: "vlan 7, p 3").count == 4, "\(dump)")
        #expect(dump.output.components(separatedBy: "length 300:").count == 4, "\(dump)")
        _ = try listener.interrupt()
    }

    @Test func severalPingsShareAResponder() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let pings = try (0..<4).map { _ in
            try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-c", "50", "-I", "2ms", "-q")
        }
        for ping in pings {
            let result = try ping.finish()
            #expect(result.summary("PING Summary", "received") == 50, "\(result)")
            #expect(result.summary("PING Summary", "unmatched") == 0)
        }
        #expect(try listener.interrupt().summary("RX Summary", "replies") == 200)
    }

    /// Their requests come mixed: what was found out of one must not be taken for another's.
    @Test func pingsInDifferentFramesShareAResponder() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let shapes = [[], ["-s", "600"], ["--vlan", "7:3"], ["--vlan", "8", "-s", "600"], ["-s", "151"]]
        // Every answer has the request's length and tag.
        let capture = try hosts.near.capture("-e", "-c", "500", "-Q", "in", "ether proto 0x88b5 or vlan")
        let pings = try shapes.map { shape in
            try Program(
                hosts.near.command(
                    [Tool.afprobe, "ping", "-i", "va", hosts.far.address, "-c", "50", "-I", "2ms", "-q"]
                        + shape))
        }
        for ping in pings {
            let result = try ping.finish()
            #expect(result.summary("PING Summary", "received") == 50, "\(result)")
            #expect(result.summary("PING Summary", "missing_follow_ups") == 0, "\(result)")
        }
        #expect(try listener.interrupt().summary("RX Summary", "follow_ups") == 250)
        let answers = try capture.finish().lines.filter { $0.contains("length ") }
        let kinds = [
            "length 150:", "length 600:", "length 151:", "vlan 7, p 3", "vlan 8, p 0",
        ].map { kind in answers.filter { $0.contains(kind) }.count }
        #expect(kinds == [100, 200, 100, 100, 100], "\(answers.prefix(5))")
    }

    @Test func aTerminalGetsTheSummaryOfPing() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "2", "-I", "1ms", "--format", "text"
        ).finish()
        #expect(ping.output.contains("--- \(hosts.far.address) ping statistics ---"))
        #expect(ping.output.contains("2 packets transmitted, 2 received, 0% packet loss, time "))
        #expect(
            ping.output.range(
                of:
                    #"rtt min/avg/max/mdev = \d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3}/\d+\.\d{3} ms \(software stamps\)"#,
                options: .regularExpression) != nil, "\(ping)")
        _ = try listener.interrupt()
    }

    /// A second reply to one request is told, and kept out of the figures. It is the first one, captured and
    /// sent again.
    @Test func repeatedRepliesAreDuplicates() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let capture = try hosts.near.capture("-xx", "-c", "1", "-Q", "in", "ether proto 0x88b5")
        let ping = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-c", "2", "-I", "10s")
        let reply = Frames.bytes(ofDump: try capture.finish().output)
        try #require(Array(reply.prefix(6)) == Frames.near)
        try hosts.far.inject([reply])
        try ping.waitForOutput(containing: "PING Duplicate")
        let result = try ping.interrupt()
        #expect(result.summary("PING Summary", "duplicates") == 1, "\(result)")
        #expect(result.summary("PING Summary", "received") == 1)
        _ = try listener.interrupt()
    }

    /// A reply after the time-out is late and no loss. It is made from the request, by hand.
    @Test func repliesAfterTheTimeoutAreLate() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("-xx", "-c", "1", "-Q", "in", "ether proto 0x88b5")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "2", "-I", "10s", "-W", "20ms")
        let request = Frames.bytes(ofDump: try capture.finish().output)
        try #require(request.count == 150)
        try ping.waitForOutput(containing: "PING Timeout")
        try hosts.far.inject([Frames.reply(to: request)])
        try ping.waitForOutput(containing: "PING Late")
        let result = try ping.interrupt()
        #expect(result.summary("PING Summary", "late") == 1, "\(result)")
        #expect(result.summary("PING Summary", "lost") == 0)
        #expect(result.summary("PING Summary", "received") == 0)
        #expect(result.status == 0, "an answer came")
    }

    /// Replies to other sessions, from other hosts, or to requests never sent, are not taken.
    @Test func strangeRepliesAreNotTaken() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("-xx", "-c", "1", "-Q", "in", "ether proto 0x88b5")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "1", "-W", "2s")
        let request = Frames.bytes(ofDump: try capture.finish().output)
        try #require(request.count == 150)
        var otherHost = Frames.reply(to: request)
        otherHost[11] = 9
        try hosts.far.inject([
            otherHost, Frames.reply(to: request, ofOtherSession: true), Frames.reply(to: request, number: 77),
        ])
        let result = try ping.finish()
        #expect(result.status == 1, "\(result)")
        #expect(result.summary("PING Summary", "unmatched") == 1)
        #expect(result.summary("PING Summary", "received") == 0)
    }
}
