import Foundation
import Testing

/// The parts of a round trip.
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

    /// Of all stages that the application waits for, those before and after the round trip by stamps included.
    @Test func theLargestPartIsTheLargestStage() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "200", "-I", "1ms", "-q", "--breakdown"
        ).finish()
        let summary = try #require(ping.lines("PING Summary").first, "\(ping)")
        let names = stages.map { String($0.dropLast(3)) }
        let means = try numbers(summary, names.map { "\($0)_mean_ns" })
        let largest = try #require(zip(names, means).max { $0.1 < $1.1 })
        #expect(summary["largest_part"] == largest.0, "\(ping)")
        _ = try listener.interrupt()
        // What the kernel takes to answer is in the link, which is not to be blamed.
        let echo = try hosts.near.afprobe(
            "ping", hosts.far.ipv4, "-c", "50", "-I", "1ms", "-q", "--hardware", "off"
        ).finish()
        #expect(echo.lines("PING Summary").first?["largest_part"] == nil, "\(echo)")
    }

    /// The intervals of --stats add up to the summary.
    @Test(arguments: ["ping", "send"])
    func theIntervalsAddUp(command: String) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let peer = command == "ping" ? [hosts.far.address] : ["-d", hosts.far.address]
        let run = try hosts.near.afprobe(
            [command, "-i", "va"] + peer + ["-c", "40", "-I", "5ms", "-q", "--stats", "50ms"]
        ).finish()
        #expect(run.status == 0, "\(run)")
        let name = command == "ping" ? "PING" : "TX"
        let intervals = run.lines("\(name) Stats")
        let summary = try #require(run.lines("\(name) Summary").first, "\(run)")
        #expect(intervals.count >= 3, "\(run)")
        for key in command == "ping" ? ["sent", "received", "rtt_count"] : ["sent", "stamped_software"] {
            let sum = try intervals.map { try numbers($0, [key])[0] }.reduce(0, +)
            #expect(sum == 40 && summary[key] == "40", "\(key) of \(run)")
        }
        _ = try listener.interrupt()
    }

    @Test func everyFigureStandsInTheSummary() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "1000", "-I", "1ms", "-q", "--breakdown",
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
        ("wire.max>1s", 4, "limit=\"wire.max>1s\" reason=\"only --breakdown measures it\" value=none"),
        ("rtt.p95>10s", 4, "reason=\"p95 needs 20 values, and there are 5\" value=none"),
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

    @Test func theReasonsForNoValueAreTold() throws {
        let hosts = try Namespaces()
        let ping = try hosts.near.afprobe(
            "ping", "10.77.0.2", "-c", "2", "-I", "1ms", "-q", "--breakdown", "--fail-if",
            "turnaround.max>1s,wire.max>1s,responder_drops>0"
        ).finish()
        #expect(ping.status == 4, "\(ping)")
        for reason in [
            "limit=\"turnaround.max>1s\" reason=\"the answers of icmp do not tell it\" value=none",
            "limit=\"wire.max>1s\" reason=\"no reply has the stamps that it takes\" value=none",
            "limit=\"responder_drops>0\" reason=\"the answers of icmp do not tell it\" value=none",
        ] {
            #expect(ping.errors.contains(reason), "\(ping)")
        }
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

    /// In a network that nobody else sees, and that leaves nothing behind.
    @Test func itMeasuresItself() throws {
        let ping = try Program.run([
            Tool.afprobe, "ping", "--self", "-c", "300", "-q", "--warmup", "20", "--breakdown",
        ])
        #expect(ping.status == 0 && ping.errors == "", "\(ping)")
        #expect(ping.summary("PING Summary", "received") == 300)
        #expect(ping.lines("PING Summary").first?["turnaround_clock"] == "software")
        let names = try Program.run(["ip", "-br", "link"]).output
        #expect(!names.contains("self0") && !names.contains("self1"), "\(names)")
        let wrong = try Program.run([Tool.afprobe, "ping", "--self", "-i", "va"])
        #expect(wrong.status == 2 && wrong.errors.contains("--self takes neither"), "\(wrong)")
    }

    /// Spinning changes how the frames are waited for, and nothing else.
    @Test(arguments: [["--spin", "-I", "0"], ["--adaptive"]])
    func otherWaysToWaitMeasureTheSame(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let words = [Tool.afprobe, "ping", "-i", "va", hosts.far.address, "-c", "200", "-q"]
        let ping = try Program(hosts.near.command(words + options)).finish()
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
