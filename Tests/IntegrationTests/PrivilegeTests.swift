import Foundation
import Testing

@Suite(.needs("tcpdump"))
struct PrivilegeTests {
    /// Frames from the network are read by a process without any power.
    @Test(arguments: [
        (["listen", "-i", "vb", "--stats", "0.05"], "RX Stats"),
        (["send", "-i", "vb", "-d", "02:00:00:00:00:01", "-I", "10ms"], "TX Recvmsg"),
        (["ping", "-i", "vb", "02:00:00:00:00:01", "-I", "10ms", "-W", "20ms"], "PING Timeout"),
    ])
    func aRunHasNoCapabilityLeft(arguments: [String], sign: String) throws {
        let hosts = try Namespaces()
        let run = try Program(hosts.far.command([Tool.afprobe] + arguments))
        try run.waitForOutput(containing: sign)
        let status = try String(contentsOfFile: "/proc/\(run.identifier)/status", encoding: .utf8)
        for set in ["CapInh", "CapPrm", "CapEff"] {
            #expect(status.contains("\(set):\t0000000000000000"), "\(status)")
        }
        _ = try run.interrupt()
    }
}
