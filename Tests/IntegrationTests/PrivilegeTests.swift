import Foundation
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
}
