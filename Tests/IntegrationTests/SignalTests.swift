import Foundation
import Glibc
import Testing

@Suite(.needs("script"))
struct SignalTests {
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aSignalEndsTheRunWithItsSummary(signal: Int32) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let sender = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-I", "10ms")
        let pinger = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-I", "10ms")
        try sender.waitForOutput(containing: "TX Recvmsg")
        try pinger.waitForOutput(containing: "PING Reply")
        try listener.waitForOutput(containing: "RX Recvmsg")
        for (program, summary) in [
            (sender, "TX Summary"), (pinger, "PING Summary"), (listener, "RX Summary"),
        ] {
            program.send(signal: signal)
            let result = try program.finish()
            #expect(result.status == 0, "\(result)")
            #expect(result.lines.last?.contains(summary) ?? false, "\(result)")
        }
    }

    /// A ping of its own responder, which gets a signal once it answers.
    private func ping(ofResponderThatGets signal: Int32) throws -> Program {
        let run = try Program([Tool.afprobe, "ping", "--self", "-c", "300", "-I", "5ms", "-W", "20ms"])
        try run.waitForOutput(containing: "PING Reply")
        let path = "/proc/\(run.identifier)/task/\(run.identifier)/children"
        let children = try String(contentsOfFile: path, encoding: .utf8).split(separator: " ")
        let child = try #require(children.first.flatMap { pid_t($0) })
        kill(child, signal)
        return run
    }

    @Test(arguments: [
        (SIGKILL, "Killed"), (SIGTERM, "\"a signal asked it to end\""),
        (SIGINT, "\"a signal asked it to end\""),
    ])
    func aResponderOfItsOwnThatIsEndedIsNamed(signal: Int32, reason: String) throws {
        let result = try ping(ofResponderThatGets: signal).finish()
        #expect(result.status == 3 && result.summary("PING Summary", "lost") ?? 0 > 0, "\(result)")
        #expect(
            result.errors.contains("The responder ended before the measurement\" error=\(reason)"),
            "\(result)")
    }

    /// It is killed, and waited for no longer.
    @Test func aResponderOfItsOwnThatIsStoppedHoldsNothingUp() throws {
        let result = try ping(ofResponderThatGets: SIGSTOP).finish()
        #expect(result.summary("PING Summary", "lost") ?? 0 > 0, "\(result)")
    }

    @Test func aSignalToBothEndsAMeasurementOfItself() throws {
        // It leads a group of its own.
        let run = try Program(["setsid", Tool.afprobe, "ping", "--self", "-c", "100000", "-I", "5ms"])
        try run.waitForOutput(containing: "PING Reply")
        try #require(kill(-run.identifier, SIGINT) == 0)
        let result = try run.finish()
        #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    }

    @Test func quitShowsHowItGoesAndGoesOn() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let pinger = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-I", "10ms")
        try pinger.waitForOutput(containing: "PING Reply", count: 2)
        pinger.send(signal: SIGQUIT)
        try pinger.waitForErrors(containing: "PING Status")
        listener.send(signal: SIGQUIT)
        try listener.waitForErrors(containing: "RX Status")
        let before = pinger.output.components(separatedBy: "PING Reply").count
        try pinger.waitForOutput(containing: "PING Reply", count: before)
        #expect(try pinger.interrupt().status == 0)
        #expect(try listener.interrupt().status == 0)
    }

    @Test func nothingMeasuredIsStatus1AlsoAfterASignal() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let result = try listener.interrupt()
        #expect(result.status == 1, "\(result)")
        #expect(result.errors.contains("No probe came"))
    }

    @Test func aReaderThatLeavesEndsTheRunQuietly() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let result = try Program(
            hosts.near.command([
                "sh", "-c",
                "{ \(Tool.afprobe) ping -i va \(hosts.far.address) -I 5ms; echo status $? >&2; } | head -n 2",
            ])
        ).finish()
        #expect(result.lines.count == 2, "\(result)")
        #expect(result.errors == "status 0\n", "\(result)")
        _ = try listener.interrupt()
    }

    /// Also by a run that prints nothing by itself, or that waits for long.
    @Test(arguments: [
        "send -i va -d 02:00:00:00:00:02 -I 60 -q", "listen -i vx --stats 60",
        "ping -i va 02:00:00:00:00:02 -I 60 -W 60",
    ])
    func aReaderThatHasGoneIsNoticed(command: String) throws {
        let hosts = try Namespaces()
        let words = command.replacing("vx", with: "va")
        let result = try Program(
            hosts.near.command([
                "sh", "-c", "{ \(Tool.afprobe) \(words) -w 100; echo ended >&2; } | head -n 0",
            ])
        ).finish()
        #expect(result.diagnostics == "ended\n", "\(result)")
    }

    @Test(arguments: ["hwstamp va", "listen -i va -w 50ms", "ping -i va 02:00:00:00:00:77 -c 1 -W 10ms"])
    func aFullDiskIsAnError(command: String) throws {
        let hosts = try Namespaces()
        let result = try Program(
            hosts.near.command(["sh", "-c", "\(Tool.afprobe) \(command) >/dev/full"])
        ).finish()
        #expect(result.status == 3, "\(result)")
        #expect(result.errors.contains("Cannot write to standard output"), "\(result)")
        #expect(result.errors.contains("No space left on device"), "\(result)")
    }

    /// Else the first descriptor opened would be taken for standard output, and lines sent as frames.
    @Test func closedStreamsAreNotTakenByOthers() throws {
        let hosts = try Namespaces()
        let capture = try hosts.far.capture("-e", "not ether proto 0x88b5 and not ip6")
        let command = "\(Tool.afprobe) send -i va -d \(hosts.far.address) -c 3 -I 1ms"
        for (streams, status) in [("<&- >&- 2>&-", 3), ("<&- >&-", 3), ("<&- 2>&-", 0)] as [(String, Int32)] {
            let result = try Program(hosts.near.command(["sh", "-c", "\(command) \(streams)"])).finish()
            #expect(result.status == status, "\(streams): \(result)")
        }
        let captured = try capture.interrupt()
        #expect(captured.lines.isEmpty, "\(captured)")
    }

    @Test func nohupKeepsARunFromEnding() throws {
        let hosts = try Namespaces()
        let listener = try Program(
            hosts.far.command([
                "sh", "-c", "trap '' HUP; exec \(Tool.afprobe) listen -i vb --stats 10ms -w 30",
            ]))
        try listener.waitForOutput(containing: "RX Stats")
        listener.send(signal: SIGHUP)
        _ = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-c", "1").finish()
        try listener.waitForOutput(containing: "probe=1")
        #expect(try listener.interrupt().status == 0)
    }

    /// Frames that come faster than they can be taken do not keep a run from ending.
    @Test func aFloodKeepsNothingFromEnding() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--no-reply", "-q")
        let senders = try (0..<3).map { _ in
            try hosts.near.afprobe(
                "send", "-i", "va", "-d", hosts.far.address, "-I", "0", "-q", "-w", "60")
        }
        try listener.waitForOutput(containing: "RX Stats", count: 10)
        let result = try listener.interrupt()
        #expect(result.status == 0, "ended by the signal, and not by the end of the flood")
        for sender in senders {
            sender.send(signal: SIGKILL)
            #expect(try sender.finish().status == 128 + SIGKILL, "the flood outlasted the listener")
        }
    }

    /// A pager that shows its first page, a terminal that is stopped: the run can still be ended.
    @Test(arguments: [
        (SIGINT, "send -i va -d 02:00:00:00:00:02 -I 0", "", 0),
        (SIGTERM, "send -i va -d 02:00:00:00:00:02 -I 0", "", 0),
        // The end of this one is told on standard error, which nobody reads either.
        (SIGINT, "ping -i va 02:00:00:00:00:77 -I 100us -W 1ms", "2>&1", 1),
    ])
    func aReaderThatDoesNotReadKeepsNothingFromEnding(
        signal: Int32, command: String, errors: String, status: Int32
    ) throws {
        let hosts = try Namespaces()
        let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipe = folder.appending(path: "pipe").path
        try #require(mkfifo(pipe, 0o600) == 0)
        // Open at both ends, and never read.
        let reader = open(pipe, O_RDWR)
        defer { close(reader) }
        let sender = try Program(
            hosts.near.command([
                "sh", "-c", "exec \(Tool.afprobe) \(command) >\(pipe) \(errors)",
            ]))
        // Until the pipe is full, however much the system lets it hold.
        var (waiting, unchanged): (Int32, Int) = (0, 0)
        for _ in 0..<1_000 where unchanged < 10 {
            let before = waiting
            usleep(20_000)
            try #require(ioctl(reader, UInt(FIONREAD), &waiting) == 0)
            unchanged = waiting > 0 && waiting == before ? unchanged + 1 : 0
        }
        sender.send(signal: signal)
        let result = try sender.finish()
        #expect(result.status == status, "\(result)")
    }

    @Test func linesAreWrittenAsTheyHappenIntoAPipe() throws {
        let hosts = try Namespaces()
        let sender = try Program(
            hosts.near.command([
                "sh", "-c", "\(Tool.afprobe) send -i va -d \(hosts.far.address) -c 2 -I 20s -w 30 | cat",
            ]))
        // Before the second probe is even sent.
        try sender.waitForOutput(containing: "probe=1")
        #expect(!sender.output.contains("probe=2"))
    }

    @Test func aTerminalGetsColouredText() throws {
        let hosts = try Namespaces()
        let command = "\(Tool.afprobe) send -i va -d \(hosts.far.address) -c 1"
        for (environment, isColored) in [(["NO_COLOR": ""], true), (["NO_COLOR": "1"], false)] {
            let result = try Program(
                hosts.near.command(["script", "-qec", command, "/dev/null"]), environment: environment
            ).finish()
            let esc = "\u{1b}"
            let start = isColored ? "\(esc)[36mINFO\(esc)[0m[0000] TX Recvmsg   " : "INFO[0000] TX Recvmsg   "
            #expect(result.output.hasPrefix(start), "\(result)")
        }
    }
}

/// A reader that does not read holds nothing up.
@Suite(.needs("tcpdump"))
struct StalledReaderTests {
    /// The schedule goes on, every stamp is taken, and what did not fit is counted.
    @Test func theMeasurementGoesOn() throws {
        let hosts = try Namespaces()
        let words = [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "60000", "-I", "0"]
        // The reader sleeps until the sender has long been done, and then reads what there is.
        let script = "\(words.joined(separator: " ")) | { sleep 3; grep -E 'TX Summary|TX Recvmsg'; }"
        let result = try Program(hosts.near.command(["sh", "-c", script])).finish()
        let summary = try #require(result.lines("TX Summary").last, "\(result.errors)")
        let dropped = try #require(summary["lines_dropped"].flatMap { Int($0) })
        #expect(summary["sent"] == "60000" && summary["stamped_software"] == "60000", "\(summary)")
        #expect(dropped > 0)
        let lines = result.lines("TX Recvmsg")
        #expect(lines.count + dropped == 60_000)
        #expect(lines.allSatisfy { $0["software_ns"] != nil }, "no line is cut")
    }

    /// The reader of the distribution alone does not read: a signal ends the wait for it.
    @Test(arguments: [SIGINT, SIGTERM])
    func theWaitForTheReaderOfTheDistributionCanBeEnded(signal: Int32) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let pipe = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)").path
        try #require(mkfifo(pipe, 0o600) == 0)
        defer { try? FileManager.default.removeItem(atPath: pipe) }
        let reader = open(pipe, O_RDWR | O_NONBLOCK)
        defer { close(reader) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(reader, zeros, zeros.count) > 0 {}
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "3", "-I", "1ms", "-q", "--hgrm", pipe)
        try ping.waitForOutput(containing: "PING Summary")
        ping.send(signal: signal)
        let result = try ping.finish()
        #expect(result.status == 3, "\(result)")
        #expect(result.errors.contains("Cannot write \(pipe)"), "\(result)")
        #expect(result.errors.contains(/its reader left (\d+) of \1 bytes unread/), "\(result)")
        _ = try listener.interrupt()
    }

    /// The lines of two programs in one pipe that is full.
    @Test func noLineIsCutByThoseOfAnother() throws {
        let hosts = try Namespaces()
        let command = "\(Tool.afprobe) send -i va -d \(hosts.far.address) -c 12000 -I 0"
        let script = "{ \(command) & \(command) & wait; } | { sleep 1; dd bs=4096 status=none; }"
        let result = try Program(hosts.near.command(["sh", "-c", script])).finish()
        #expect(result.lines("TX Recvmsg").count == 24_000, "\(result.errors)")
        let line = /time="[^"]*" level=info msg="TX (Recvmsg|Summary)"( [a-z_]+=("[^"]*"|[^ "]+))+/
        let cut = result.lines.filter { $0.wholeMatch(of: line) == nil }
        #expect(cut.isEmpty, "\(cut.prefix(2))")
    }

    /// Frames sent while nobody reads are stamped when they were sent, not when somebody reads again.
    @Test func noStampDependsOnTheReader() throws {
        let hosts = try Namespaces()
        let words = [
            Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "3000", "-I", "500us", "-v",
        ]
        let script = "\(words.joined(separator: " ")) | { sleep 3; date +%s%N; grep 'TX Recvmsg'; }"
        let result = try Program(hosts.near.command(["sh", "-c", script])).finish()
        let reading = try #require(result.lines.first.flatMap { Int($0) }, "\(result)")
        let stamps = result.lines("TX Recvmsg").compactMap { $0["userspace_ns"].flatMap { Int($0) } }
        #expect(stamps.count == 3000, "\(result.errors)")
        // A pipe holds some hundred lines: a sender that waited for its reader would have sent no more by then.
        #expect(stamps.count { $0 < reading } > 1000)
    }
}
