import Foundation
import Testing

/// A listener says what it does, and how it is reached.
@Suite(.needs())
struct ListenStartTests {
    /// Options of the listener, what it says that it takes, and the options by which it is reached.
    struct Case: Sendable, CustomTestStringConvertible {
        let options: [String]
        let takes: String
        let reach: String

        var testDescription: String { "\(options)" }
    }

    private static let ping = "afprobe ping -i IF 02:00:00:00:00:02"
    private static let cases = [
        Case(options: [], takes: "EtherType 0x88b5", reach: ping),
        Case(
            options: ["--ethertype", "0x88b6"], takes: "EtherType 0x88b6", reach: ping + " --ethertype 0x88b6"
        ),
        Case(options: ["--ptp"], takes: "EtherType 0x88f7, shaped as PTP messages", reach: ping + " --ptp"),
        Case(options: ["--udp"], takes: "UDP port 61000", reach: ping + " --udp --dst-addr 10.77.0.2"),
        Case(
            options: ["--udp", "--dst-port", "7000"], takes: "UDP port 7000",
            reach: ping + " --udp --dst-addr 10.77.0.2 --dst-port 7000"),
        Case(
            options: ["--udp", "--ptp"], takes: "UDP port 319, shaped as PTP messages",
            reach: ping + " --udp --dst-addr 10.77.0.2 --ptp"),
        Case(
            options: ["--udp", "--ptp", "--dst-port", "7000"], takes: "UDP port 7000, shaped as PTP messages",
            reach: ping + " --udp --dst-addr 10.77.0.2 --ptp --dst-port 7000"),
        Case(
            options: ["--no-reply"], takes: "EtherType 0x88b5",
            reach: "afprobe send -i IF -d 02:00:00:00:00:02"),
    ]

    private func start(_ errors: String) throws -> [String: String] {
        let line = try #require(errors.split(separator: "\n").first { $0.contains("Listening on ") })
        return fields(String(line))
    }

    @Test(arguments: cases) func itIsReachedAsItSays(_ start: Case) throws {
        let hosts = try Namespaces()
        let listener = try Program(
            hosts.far.command(
                [Tool.afprobe, "listen", "-i", "vb", "-w", "30", "--stats", "0.05"] + start.options))
        try listener.waitForOutput(containing: "RX Stats")
        let told = try self.start(listener.errors)
        #expect(told["msg"] == "Listening on vb" && told["level"] == "info", "\(told)")
        #expect(told["interface"] == "vb" && told["mac"] == hosts.far.address, "\(told)")
        #expect(told["addresses"] == "10.77.0.2,fd77::2", "\(told)")
        #expect(told["clock"] == "software", "\(told)")
        #expect(told["clock_reason"] == "not supported by the driver veth", "\(told)")
        #expect(told["takes"] == start.takes && told["reach"] == start.reach, "\(told)")
        let words = start.reach.replacing("IF", with: "va").split(separator: " ").dropFirst().map(String.init)
        let reached = try Program(hosts.near.command([Tool.afprobe] + words + ["-c", "1"])).finish()
        #expect(reached.status == 0, "\(reached)")
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "probes") == 1, "\(result)")
    }

    @Test func quietIsQuiet() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        #expect(listener.errors == "")
        _ = try listener.interrupt()
    }

    @Test func overUDPItNeedsAnAddress() throws {
        let hosts = try Namespaces()
        try Program.expect(["ip", "-n", hosts.far.namespace, "address", "flush", "dev", "vb"])
        let lone = try hosts.far.listen("--udp").interrupt()
        #expect(lone.errors.contains("it has no address to be reached at over UDP"), "\(lone)")
        #expect(try start(lone.errors)["reach"] == nil, "\(lone)")
        #expect(lone.errors.contains("ip address add ADDRESS/LENGTH dev vb"), "\(lone)")
        let given = try hosts.far.listen("--udp", "--address", "192.0.2.7").interrupt()
        #expect(try start(given.errors)["reach"]?.hasSuffix("--udp --dst-addr 192.0.2.7") == true, "\(given)")
    }

    @Test func itIsALineOfJSON() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--format", "json")
        let line = try #require(listener.errors.split(separator: "\n").first)
        _ = try listener.interrupt()
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["msg"] as? String == "Listening on vb")
        #expect(object["reach"] as? String == Self.ping)
    }
}
