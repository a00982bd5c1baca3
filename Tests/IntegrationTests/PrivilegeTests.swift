import Foundation
import Glibc
import Testing

@Suite(.needs("tcpdump"))
struct PrivilegeTests {
    /// Frames from the network are read by threads without any power.
    @Test(arguments: [
        (["listen", "-i", "vb", "--stats", "0.05"], "RX Stats"),
        (["listen", "-i", "vb", "--stats", "0.05", "--ring", "--fanout", "2"], "RX Stats"),
        (["listen", "-i", "vb", "--stats", "0.05", "--udp", "--spin", "--pcap", "/dev/null"], "RX Stats"),
        (["send", "-i", "vb", "-d", "02:00:00:00:00:01", "-I", "10ms"], "TX Recvmsg"),
        (["ping", "-i", "vb", "02:00:00:00:00:01", "-I", "10ms", "-W", "20ms"], "PING Timeout"),
        (["ping", "--self", "-c", "100000000", "-I", "1ms", "--realtime"], "PING Reply"),
    ])
    func aRunHasNoCapabilityLeft(arguments: [String], sign: String) throws {
        let hosts = try Namespaces()
        let run = try Program(hosts.far.command([Tool.afprobe] + arguments))
        try run.waitForOutput(containing: sign)
        let tasks = "/proc/\(run.identifier)/task"
        let threads = try FileManager.default.contentsOfDirectory(atPath: tasks)
        #expect(threads.count >= 2, "lines have a thread of their own")
        for thread in threads {
            let status = try String(contentsOfFile: "\(tasks)/\(thread)/status", encoding: .utf8)
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                #expect(status.contains("\(set):\t0000000000000000"), "\(status)")
            }
            #expect(status.contains("NoNewPrivs:\t1"), "\(status)")
            #expect(status.contains("Seccomp:\t2"), "\(status)")
        }
        _ = try run.interrupt()
    }

    /// It opens sockets for each trial, and has nothing in force in between.
    @Test func aVerificationHasNoCapabilityInForce() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        let run = try hosts.near.afprobe("hwstamp", "--verify", "--peer", hosts.far.address, "va")
        try run.waitForOutput(containing: "Verify Transmit")
        let status = try String(contentsOfFile: "/proc/\(run.identifier)/status", encoding: .utf8)
        #expect(status.contains("CapEff:\t0000000000000000"), "\(status)")
        // CAP_NET_ADMIN and CAP_NET_RAW.
        #expect(status.contains("CapPrm:\t0000000000003000"), "\(status)")
        #expect(try run.finish().status == 0)
        _ = try listener.interrupt()
    }

    @Test func aCaptureIsReadWithoutCapabilities() throws {
        let hosts = try Namespaces()
        let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipe = folder.appending(path: "pipe").path
        #expect(mkfifo(pipe, 0o600) == 0)
        let run = try hosts.near.afprobe("send", "-i", "va", "--read", pipe)
        let writer = open(pipe, O_WRONLY)
        defer { close(writer) }
        // It waits for the file's header now.
        try run.wait("the capture to be read") {
            // Foundation reads no more than the first page.
            (try? Program.expect(["grep", "-q", "libpcap", "/proc/\(run.identifier)/maps"])) != nil
        }
        let status = try String(contentsOfFile: "/proc/\(run.identifier)/status", encoding: .utf8)
        #expect(status.contains("CapEff:\t0000000000000000"), "\(status)")
        #expect(status.contains("Seccomp:\t2"), "\(status)")
        _ = try run.interrupt()
    }

    /// Root expects to write and read where it likes.
    @Test func filesOfOthersCanBeOpened() throws {
        let hosts = try Namespaces()
        let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            chmod(folder.path, 0o700)
            try? FileManager.default.removeItem(at: folder)
        }
        let capture = folder.appending(path: "capture").path
        let listener = try hosts.far.listen("-q", "-c", "1")
        // Without the capability, not even the owner may write here, nor read the file.
        #expect(chmod(folder.path, 0o500) == 0)
        let writer = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1", "-q", "--pcap", capture)
        #expect(try writer.finish().status == 0)
        #expect(chmod(capture, 0) == 0)
        let reader = try hosts.near.afprobe("send", "-i", "va", "--read", capture, "-q")
        #expect(try reader.finish().status == 0)
        _ = try listener.finish()
    }
}

/// The filter of system calls, tried by a library within the program that makes some.
@Suite(.needs("tcpdump"))
struct SystemCallFilterTests {
    private func run(making call: String) throws -> Program.Result {
        let hosts = try Namespaces()
        let intruder = try PreloadedLibrary("intruder.c")
        let environment = intruder.environment.merging(["INTRUDER": call]) { $1 }
        let run = try Program(
            hosts.far.command([Tool.afprobe, "listen", "-i", "vb", "-w", "0.2", "-q"]),
            environment: environment)
        return try run.finish(mayBeDenied: true)
    }

    @Test(arguments: [
        "personality", "a fork", "a socket of another family", "a signal to the process group",
        "a network namespace", "mkdirat", "another ioctl", "another prctl",
    ])
    func otherCallsAreDenied(call: String) throws {
        let result = try run(making: call)
        #expect(result.status == 1, "nothing came: \(result.errors)")
        #expect(result.errors.contains("Denied 1 system calls of this program"), "\(result.errors)")
    }

    @Test(arguments: ["execve", "ptrace", "setns", "mount", "bpf"])
    func callsOfIntrudersEndTheProgram(call: String) throws {
        let result = try run(making: call)
        #expect(result.status == 128 + SIGSYS, "\(result.errors)")
    }
}
