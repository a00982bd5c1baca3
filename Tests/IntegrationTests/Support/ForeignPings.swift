import Foundation
import Testing

extension Namespaces {
    /// A run must have every request answered, and frames of which tshark complains nothing.
    func ping(
        _ arguments: [String], capturing filter: String = "not port 9"
    ) throws -> Program.Result {
        let file = FileManager.default.temporaryDirectory.appending(path: "afpt-\(UUID().uuidString).pcap")
        defer { try? FileManager.default.removeItem(at: file) }
        let capture = try far.capture("-w", file.path, filter)
        let result = try Program(
            near.command([Tool.afprobe, "ping", "-c", "5", "-I", "20ms", "-W", "3s"] + arguments)
        ).finish()
        _ = try capture.interrupt()
        #expect(result.status == 0, "\(result)")
        #expect(result.summary("PING Summary", "received") == 5, "\(result)")
        let complaints = try Program.run([
            "tshark", "-r", file.path, "-Y", "_ws.malformed or _ws.expert.severity >= warning",
        ])
        #expect(complaints.output == "", "\(complaints.output)")
        return result
    }
}

extension Namespaces.Host {
    /// Changes a setting of the kernel for this host.
    func sysctl(_ setting: String) throws { try Program.expect(command(["sysctl", "-qw", setting])) }
}
