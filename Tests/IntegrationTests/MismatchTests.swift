import Foundation
import Testing

/// One host sends what the other does not take: the listener says what comes, and what to do.
@Suite(.needs())
struct MismatchTests {
    /// Options of the sender and of the listener, what the listener says, and the remedy.
    struct Case: Sendable, CustomTestStringConvertible {
        let sent: [String]
        var taken: [String] = []
        let message: String
        let hint: String

        var testDescription: String { "\(sent) to \(taken)" }
    }

    private static let over4 = ["--udp", "--dst-addr", "10.77.0.2"]
    private static let over6 = ["--udp", "--dst-addr", "fd77::2"]
    private static let over61000 = "Probes arrive over UDP port 61000, which this run does not take"
    private static let plain = "Probes arrive as frames of EtherType 0x88b5, which this run does not take"

    private static let cases = [
        Case(sent: over4, message: over61000, hint: "afprobe listen -i vb --udp"),
        Case(sent: over6, message: over61000, hint: "afprobe listen -i vb --udp"),
        Case(sent: over4 + ["--vlan", "5:3"], message: over61000, hint: "afprobe listen -i vb --udp"),
        Case(sent: over4, taken: ["--ring"], message: over61000, hint: "afprobe listen -i vb --udp"),
        Case(sent: over4, taken: ["--fanout", "2"], message: over61000, hint: "afprobe listen -i vb --udp"),
        Case(
            sent: over4, taken: ["--ring", "--fanout", "2", "-q"], message: over61000,
            hint: "afprobe listen -i vb --udp"),
        Case(
            sent: over6 + ["--ptp"], message: "Probes arrive over UDP port 319, which this run does not take",
            hint: "afprobe listen -i vb --udp --ptp"),
        Case(
            sent: over4 + ["--ptp", "--dst-port", "7000"],
            message: "Probes arrive over UDP port 7000, which this run does not take",
            hint: "afprobe listen -i vb --udp --dst-port 7000"),
        Case(
            sent: over4, taken: ["--udp", "--dst-port", "7000"], message: over61000,
            hint: "afprobe listen -i vb --udp"),
        Case(sent: [], taken: ["--udp"], message: plain, hint: "afprobe listen -i vb"),
        Case(sent: ["--vlan", "5"], taken: ["--udp"], message: plain, hint: "afprobe listen -i vb"),
        Case(sent: [], taken: ["--ptp"], message: plain, hint: "afprobe listen -i vb"),
        Case(
            sent: ["--ptp"],
            message: "Probes arrive as frames of EtherType 0x88f7, which this run does not take",
            hint: "afprobe listen -i vb --ptp"),
        Case(
            sent: ["--ethertype", "0x88b6"],
            message: "Probes arrive as frames of EtherType 0x88b6, which this run does not take",
            hint: "afprobe listen -i vb --ethertype 0x88b6"),
    ]

    @Test(arguments: cases) func theListenerTellsWhatComes(_ mismatch: Case) throws {
        let hosts = try Namespaces()
        let listener = try Program(
            hosts.far.command(
                [Tool.afprobe, "listen", "-i", "vb", "-w", "30", "--stats", "0.05"] + mismatch.taken))
        try listener.waitForOutput(containing: "RX Stats")
        let sent = try Program(
            hosts.near.command(
                [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "3", "-I", "5ms"]
                    + mismatch.sent)
        ).finish()
        #expect(sent.status == 0, "\(sent)")
        try listener.waitForErrors(containing: mismatch.message)
        let result = try listener.interrupt()
        #expect(result.errors.components(separatedBy: "which this run does not take").count == 2, "\(result)")
        #expect(result.errors.contains("hint=\"to take them: \(mismatch.hint)\"\n"), "\(result)")
        #expect(result.summary("RX Summary", "other_form") == 3, "\(result)")
        #expect(result.summary("RX Summary", "probes") == 0, "\(result)")
        #expect(result.status == 1 && result.errors.contains("they came in another form"), "\(result)")
        // The remedy helps.
        let willing = try Program(
            hosts.far.command(
                [Tool.afprobe] + mismatch.hint.split(separator: " ").dropFirst().map(String.init)
                    + ["-w", "30", "--stats", "0.05", "-c", "1"]))
        try willing.waitForOutput(containing: "RX Stats")
        try Program.expect(
            hosts.near.command(
                [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "1"] + mismatch.sent))
        let helped = try willing.finish()
        #expect(helped.status == 0 && helped.summary("RX Summary", "other_form") == 0, "\(helped)")
    }

    @Test func otherDestinationsAreTold() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        for destination in ["02:00:00:00:00:77", "01:00:5e:00:00:05"] {
            try Program.expect(
                hosts.near.command([
                    Tool.afprobe, "send", "-i", "va", "-d", destination, "-c", "2", "-I", "1ms",
                ]))
        }
        try listener.waitForErrors(containing: "01:00:5e:00:00:05")
        let result = try listener.interrupt()
        #expect(
            result.errors.contains(
                "Probes arrive for 02:00:00:00:00:77, which is not the address of this interface"),
            "\(result)")
        #expect(result.errors.contains("send to \(hosts.far.address), the address of vb"), "\(result)")
        #expect(result.summary("RX Summary", "other_form") == 4, "\(result)")
    }

    @Test func groupsAreToldWithTheOptionThatJoins() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--ptp")
        try Program.expect(
            hosts.near.command(
                [Tool.afprobe, "send", "-i", "va", "-d", "01:1b:19:00:00:00", "-c", "1", "--ptp"]))
        try listener.waitForErrors(containing: "Probes arrive for the group 01:1b:19:00:00:00")
        let result = try listener.interrupt()
        #expect(result.errors.contains("afprobe listen -i vb --ptp --group 01:1b:19:00:00:00"), "\(result)")
    }

    /// A tag behind the one that the kernel takes out stays in the frame.
    @Test func twoTagsAreTold() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let probe = Frames.ethernet(
            [0, 5, 0x81, 0, 0, 6, 0x88, 0xb5] + Frames.magic + [1, 0, 0, 0, 0, 0, 0, 0], type: [0x81, 0])
        try hosts.near.inject([probe])
        try listener.waitForErrors(containing: "Probes arrive with two VLAN tags")
        let result = try listener.interrupt()
        #expect(result.errors.contains("does a switch on the way add one?"), "\(result)")
        #expect(result.summary("RX Summary", "other_form") == 1, "\(result)")
    }

    /// A listener takes every VLAN, and this host's own pings are answered in another form than it takes.
    @Test func nothingIsToldOfWhatIsTaken() throws {
        let hosts = try Namespaces()
        let listeners = [try hosts.far.listen(), try hosts.near.listen()]
        try Program.expect(
            hosts.near.command(
                [
                    Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "2", "-I", "1ms",
                    "--vlan", "5",
                ]))
        let other = try hosts.far.listen("--udp")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "2", "-I", "1ms", "--udp", "--dst-addr",
            hosts.far.ipv4
        ).finish()
        #expect(ping.status == 0, "\(ping)")
        #expect(try other.interrupt().summary("RX Summary", "other_form") == 0)
        let results = try listeners.map { try $0.interrupt() }
        #expect(results[0].summary("RX Summary", "probes") == 2, "\(results[0])")
        #expect(results[1].summary("RX Summary", "other_form") == 0, "\(results[1])")
        #expect(!results[1].errors.contains("level=warning"), "\(results[1])")
    }

    /// With a filter of the user's own, what that leaves out is no mismatch.
    @Test func theUsersFilterHolds() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--filter", "ether src 02:00:00:00:00:55")
        try Program.expect(
            hosts.near.command(
                [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "2", "-I", "1ms"]
                    + Self.over4))
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "other_form") == 0, "\(result)")
        #expect(!result.errors.contains("level=warning"), "\(result)")
    }

    /// Somebody tries one form after the other: each is answered or named.
    @Test func otherFormsAreNamedAlsoBesideProbesThatAreTaken() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        for options in [[], Self.over4] {
            try Program.expect(
                hosts.near.command(
                    [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "2", "-I", "1ms"]
                        + options))
        }
        try listener.waitForErrors(containing: Self.over61000)
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "probes") == 2, "\(result)")
        #expect(result.summary("RX Summary", "other_form") == 2, "\(result)")
    }

    /// The watch costs every frame time in the kernel: it rests while many probes are taken.
    @Test func theWatchRestsAndGoesOn() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        func send(_ options: [String]) throws {
            try Program.expect(
                hosts.near.command(
                    [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "1"] + options))
        }
        func isWatching() throws -> Bool {
            // The protocol of the resting socket.
            try !Program.run(hosts.far.command(["cat", "/proc/net/packet"])).output.contains(" ffff ")
        }
        #expect(try isWatching())
        try send(["-c", "2000", "-I", "200us", "-q"])
        try listener.wait("the rest") { (try? !isWatching()) ?? false }
        try listener.wait("the watch") { (try? isWatching()) ?? false }
        // The kernel shows the protocol of a socket a moment before frames come to it.
        try send(Self.over4 + ["-c", "20", "-I", "10ms"])
        try listener.waitForErrors(containing: Self.over61000)
        #expect(try listener.interrupt().summary("RX Summary", "probes") == 2000)
    }
}
