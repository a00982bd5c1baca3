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

    /// The end of the round trip is the stamp that tcpdump records for the reply, to the nanosecond; its
    /// beginning lies between tcpdump's stamp of the request, which passes the tap before the driver stamps
    /// it, and the reply.
    @Test func roundTripsAreThoseThatTcpdumpSees() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let capture = try hosts.near.capture(
            "-tt", "--time-stamp-precision=nano", "-c", "9", "ether proto 0x88b5")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "3", "-I", "20ms", "-v"
        )
        .finish()
        let times = try capture.finish().lines.filter { $0.first?.isNumber ?? false }.compactMap { line in
            line.split(separator: " ").first.flatMap { Int($0.replacing(".", with: "")) }
        }
        try #require(times.count == 9)
        let replies = ping.lines("PING Reply")
        #expect(replies.count == 3, "\(ping)")
        for (index, reply) in replies.enumerated() {
            let values = ["request_sent_software_ns", "reply_received_software_ns", "rtt_ns"]
                .compactMap { reply[$0].flatMap { Int($0) } }
            try #require(values.count == 3, "\(ping)")
            #expect(values[1] == times[3 * index + 1])
            #expect(values[0] >= times[3 * index] && values[0] < values[1])
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
        let listener = try hosts.far.listen("-q", "--reply-limit", "10")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "20", "-I", "1ms", "-W", "100ms", "-q"
        ).finish()
        let received = try listener.interrupt()
        let answered = try #require(received.summary("RX Summary", "replies"))
        let suppressed = try #require(received.summary("RX Summary", "replies_suppressed"))
        #expect(answered >= 1 && suppressed > 0 && answered + suppressed == 20, "\(received)")
        let followUps = try #require(received.summary("RX Summary", "follow_ups"))
        let heldBack = try #require(received.summary("RX Summary", "follow_ups_suppressed"))
        #expect(followUps + heldBack == answered, "follow-ups count like replies")
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
            otherHost, Frames.reply(to: request, session: 1), Frames.reply(to: request, number: 77),
        ])
        let result = try ping.finish()
        #expect(result.status == 1, "\(result)")
        #expect(result.summary("PING Summary", "unmatched") == 1)
        #expect(result.summary("PING Summary", "received") == 0)
    }
}

/// What a round trip consists of.
@Suite(.needs("tcpdump"))
struct PingFigureTests {
    private let stages = [
        "request_send_ns", "request_qdisc_ns", "link_ns", "request_wakeup_ns", "respond_ns", "reply_send_ns",
        "reply_qdisc_ns", "reply_wakeup_ns",
    ]

    private func numbers(_ line: [String: String], _ keys: [String]) throws -> [Int] {
        try keys.map { key in try #require(line[key].flatMap { Int($0) }, "\(key) in \(line)") }
    }

    @Test func stagesOnOneClockAddUpExactly() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "50", "-I", "1ms", "--breakdown"
        ).finish()
        let replies = ping.lines("PING Reply")
        #expect(replies.count == 50, "\(ping)")
        for reply in replies {
            let whole = try numbers(reply, ["total_ns", "rtt_ns", "network_ns", "turnaround_ns"])
            let parts = try numbers(reply, stages)
            #expect(parts.reduce(0, +) == whole[0], "\(reply)")
            #expect(whole[1] == whole[2] + whole[3] && whole[2] == parts[2])
            #expect(parts[3...6].reduce(0, +) == whole[3])
            for key in ["wire_ns", "request_tx_nic_ns", "request_one_way_ns"] { #expect(reply[key] == nil) }
        }
        _ = try listener.interrupt()
    }

    /// The responder's stamps are those that tcpdump records on its side.
    @Test func theRespondersStampsAreThoseOfItsOwnCapture() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let capture = try hosts.far.capture(
            "-tt", "--time-stamp-precision=nano", "-c", "6", "-Q", "in", "ether proto 0x88b5")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "6", "-I", "5ms", "-v"
        ).finish()
        let times = try capture.finish().lines.filter { $0.first?.isNumber ?? false }.compactMap { line in
            line.split(separator: " ").first.map { String($0).replacing(".", with: "") }
        }
        #expect(ping.lines("PING Reply").map { $0["request_received_software_ns"] } == times, "\(ping)")
        _ = try listener.interrupt()
    }

    @Test func everyFigureStandsInTheSummary() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "20", "-I", "1ms", "-q", "--breakdown",
            "--synchronised", "--format", "json"
        ).finish()
        let line = try #require(ping.lines.last { $0.contains("PING Summary") })
        let summary = try #require(
            JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let figures = ["rtt", "network", "turnaround", "total", "request_one_way", "reply_one_way"]
        let statistics = [
            "min", "mean", "p50", "p90", "p99", "p99_9", "max", "stddev", "spread", "jitter",
        ]
        for figure in figures + stages.map({ String($0.dropLast(3)) }) {
            let values = statistics.map { summary["\(figure)_\($0)_ns"] as? Int }
            #expect(!values.contains(nil), "\(figure): \(summary)")
            let ordered = [0, 2, 3, 4, 5, 6].compactMap { values[$0] }
            #expect(ordered == ordered.sorted(), "\(figure) \(ordered)")
        }
        #expect(summary["rtt_clock"] as? String == "software" && summary["crossing_error_ns"] is NSNull)
        // Both hosts are one machine, so that the truth, no offset, must be within the bounds.
        let offset = try #require(summary["offset_ns"] as? Int)
        let error = try #require(summary["offset_error_ns"] as? Int)
        #expect(abs(offset) <= error)
        _ = try listener.interrupt()
    }

    @Test(arguments: [
        ("rtt.p50>1ns", 4, "limit=\"rtt.p50>1ns\" value="), ("rtt.p50>10s,loss>0%", 0, ""),
        ("missing_hardware>0", 4, "limit=\"missing_hardware>0\" value=5"),
        ("wire.max>1s", 4, "limit=\"wire.max>1s\" value=none"),
    ])
    func limitsDecideTheExitStatus(limits: String, status: Int32, told: String) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "5", "-I", "1ms", "-q", "--fail-if", limits
        ).finish()
        #expect(ping.status == status, "\(ping)")
        #expect(told.isEmpty ? ping.errors.isEmpty : ping.errors.contains(told), "\(ping)")
        _ = try listener.interrupt()
    }

    @Test func noAnswerStaysStatus1WhateverTheLimits() throws {
        let hosts = try Namespaces()
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "1", "-W", "20ms", "--fail-if", "loss>0%"
        ).finish()
        #expect(ping.status == 1, "\(ping)")
    }

    @Test func theDistributionIsWrittenForPlotters() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let file = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID()).hgrm").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "30", "-I", "1ms", "-q", "--hgrm", file
        ).finish()
        let rows = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        let last = try #require(rows.last { !$0.hasPrefix("#") }).split(separator: " ")
        #expect(last[1] == "1.000000000000" && last[2] == "30", "\(rows)")
        #expect(
            last[0].split(separator: ".").first.flatMap { Int($0) }
                == ping.summary("PING Summary", "rtt_max_ns"))
        let refused = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "1", "--hgrm", "/nowhere/x"
        ).finish()
        #expect(refused.status == 3 && refused.errors.contains("Cannot write /nowhere/x"), "\(refused)")
        _ = try listener.interrupt()
    }

    /// Spinning changes how the frames are waited for, and nothing else.
    @Test(arguments: ["--spin", "--adaptive"])
    func otherWaysToWaitMeasureTheSame(option: String) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "200", "-I", "0", "-q", option
        ).finish()
        #expect(ping.summary("PING Summary", "received") == 200, "\(ping)")
        #expect(ping.summary("PING Summary", "missing_follow_ups") == 0)
        _ = try listener.interrupt()
    }

    @Test func aTerminalShowsHowItGoes() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let words = [Tool.afprobe, "ping", "-i", "va", hosts.far.address, "-c", "20", "-I", "30ms", "-q"]
        let screen = try Program(
            hosts.near.command(
                ["script", "-qec", words.joined(separator: " "), "/dev/null"]),
            environment: ["TERM": "xterm", "LANG": "C.UTF-8"]
        ).finish().output
        #expect(screen.contains("sent, "), "\(screen)")
        #expect(screen.contains("\r\u{1b}[K"), "the line is taken away again")
        #expect(screen.contains("rtt spread (p95 - p50)"))
        for line in screen.split(whereSeparator: \.isNewline) where !line.contains("\u{1b}") {
            #expect(line.count <= 80, "\(line)")
        }
        _ = try listener.interrupt()
    }
}

/// Messages that come in the wrong order, twice, too late or in another version.
@Suite(.needs("tcpdump"))
struct PingDisorderTests {
    /// A run whose first request is answered by hand.
    private func answering(
        _ hosts: Namespaces, timeout: String = "2s", _ answers: ([UInt8]) -> [[UInt8]]
    ) throws -> Program.Result {
        let capture = try hosts.far.capture("-xx", "-c", "1", "-Q", "in", "ether proto 0x88b5")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "1", "-W", timeout)
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

    @Test func withoutAFollowUpThereIsNoTurnaround() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts, timeout: "100ms") { [Frames.reply(to: $0)] }
        let reply = try #require(result.lines("PING Reply").first, "\(result)")
        #expect(reply["turnaround_ns"] == nil && reply["network_ns"] == nil && reply["rtt_ns"] != nil)
        #expect(result.summary("PING Summary", "missing_follow_ups") == 1)
    }

    /// A responder's clock that was set back makes a turnaround negative: it is shown and counted as it is.
    @Test func negativeDifferencesStayWhatTheyAre() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts) { request in
            [Frames.reply(to: request), Frames.reply(to: request, kind: 4, stamps: [1: 9000, 5: 2000])]
        }
        #expect(result.lines("PING Reply").first?["turnaround_ns"] == "-7000", "\(result)")
        #expect(result.summary("PING Summary", "turnaround_min_ns") == -7000)
    }

    @Test func aResponderOfAnotherVersionIsRecognised() throws {
        let hosts = try Namespaces()
        let result = try answering(hosts, timeout: "200ms") { [Frames.reply(to: $0, version: 9)] }
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
        let listeners = [try hosts.far.listen("-q"), try hosts.far.listen("-q")]
        let result = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "30", "-I", "2ms", "-q"
        ).finish()
        #expect(result.summary("PING Summary", "received") == 30, "\(result)")
        let duplicates = try #require(result.summary("PING Summary", "duplicates"))
        // The last may come when the run is over.
        #expect(duplicates >= 29, "\(result)")
        for listener in listeners { _ = try listener.interrupt() }
    }
}
