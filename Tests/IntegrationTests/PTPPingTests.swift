import AFPacketKit
import Foundation
import Testing

/// Pings that PTP's programs answer.
@Suite(.needs("tcpdump", "tshark", "setpriv", "ptp4l"))
struct PTPPingTests {
    /// Starts ptp4l on the far host, or on an interface of the near one, and returns once it listens.
    private func ptp4l(
        _ hosts: borrowing Namespaces, _ settings: String, near interface: String? = nil
    ) throws -> (Program, URL) {
        let file = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString).cfg")
        let socket = file.path + ".socket"
        try """
        [global]
        time_stamping software
        free_running 1
        uds_address \(socket)
        \(settings.contains("network_transport") ? "" : "network_transport L2")
        \(settings)

        """.write(to: file, atomically: true, encoding: .utf8)
        let host = interface == nil ? hosts.far : hosts.near
        let program = try Program(
            host.command(["ptp4l", "-f", file.path, "-i", interface ?? "vb", "-m", "-q"]))
        try program.waitForOutput(containing: "to LISTENING")
        return (program, file)
    }

    @Test(arguments: [
        ("delay_mechanism P2P", ["--protocol", "pdelay", "-i", "va"], "01:80:c2:00:00:0e"),
        (
            "delay_mechanism P2P", ["--protocol", "pdelay", "-i", "va", "02:00:00:00:00:02"],
            "02:00:00:00:00:02"
        ),
        (
            "delay_mechanism Auto\ndomainNumber 7", ["--protocol", "pdelay", "-i", "va", "--domain", "7"],
            "01:80:c2:00:00:0e"
        ),
        (
            "delay_mechanism P2P\ntransportSpecific 1",
            ["--protocol", "pdelay", "-i", "va", "--ptp-profile", "8021as"], "01:80:c2:00:00:0e"
        ),
        (
            "delay_mechanism P2P\nnetwork_transport UDPv4", ["--protocol", "pdelay", "10.77.0.2"], "10.77.0.2"
        ),
        ("delay_mechanism P2P\nnetwork_transport UDPv6", ["--protocol", "pdelay", "fd77::2"], "fd77::2"),
        (
            "hybrid_e2e 1\nnet_sync_monitor 1\nnetwork_transport UDPv4",
            ["--protocol", "delay", "10.77.0.2"],
            "10.77.0.2"
        ),
        (
            "hybrid_e2e 1\nnet_sync_monitor 1", ["--protocol", "delay", "-i", "va", "0200.0000.0002"],
            "02:00:00:00:00:02"
        ),
    ])
    func ptp4lAnswers(settings: String, arguments: [String], peer: String) throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(hosts, settings)
        defer { try? FileManager.default.removeItem(at: file) }
        let result = try hosts.ping(arguments, capturing: "ether proto 0x88f7 or portrange 319-320")
        for reply in result.lines("PING Reply") {
            let values = ["rtt_ns", "network_ns", "turnaround_ns"].compactMap {
                reply[$0].flatMap { Int($0) }
            }
            #expect(reply["peer"] == peer && values.count == 3, "\(reply)")
            guard values.count == 3 else { continue }
            #expect(values[0] == values[1] + values[2] && values[1] > 0 && values[2] > 0, "\(reply)")
        }
        let told = try daemon.interrupt()
        #expect(!told.output.contains("bad message") && !told.output.contains("ignoring"), "\(told)")
    }

    /// The clock tells the times of a capture on its side: the arrival exactly, and the departure, which the driver
    /// stamps, after that.
    @Test func ptp4lTellsWhatACaptureOfItsHostSees() throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(hosts, "delay_mechanism P2P")
        defer { try? FileManager.default.removeItem(at: file) }
        let capture = try hosts.far.capture(
            "-tt", "--time-stamp-precision=nano", "-e", "ether proto 0x88f7 and ether[14] & 0xe = 2")
        let result = try hosts.ping(["--protocol", "pdelay", "-i", "va", "-v"])
        let lines = try capture.interrupt().lines
        _ = try daemon.interrupt()
        // Its own requests go out there, too, which nobody answers.
        func times(from station: String, _ kind: String) -> [Int] {
            lines.filter { $0.contains(" \(station) > ") && $0.contains(kind) }.compactMap {
                $0.split(separator: " ").first.flatMap { Int($0.replacing(".", with: "")) }
            }
        }
        let arrivals = times(from: hosts.near.address, "peer delay req")
        let departures = times(from: hosts.far.address, "peer delay resp")
        func told(_ key: String) -> [Int] {
            result.lines("PING Reply").compactMap { $0[key].flatMap { Int($0) } }
        }
        #expect(arrivals.count == 5 && told("request_received_software_ns") == arrivals, "\(lines)")
        let sent = told("reply_sent_software_ns")
        #expect(sent.count == 5 && departures.count == 5, "\(lines)")
        #expect(zip(sent, departures).allSatisfy { $0 >= $1 }, "\(sent) \(departures)")
    }

    /// linuxptp's own client of NetSync Monitor asks in the same words: but for the port and the number, the messages
    /// are one.
    @Test(.needs("nsm"), arguments: [("UDPv4", "10.77.0.2", 42), ("L2", "02:00:00:00:00:02", 14)])
    func nsmSendsTheSameRequest(transport: String, peer: String, start: Int) throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(
            hosts, "hybrid_e2e 1\nnet_sync_monitor 1\nnetwork_transport \(transport)")
        defer { try? FileManager.default.removeItem(at: file) }
        /// The message that a program sends, but for its number.
        func request(_ words: [String], _ answered: String) throws -> [UInt8] {
            let filter = "ether src \(hosts.near.address) and (ether proto 0x88f7 or dst port 319)"
            let capture = try hosts.far.capture("-c", "1", "-xx", filter)
            let result = try Program(hosts.near.command(words)).finish()
            #expect(result.output.contains(answered), "\(result)")
            var message = Array(Frames.bytes(ofDump: try capture.finish().output).dropFirst(start))
            #expect(message.count == 48, "\(message)")
            if message.count > 31 { message.replaceSubrange(30...31, with: [0, 0]) }
            return message
        }
        let theirs = try request(
            [
                "nsm", "-i", "va", "--time_stamping", "software", "--network_transport", transport,
                "NSM \(peer)",
            ], "NSM MEASUREMENT COMPLETE")
        let ours = try request(
            [Tool.afprobe, "ping", "-i", "va", "--protocol", "delay", "-c", "1", peer], "PING Reply")
        try #require(ours.count == theirs.count && ours.count > 31)
        #expect(ours[..<28] == theirs[..<28] && ours[30...] == theirs[30...])
        #expect(theirs[28...29] == [0, 1], "the port of a PTP program")
        #expect(ours[28] >= 0x80, "a port that no PTP program has")
        _ = try daemon.interrupt()
    }

    /// ptpd tells whole microseconds. It must not be able to set this machine's clock.
    @Test(.needs("ptpd")) func aCoarseClockIsFoundOut() throws {
        let hosts = try Namespaces()
        let lock = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)").path
        let words = [
            "setpriv", "--bounding-set=-sys_time", try #require(Tool("ptpd").path), "-C", "-i", "vb", "-f",
            "/dev/stdout",
            "--global:lock_file=\(lock)", "--global:statistics_file=/dev/null", "--clock:no_adjust=y",
            "--ptpengine:preset=masteronly", "--ptpengine:delay_mechanism=P2P",
            "--ptpengine:transport=ethernet",
        ]
        let daemon = try Program(hosts.far.command(words))
        try daemon.waitForOutput(containing: "PTP_MASTER")
        let result = try hosts.ping(
            ["--protocol", "pdelay", "-i", "va"],
            capturing: "ether proto 0x88f7 and ether[14] & 0xe = 2")
        let summary = try #require(result.lines("PING Summary").last)
        #expect(
            summary["responder_resolution_ns"] == "1000" && summary["responder_separates"] == "yes",
            "\(summary)")
        _ = try daemon.interrupt()
    }

    @Test func aSilentPTPPortIsExplained() throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(hosts, "delay_mechanism E2E")
        defer { try? FileManager.default.removeItem(at: file) }
        let result = try hosts.near.afprobe(
            "ping", "--protocol", "pdelay", "-i", "va", "-c", "1", "-W", "0.2"
        ).finish()
        #expect(result.status == 1 && result.errors.contains("peer delay mechanism (P2P)"), "\(result)")
        // The daemon takes part in PTP, of which another identity on its host would be a second one.
        let beside = try hosts.far.afprobe("ping", "--protocol", "pdelay", "-i", "vb", "-c", "1").finish()
        #expect(beside.status == 3 && beside.errors.contains("--force"), "\(beside)")
        let forced = try hosts.far.afprobe(
            "ping", "--protocol", "pdelay", "-i", "vb", "-c", "1", "-W", "0.1", "--force"
        ).finish()
        #expect(forced.status == 1, "\(forced)")
        _ = try daemon.interrupt()
    }

    /// Each run has a port identity of its own.
    @Test func twoRunsDoNotTakeEachOthersAnswers() throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(hosts, "delay_mechanism P2P")
        defer { try? FileManager.default.removeItem(at: file) }
        let words = ["ping", "--protocol", "pdelay", "-i", "va", "--force", "-I", "20ms"]
        let first = try hosts.near.afprobe(words)
        try first.waitForOutput(containing: "PING Reply")
        let second = try hosts.near.afprobe(words + ["-c", "10"]).finish()
        let results = [try first.interrupt(), second]
        for result in results {
            #expect(result.status == 0 && result.summary("PING Summary", "duplicates") == 0, "\(result)")
            #expect(result.summary("PING Summary", "unmatched") == 0, "\(result)")
        }
        _ = try daemon.interrupt()
    }

    @Test(arguments: ["pdelay", "delay"], ["10.77.0.2", "fd77::2"])
    func aClosedPortIsToldAtOnce(name: String, address: String) throws {
        let hosts = try Namespaces()
        let result = try hosts.near.afprobe(
            "ping", "--protocol", name, address, "-c", "1", "-W", "20s"
        ).finish()
        #expect(result.status == 1 && result.errors.contains("cannot be delivered"), "\(result)")
        #expect(result.errors.contains("no PTP program there listens on UDP port 319"), "\(result)")
        let elapsed = try #require(result.summary("PING Summary", "elapsed_ns"))
        #expect(result.summary("PING Summary", "lost") == 1 && elapsed < 20_000_000_000, "\(result)")
    }

    /// A clock that answers in the usual way tells when the request arrived, and no more.
    @Test func aMasterWithoutNetSyncMonitorIsFoundOut() throws {
        let hosts = try Namespaces()
        let (daemon, file) = try ptp4l(
            hosts, "delay_mechanism E2E\nlogAnnounceInterval -3\nannounceReceiptTimeout 2")
        defer { try? FileManager.default.removeItem(at: file) }
        try daemon.waitForOutput(containing: "to MASTER")
        let result = try hosts.near.afprobe(
            "ping", "--protocol", "delay", "-i", "va", hosts.far.address, "-c", "1", "-W", "0.5"
        ).finish()
        #expect(result.status == 1 && result.errors.contains("net_sync_monitor is off there"), "\(result)")
        _ = try daemon.interrupt()
    }

    // MARK: Another PTP program on this host

    /// A socket for PTP's port belongs to the interface that it is bound to.
    @Test func aPTPProgramOnAnotherInterfaceIsNoHindrance() throws {
        let hosts = try Namespaces()
        let ip = ["ip", "-n", hosts.near.namespace]
        try Program.expect(ip + ["link", "add", "ve", "type", "veth", "peer", "name", "vg"])
        try Program.expect(ip + ["address", "add", "10.79.0.1/24", "dev", "ve"])
        for name in ["ve", "vg"] { try Program.expect(ip + ["link", "set", name, "up"]) }
        @Sendable func ping(_ interface: String) throws -> Program.Result {
            try hosts.near.afprobe(
                "ping", "--protocol", "pdelay", "-i", interface, "-c", "1", "-W", "0.1"
            ).finish()
        }
        let (daemon, file) = try ptp4l(hosts, "network_transport UDPv4", near: "ve")
        defer { try? FileManager.default.removeItem(at: file) }
        let elsewhere = try ping("va")
        #expect(elsewhere.status == 1, "\(elsewhere)")
        let here = try ping("ve")
        #expect(here.status == 3 && here.errors.contains("takes part in PTP on ve"), "\(here)")
        #expect(here.errors.contains("declares a fault"), "\(here)")
        _ = try daemon.interrupt()
        let result = try hosts.near.inNamespace {
            // A socket of every interface.
            let port = try PortGuard(port: 319)
            let result = try ping("va")
            _ = consume port
            return result
        }
        #expect(result.status == 3 && result.errors.contains("which interface it uses"), "\(result)")
    }

    /// The answers are addressed to another port than that program's.
    @Test func delayLeavesAPTPProgramAlone() throws {
        let hosts = try Namespaces()
        let quick = "logAnnounceInterval -3\nannounceReceiptTimeout 2\n"
        let (far, farFile) = try ptp4l(hosts, quick + "hybrid_e2e 1\nnet_sync_monitor 1\npriority1 100")
        let (near, nearFile) = try ptp4l(hosts, quick + "delay_mechanism E2E", near: "va")
        defer { for file in [farFile, nearFile] { try? FileManager.default.removeItem(at: file) } }
        try near.waitForOutput(containing: "to UNCALIBRATED")
        let result = try hosts.near.afprobe(
            "ping", "--protocol", "delay", "-i", "va", hosts.far.address, "--force", "-c", "5", "-I", "100ms"
        ).finish()
        #expect(result.status == 0 && result.summary("PING Summary", "received") == 5, "\(result)")
        let told = try near.interrupt().output
        #expect(!told.contains("rogue") && !told.contains("FAULT"), "\(told)")
        _ = try far.interrupt()
    }
}
