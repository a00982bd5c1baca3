import Foundation
import Testing

@Suite(.needs("tcpdump", "tshark"))
struct CaptureTests {
    /// A file that is gone with the object.
    private final class Scratch {
        let path = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID()).pcap").path
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// What tcpdump shows of a file: times in nanoseconds, and all bytes.
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
        let (ours, theirs) = (Scratch(), Scratch())
        let witness = try hosts.far.capture(
            "-w", theirs.path, "--time-stamp-precision=nano", "-c", "3", "-Q", "in", "ether", "src",
            hosts.near.address)
        let listener = try hosts.far.listen("-q", "-c", "3", "--pcap", ours.path)
        let send = [
            Tool.afprobe, "send", "-i", "va", "-d", hosts.far.address, "-c", "3", "-I", "5ms", "-s", "200",
        ]
        #expect(try Program(hosts.near.command(send + options)).finish().status == 0)
        let received = try listener.finish()
        #expect(received.summary("RX Summary", "pcap_dropped") == 0, "\(received)")
        _ = try witness.finish()
        let frames = try frames(in: ours.path)
        #expect(frames.count == 3)
        let witnessed = try self.frames(in: theirs.path)
        #expect(frames == witnessed)
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
            #expect(kinds == Array(repeating: ["02", "03", "04"], count: 5).flatMap { $0 }, "\(kinds)")
        }
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

    @Test func aFileThatCannotBeMadeIsRefused() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "--pcap", "/nowhere/x"
        ).finish()
        #expect(sent.status == 3 && sent.errors.contains("Cannot write captures to /nowhere/x"), "\(sent)")
    }
}
