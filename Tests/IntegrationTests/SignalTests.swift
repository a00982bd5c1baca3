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

    @Test func aFullDiskIsAnError() throws {
        let hosts = try Namespaces()
        let result = try Program(
            hosts.near.command(["sh", "-c", "\(Tool.afprobe) hwstamp va >/dev/full"])
        ).finish()
        #expect(result.status == 3, "\(result)")
        #expect(result.errors.contains("Cannot write to standard output"), "\(result)")
        #expect(result.errors.contains("No space left on device"), "\(result)")
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
