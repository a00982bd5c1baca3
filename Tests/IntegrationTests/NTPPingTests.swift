import Foundation
import Glibc
import Testing

/// Pings that NTP's servers answer.
@Suite(.needs("tcpdump", "tshark", "ss"))
struct NTPPingTests {
    @Test(.needs("chronyd")) func chronydAnswers() throws {
        let hosts = try Namespaces()
        let folder = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "chrony.conf")
        try "local stratum 8\nallow\ncmdport 0\nbindcmdaddress /\npidfile \(folder.path)/pid\n"
            .write(to: file, atomically: true, encoding: .utf8)
        let daemon = try Program(
            hosts.far.command([
                try #require(Tool("chronyd").path), "-x", "-d", "-U", "-u", "root", "-f", file.path,
            ]))
        try daemon.waitForErrors(containing: "starting")
        try daemon.wait("its port") {
            (try? Program.run(hosts.far.command(["ss", "-Hlun", "sport = :123"])))?.output.isEmpty == false
        }
        let result = try hosts.ping(["--protocol", "ntp", "10.77.0.2"])
        let summary = try #require(result.lines("PING Summary").last)
        #expect(summary["ntp_stratum"] == "8" && summary["responder_separates"] == "yes", "\(summary)")
        let replies = result.lines("PING Reply")
        #expect(replies.map { $0["probe"] } == ["1", "2", "3", "4", "5"], "\(result)")
        for reply in replies.dropLast() {
            let values = ["rtt_ns", "network_ns", "turnaround_ns"].compactMap {
                reply[$0].flatMap { Int($0) }
            }
            #expect(values.count == 3 && values[0] == values[1] + values[2] && values[2] > 0, "\(reply)")
        }
        #expect(replies.last?["turnaround_ns"] == nil, "the next response would tell it: interleaved mode")
        // Stop-and-wait is basic.
        let basic = try hosts.near.afprobe("ping", "--protocol", "ntp", "10.77.0.2", "-c", "5", "-I", "0")
            .finish()
        #expect(basic.lines("PING Reply").filter { $0["turnaround_ns"] != nil }.count == 5, "\(basic)")
        _ = try daemon.interrupt()
    }

    /// A server that answers a request by a kiss-o'-death with the code RATE, once.
    private func refuse(_ host: Namespaces.Host) {
        Thread {
            try? host.inNamespace {
                let server = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
                defer { close(server) }
                var limit = timeval(tv_sec: 20, tv_usec: 0)
                setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = UInt16(123).bigEndian
                withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                        guard bind(server, $0, length) == 0 else { return }
                        var bytes = [UInt8](repeating: 0, count: 48)
                        guard recvfrom(server, &bytes, 48, 0, $0, &length) == 48 else { return }
                        let origin = bytes[40..<48]
                        bytes = [0xe4, 0] + [UInt8](repeating: 0, count: 10) + Array("RATE".utf8)
                        bytes += [UInt8](repeating: 0, count: 8) + origin + [UInt8](repeating: 1, count: 16)
                        sendto(server, bytes, 48, 0, $0, length)
                    }
                }
            }
        }.start()
    }

    @Test func aKissOfDeathEndsTheRun() throws {
        let hosts = try Namespaces()
        refuse(hosts.far)
        let sockets = hosts.far.command(["ss", "-Hlun", "sport = :123"])
        for _ in 0..<500 where try Program.run(sockets).output.isEmpty { usleep(10_000) }
        let result = try hosts.near.afprobe(
            "ping", "--protocol", "ntp", "10.77.0.2", "-I", "20ms", "-W", "1s"
        ).finish()
        #expect(result.status == 3 && result.errors.contains("refuses requests"), "\(result)")
        #expect(result.errors.contains("kiss-o'-death RATE"), "\(result)")
        #expect(result.summary("PING Summary", "received") == 0, "\(result)")
    }

    /// No pace is too fast for the public servers that is not refused; nothing is sent.
    @Test func publicServersAreSpared() throws {
        let hosts = try Namespaces()
        try Program.expect(
            ["ip", "-n", hosts.near.namespace, "route", "add", "8.8.8.8", "via", hosts.far.ipv4])
        for options in [["-A"], ["-I", "1"], ["-A", "-c", "5"], ["--rate", "1"]] {
            let words = [Tool.afprobe, "ping", "--protocol", "ntp", "8.8.8.8", "-w", "50ms"]
            let result = try Program(hosts.near.command(words + options)).finish()
            #expect(result.status == 2, "\(result)")
            #expect(result.errors.contains("too short for the public NTP server 8.8.8.8"), "\(result)")
        }
    }
}
