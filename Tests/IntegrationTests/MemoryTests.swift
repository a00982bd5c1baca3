import Foundation
import Testing

/// A shortage of memory at the start is told, in one line and with a status of its own: no signal ends the program.
@Suite(.needs())
struct MemoryTests {
    /// The status under a limit of the address space, in KiB, and the messages.
    private func run(_ words: [String], in host: Namespaces.Host, limit: Int) throws -> Program.Result {
        try Program(
            host.command(
                ["bash", "-c", "ulimit -c 0 -v \(limit); exec \"$0\" \"$@\"", Tool.afprobe] + words)
        ).finish()
    }

    @Test(arguments: [
        ["listen", "-i", "va", "-w", "10ms"], ["send", "-i", "va", "-d", "02:00:00:00:00:02", "-c", "1"],
        ["ping", "-i", "va", "02:00:00:00:00:02", "-c", "1", "-W", "1ms"],
        [
            "ping", "-i", "va", "02:00:00:00:00:02", "-c", "1", "-W", "1ms", "--breakdown", "--pcap",
            "/dev/null",
        ],
    ])
    func aShortageAtTheStartIsTold(words: [String]) throws {
        let hosts = try Namespaces()
        // What the program's code and the libraries take.
        var limit = 8000
        while try run(["--version"], in: hosts.near, limit: limit).status != 0 { limit += 1000 }
        var (told, done) = (0, 0)
        while done < 8 {
            limit += 500
            let result = try run(words, in: hosts.near, limit: limit)
            guard result.status == 3 else {
                #expect(result.status < 2, "\(limit): \(result)")
                done += 1
                continue
            }
            #expect(result.errors.contains("level=error msg=\"Cannot "), "\(limit): \(result)")
            if result.errors.contains("Cannot allocate") { told += 1 }
        }
        #expect(told > 0)
    }
}
