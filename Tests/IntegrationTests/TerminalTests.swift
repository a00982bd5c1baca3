import Testing

/// The output that people see on a terminal.
@Suite struct TerminalTests {
    /// The lines that scripts made for the reference may parse; they are as long as they are there.
    private let reference = ["TX Recvmsg", "RX Recvmsg", "RX Stats", "Current settings", "New settings"]

    private func expectNarrow(_ result: Program.Result, _ command: [String]) {
        for line in (result.output + result.errors).split(whereSeparator: \.isNewline) {
            let message = line.drop { $0 != "]" }.dropFirst(2)
            guard !reference.contains(where: { message.hasPrefix($0) }) else { continue }
            #expect(line.count <= 80, "\(command.joined(separator: " "))\n\(line)")
        }
    }

    /// Lines, summaries, tables, drawings, messages and their remedies.
    @Test func nothingIsWiderThan80Columns() throws {
        let hosts = try Namespaces()
        let peer = hosts.far.address
        let listener = try hosts.far.afprobe("listen", "-i", "vb", "--format", "text")
        try listener.waitForErrors(containing: "from another host")
        for command in [
            ["ping", "-i", "va", peer, "-c", "3", "-I", "5ms"],
            ["ping", "-i", "va", peer, "-c", "300", "-I", "1ms", "-q", "--breakdown", "--histogram"],
            ["ping", "-i", "va", peer, "-c", "40", "-I", "5ms", "-q", "--stats", "50ms", "--synchronised"],
            ["ping", "-i", "va", peer, "-c", "3", "-I", "5ms", "-q", "--fail-if", "rtt.p99>1ns,wire.max>1s"],
            [
                "ping", "-i", "va", "02:00:00:00:00:77", "-c", "2", "-I", "1ms", "-W", "10ms", "--udp",
                "--dst-addr", "10.77.0.9",
            ],
            ["send", "-i", "va", "-d", peer, "-c", "3", "-I", "5ms", "--stats", "5ms"],
            ["send", "-i", "va", "-d", peer, "-c", "3", "-I", "5ms", "-s", "9000"],
            ["hwstamp", "va"], ["hwstamp", "--verify", "va"], ["hwstamp-config", "va"],
            ["listen", "-i", "lo"], ["listen", "-i", "nothing"], ["listen", "-i", "va", "-w", "1ms"],
            ["ping", "-i", "0.2", "-I", "va", peer], ["send", "-i", "va"],
            ["ping", "--fail-if", "rtt>1ms", "-i", "va", peer], ["help", "ping"], ["help", "send"],
        ] {
            let format = command[0] == "help" ? [] : ["--format", "text"]
            expectNarrow(try hosts.near.afprobe(command + format).finish(), command)
        }
        expectNarrow(try listener.interrupt(), ["listen"])
    }

    /// A reply names its clock only if it is not the one of the first line.
    @Test func theClockStandsInTheFirstLine() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "5", "-I", "5ms", "--format", "text"
        ).finish()
        let lines = ping.output.split(separator: "\n")
        #expect(lines.first?.hasSuffix("on va: afprobe, software stamps") == true, "\(ping)")
        let replies = lines.filter { $0.contains("PING Reply") }
        #expect(replies.count == 5)
        for reply in replies {
            #expect(
                reply.wholeMatch(
                    of:
                        /INFO\[\d{4}\] PING Reply probe=\d rtt=[\d.]+[nµm]?s network=[\d.]+[nµm]?s turnaround=[\d.]+[nµm]?s/
                )
                    != nil, "\(reply)")
        }
        _ = try listener.interrupt()
    }
}
