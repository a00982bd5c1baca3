import Foundation
import Glibc
import Testing

@Suite(.needs("tcpdump", "tshark"))
struct CaptureTests {
    /// A file that is gone with the object.
    private final class Scratch {
        let path = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID()).pcap").path
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// The output of tcpdump for a file: times in nanoseconds, and all bytes.
    private func frames(in file: String, _ filter: String = "") throws -> [String] {
        let words = ["tcpdump", "-tt", "--time-stamp-precision=nano", "-n", "-e", "-xx", "-r", file, filter]
        let output = try Program.run(words).output
        return output.components(separatedBy: "\n1").map {
            $0.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// The same frames at the same nanoseconds, VLAN tags put back.
    @Test(arguments: [[], ["--vlan", "7:3"]])
    func whatArrivesIsWhatTcpdumpCaptures(options: [String]) throws {
        let hosts = try Namespaces()
        // The kernel turns its stamps on a little after it was asked to: then the first frames may have none.
        for _ in 0..<5 {
            let (ours, theirs) = (Scratch(), Scratch())
            let witness = try hosts.far.capture(
                "-w", theirs.path, "--time-stamp-precision=nano", "-c", "3", "-Q", "in", "ether", "src",
                hosts.near.address, "and", "not", "ip6")
            let listener = try hosts.far.listen("-q", "-c", "3", "--pcap", ours.path)
            let send = [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "3", "-I", "5ms"]
            #expect(try Program(hosts.near.command(send + ["-s", "200"] + options)).finish().status == 0)
            let received = try listener.finish()
            #expect(received.summary("RX Summary", "pcap_dropped") == 0, "\(received)")
            _ = try witness.finish()
            let frames = try frames(in: ours.path)
            #expect(frames.count == 3)
            guard received.summary("RX Summary", "stamped_software") == 3 else { continue }
            #expect(try frames == self.frames(in: theirs.path))
            return
        }
        Issue.record("no run had all its stamps")
    }

    @Test func whatIsSentHasItsTransmitStamp() throws {
        let hosts = try Namespaces()
        let file = Scratch()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "4", "-I", "2ms", "--pcap", file.path
        ).finish()
        let times = try Program.run([
            "tshark", "-r", file.path, "-T", "fields", "-e", "frame.time_epoch", "-e", "eth.dst", "-e",
            "frame.len",
        ]).lines.map { $0.split(separator: "\t").map(String.init) }
        #expect(
            times.map { String($0[0]).replacing(".", with: "") }
                == sent.lines("TX Recvmsg").map { $0["software_ns"] })
        #expect(times.allSatisfy { $0[1] == hosts.far.address && $0[2] == "60" }, "\(times)")
    }

    /// Both ends of the same exchange, in order: request, reply, follow-up.
    @Test func exchangesAreCapturedWhole() throws {
        let hosts = try Namespaces()
        let (near, far) = (Scratch(), Scratch())
        let listener = try hosts.far.listen("-q", "--pcap", far.path)
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "5", "-I", "5ms", "-q", "--pcap", near.path
        ).finish()
        #expect(ping.status == 0, "\(ping)")
        _ = try listener.interrupt()
        for file in [near, far] {
            let kinds = try Program.run([
                "tshark", "-r", file.path, "-T", "fields", "-e", "data.data",
            ]).lines.map { String($0.dropFirst(42).prefix(2)) }
            // A busy host may have two exchanges under way at once.
            #expect(kinds.first == "02" && kinds.last == "04", "\(kinds)")
            #expect(
                kinds.sorted() == ["02", "03", "04"].flatMap { Array(repeating: $0, count: 5) }, "\(kinds)")
        }
    }

    /// A dissector of PTP accounts for each byte, but for an odd last one, and finds nothing to complain of.
    @Test(arguments: [("200", "186"), ("301", "286")])
    func probesShapedAsPTPAreGoodPTP(size: String, messageLength: String) throws {
        let hosts = try Namespaces()
        let capture = Scratch()
        let listener = try hosts.far.listen("-q", "--ptp")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "2", "-I", "5ms", "-q", "--ptp", "-s", size,
            "--pcap",
            capture.path
        ).finish()
        #expect(ping.status == 0, "\(ping)")
        _ = try listener.interrupt()
        let fields = ["ptp.v2.messagelength", "ptp.v2.messagetype", "_ws.malformed", "_ws.expert.message"]
        let read = ["tshark", "-r", capture.path, "-T", "fields"] + fields.flatMap { ["-e", $0] }
        let rows = try Program.run(read).lines.map { $0.split(separator: "\t").map(String.init) }
        #expect(rows.count == 6 && rows.allSatisfy { $0 == [messageLength, "0x01"] }, "\(rows)")
    }

    /// A pipe whose reader does not read holds up neither the lines nor the end, and what it lacks is counted.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aStalledReaderOfCapturesIsLeft(signal: Int32) throws {
        let hosts = try Namespaces()
        let (pipe, copy) = (Scratch(), Scratch())
        #expect(mkfifo(pipe.path, 0o600) == 0)
        // Holds the pipe open, and reads nothing.
        let holder = try Program(["sh", "-c", "exec 3<>\(pipe.path); echo open; exec sleep 60"])
        try holder.waitForOutput(containing: "open")
        let sender = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-I", "100us", "-s", "1514", "--pcap", pipe.path)
        try sender.waitForOutput(containing: "TX Recvmsg", count: 2_000)
        sender.send(signal: signal)
        let result = try sender.finish()
        let lost = try #require(result.summary("TX Summary", "pcap_dropped"))
        let sent = try #require(result.summary("TX Summary", "sent"))
        #expect(result.status == 3, "\(result.errors)")
        #expect(result.errors.contains("\(lost) frames are not in the capture"), "\(result.errors)")
        _ = try Program.run(["sh", "-c", "timeout 1 cat \(pipe.path) >\(copy.path)"])
        holder.send(signal: SIGTERM)
        _ = try holder.finish()
        // Each frame once, but for the one that the end has cut.
        let numbers = try Program.run([
            "tshark", "-r", copy.path, "-T", "fields", "-e", "frame.number", "-e", "data.data",
        ]).lines
        #expect(abs(numbers.count - (sent - lost)) <= 1 && numbers.count > 10, "\(numbers.count), \(sent)")
        #expect(Set(numbers.map { $0.split(separator: "\t").last ?? "" }).count == numbers.count)
    }

    /// It reads on, but minutes would pass until all is read.
    @Test func aSlowReaderOfCapturesIsLeft() throws {
        let hosts = try Namespaces()
        let pipe = Scratch()
        #expect(mkfifo(pipe.path, 0o600) == 0)
        let reader = try Program([
            "sh", "-c",
            "exec 3<>\(pipe.path); echo open; for i in $(seq 600); do sleep 0.1; head -c 4096 <&3 >/dev/null; done",
        ])
        try reader.waitForOutput(containing: "open")
        let sender = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-I", "100us", "-s", "1514", "--pcap", pipe.path)
        try sender.waitForOutput(containing: "TX Recvmsg", count: 5_000)
        let result = try sender.interrupt()
        #expect(
            result.status == 3 && result.errors.contains("frames are not in the capture"), "\(result.errors)")
        reader.send(signal: SIGTERM)
        _ = try reader.finish()
    }

    /// The frames that came while the reader stalled are lost, although it read on.
    @Test func aReaderOfCapturesThatStallsForATimeIsTold() throws {
        let hosts = try Namespaces()
        let pipe = Scratch()
        #expect(mkfifo(pipe.path, 0o600) == 0)
        let holder = open(pipe.path, O_RDWR | O_CLOEXEC)
        let sender = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "12000", "-I", "20us", "-s", "1514", "--pcap",
            pipe.path)
        try sender.waitForOutput(containing: "probe=12000 ")
        let reader = try Program(["cat", pipe.path])
        let result = try sender.finish()
        close(holder)
        let read = try reader.finish()
        let lost = try #require(result.summary("TX Summary", "pcap_dropped"))
        #expect(
            result.summary("TX Summary", "sent") == 12_000 && lost > 0 && lost < 12_000, "\(result.errors)")
        #expect(result.status == 3, "\(result.errors)")
        #expect(result.errors.contains("\(lost) frames are not in the capture"), "\(result.errors)")
        #expect(read.status == 0)
    }

    /// The measurement goes on, and the user is told at its end.
    @Test func aFullDiskIsAnError() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1000", "-I", "0", "-q", "--pcap", "/dev/full"
        ).finish()
        #expect(sent.summary("TX Summary", "stamped_software") == 1000, "\(sent)")
        #expect(sent.status == 3 && sent.errors.contains("Cannot write all captures"), "\(sent)")
        #expect(sent.errors.contains("No space left on device"))
    }

    /// A name is any bytes.
    @Test func aNameThatIsNoTextIsUsedAsItIs() throws {
        let hosts = try Namespaces()
        let folder = Scratch()
        let script = """
            mkdir $0; cd $0; name=$(printf 'a\\377b\\303\\251.pcap')
            \(Tool.afprobe) send -i va -d \(hosts.far.address) -c 3 -I 1ms -q --pcap "$name" &&
            \(Tool.afprobe) send -i va --read "$name" -q && printf '%s' "$name" >expected && printf '%s' *.pcap >found
            \(Tool.afprobe) send -i va --read "no$name" 2>refused
            """
        let result = try Program(hosts.near.command(["sh", "-c", script, folder.path])).finish()
        func content(_ name: String) -> Data {
            FileManager.default.contents(atPath: "\(folder.path)/\(name)") ?? Data()
        }
        #expect(result.output.components(separatedBy: "sent=3 ").count == 3, "\(result)")
        #expect(content("found") == content("expected") && content("found").count == 10)
        #expect(String(decoding: content("refused"), as: UTF8.self).contains("noa\\xffb"))
    }

    @Test func aFileThatCannotBeMadeIsRefused() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--pcap", "/nowhere/x"
        ).finish()
        #expect(sent.status == 3 && sent.errors.contains("Cannot write captures to /nowhere/x"), "\(sent)")
    }

    @Test(arguments: ["", "-"])
    func captureAndLinesDoNotMix(path: String) throws {
        for option in ["--pcap", "--hgrm"] {
            let result = try Program.run([
                Tool.afprobe, "ping", "-i", "va", "02:00:00:00:00:02", option, path,
            ])
            #expect(
                result.status == 2 && result.errors.contains("Invalid value '\(path)' for \(option)"),
                "\(result)")
        }
    }

    /// To open a named pipe waits for its other end; the user may have enough of that.
    @Test(arguments: [["--pcap"], ["-d", "02:00:00:00:00:02", "--pcap"], ["--read"]])
    func theWaitForAPipeCanBeEnded(words: [String]) throws {
        let hosts = try Namespaces()
        let pipe = Scratch()
        #expect(mkfifo(pipe.path, 0o600) == 0)
        let command = words.count == 1 && words[0] == "--pcap" ? "listen" : "send"
        // The status is timeout's own where its signal was enough, and 137 where it had to kill.
        let ended = try Program(
            hosts.near.command(
                ["timeout", "-s", "INT", "-k", "5", "0.5", Tool.afprobe, command, "-i", "va"] + words + [
                    pipe.path
                ])
        ).finish()
        #expect(ended.status == 124, "\(ended)")
    }

    /// The bytes of a file's frames.
    private func bytes(in file: String) throws -> String {
        try Program.run(["tcpdump", "-t", "-n", "-xx", "-r", file]).output
    }

    /// Frames of several lengths, tagged and not, come out as they went in, each stamped.
    @Test(arguments: [[], ["-I", "1ms"], ["-I", "0"]])
    func aCaptureIsSentAsItIs(pace: [String]) throws {
        let hosts = try Namespaces()
        let (recorded, arrived) = (Scratch(), Scratch())
        let recorder = try hosts.far.capture("-w", recorded.path, "-c", "4", "-Q", "in", "not", "ip6")
        for options in [["-s", "60"], ["-s", "200", "--vlan", "7:3"], ["-s", "1514"], ["--ptp"]] {
            let send = [Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "-q"]
            #expect(try Program(hosts.near.command(send + options)).finish().status == 0)
        }
        _ = try recorder.finish()
        let witness = try hosts.far.capture("-w", arrived.path, "-c", "4", "-Q", "in", "not", "ip6")
        let words = [Tool.afprobe, "send", "-i", "va", "--read", recorded.path, "-v"]
        let sent = try Program(hosts.near.command(words + pace)).finish()
        _ = try witness.finish()
        #expect(sent.status == 0 && sent.errors == "", "\(sent)")
        #expect(try bytes(in: arrived.path) == bytes(in: recorded.path))
        let lines = sent.lines("TX Recvmsg")
        #expect(lines.map { $0["probe"] } == ["1", "2", "3", "4"])
        #expect(lines.map { $0["size"] } == ["60", "200", "1514", "78"])
        #expect(lines[1]["vlan"] == "7" && lines[1]["pcp"] == "3" && lines[0]["vlan"] == nil)
        for key in ["mismatched", "unmatched", "missing_software"] {
            #expect(sent.summary("TX Summary", key) == 0, "\(sent)")
        }
    }

    @Test func whatIsNoCaptureIsRefused() throws {
        let hosts = try Namespaces()
        let cut = Scratch()
        try Data([0xd4, 0xc3, 0xb2, 0xa1, 2, 0]).write(to: URL(filePath: cut.path))
        for (arguments, status, words) in [
            (["--read", "/etc/passwd"], 3, "Cannot read the capture /etc/passwd"),
            (["--read", "/nowhere/x"], 3, "Cannot read the capture /nowhere/x"),
            (["--read", cut.path], 3, "Cannot read the capture \(cut.path)"),
            (["--read", cut.path, "-d", hosts.far.address], 2, "--read and --dst-mac exclude each other"),
            (["--read", ""], 2, "Invalid value '' for --read"),
        ] {
            let result = try Program(hosts.near.command([Tool.afprobe, "send", "-i", "va"] + arguments))
                .finish()
            #expect(result.status == status && result.errors.contains(words), "\(result)")
        }
    }

    /// The hint on the form of captures is for a file that was read.
    @Test func aFileThatCannotBeOpenedIsNamedOnce() throws {
        let hosts = try Namespaces()
        let missing = try hosts.near.afprobe("send", "-i", "va", "--read", "/nowhere/x").finish()
        #expect(missing.errors.contains("No such file"), "\(missing)")
        #expect(missing.errors.components(separatedBy: "/nowhere/x").count == 2, "\(missing)")
        #expect(!missing.errors.contains("hint="), "\(missing)")
        let other = try hosts.near.afprobe("send", "-i", "va", "--read", "/etc/passwd").finish()
        #expect(other.errors.contains("it takes a pcap or pcapng file"), "\(other)")
    }

    /// Some capture of a link type, little-endian, in microseconds.
    private func capture(_ frames: [[UInt8]], linkType: UInt32 = 1) throws -> Scratch {
        let file = Scratch()
        var words: [UInt32] = [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 0x4_0000, linkType]
        var data = Data()
        func append() {
            for word in words { withUnsafeBytes(of: word.littleEndian) { data.append(contentsOf: $0) } }
        }
        append()
        for (index, frame) in frames.enumerated() {
            words = [1, UInt32(index), UInt32(frame.count), UInt32(frame.count)]
            append()
            data.append(contentsOf: frame)
        }
        try data.write(to: URL(filePath: file.path))
        return file
    }

    private func frame(of length: Int, isTagged: Bool = false) -> [UInt8] {
        let header: [UInt8] =
            [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1] + (isTagged ? [0x81, 0, 0, 5] : []) + [0x88, 0xb5]
        return header + Array(repeating: 0, count: length - header.count)
    }

    /// Before the first frame is sent, and not in the middle.
    @Test func framesThatTheInterfaceDoesNotTakeAreNamed() throws {
        let hosts = try Namespaces()
        let send = [Tool.afprobe, "send", "-i", "va", "-q", "--read"]
        let file = try capture([
            frame(of: 1514), frame(of: 1518, isTagged: true), frame(of: 1515), frame(of: 60),
        ])
        let refused = try Program(hosts.near.command(send + [file.path])).finish()
        #expect(refused.status == 3 && refused.lines("TX Summary").isEmpty, "\(refused)")
        #expect(
            refused.errors.contains("Frame 3 of the capture \(file.path) is too long for interface va"))
        #expect(refused.errors.contains("1515 bytes") && refused.errors.contains("ip link set va mtu N"))
        let sent = try Program(hosts.near.command(send + [file.path, "-c", "2"])).finish()
        #expect(sent.status == 0 && sent.summary("TX Summary", "stamped_software") == 2, "\(sent)")
    }

    @Test func framesThatAreNotWholeAreCounted() throws {
        let hosts = try Namespaces()
        let file = try capture([[], frame(of: 60), [1, 2, 3]])
        let command = [Tool.afprobe, "send", "-i", "va", "-q", "--read", file.path]
        let sent = try Program(hosts.near.command(command)).finish()
        #expect(sent.status == 0 && sent.summary("TX Summary", "sent") == 1, "\(sent)")
        #expect(sent.errors.contains("Left out 2 of 3 frames of the capture"), "\(sent)")
    }

    /// As that of all interfaces at once.
    @Test func aCaptureOfAnotherLinkTypeIsRefused() throws {
        let hosts = try Namespaces()
        let file = try capture([frame(of: 60)], linkType: 113)
        let command = [Tool.afprobe, "send", "-i", "va", "--read", file.path]
        let result = try Program(hosts.near.command(command)).finish()
        #expect(result.status == 3 && result.errors.contains("LINUX_SLL"), "\(result)")
        #expect(result.errors.contains("tcpdump -i IF -w FILE"), "\(result)")
    }
}
