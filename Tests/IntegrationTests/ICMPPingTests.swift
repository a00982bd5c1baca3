import Foundation
import Testing

/// Pings by ICMP that routers and other programs take part in.
@Suite(.needs("tcpdump"))
struct ICMPPingTests {
    private func ping(_ host: Namespaces.Host, _ words: String...) throws -> Program {
        try Program(host.command([Tool.afprobe, "ping"] + words))
    }

    /// Has the far host forward what comes for 192.0.2.7 over the link that it came by, which both its neighbours are on;
    /// returns the namespace of that host.
    private func addHostBehindRouter(_ hosts: Namespaces) throws -> String {
        let (far, target) = (hosts.far.namespace, "\(hosts.far.namespace)-t")
        try Program.expect(["ip", "netns", "add", target])
        func ip(_ namespace: String, _ words: String) throws {
            try Program.expect(["ip", "-n", namespace] + words.split(separator: " ").map(String.init))
        }
        try ip(far, "link add br0 address \(hosts.far.address) type bridge")
        try ip(far, "link add vc type veth peer name vd netns \(target)")
        try ip(far, "address flush dev vb")
        for port in ["vb", "vc"] { try ip(far, "link set \(port) master br0 up") }
        try ip(far, "link set br0 up")
        try ip(far, "address add 10.77.0.2/24 dev br0")
        for (device, address) in [("vd", "10.77.0.3/24"), ("lo", "192.0.2.7/32")] {
            try ip(target, "link set \(device) up")
            try ip(target, "address add \(address) dev \(device)")
        }
        for setting in ["ip_forward=1", "icmp_ratelimit=0"] { try hosts.far.sysctl("net.ipv4.\(setting)") }
        try ip(far, "route add 192.0.2.7 via 10.77.0.3")
        try ip(hosts.near.namespace, "route add 192.0.2.0/24 via 10.77.0.2")
        return target
    }

    /// The router says each time that there is a nearer one.
    @Test(arguments: [[], ["--spin"]])
    func aRedirectIsNoLoss(options: [String]) throws {
        let hosts = try Namespaces()
        let target = try addHostBehindRouter(hosts)
        defer { _ = try? Program.run(["ip", "netns", "delete", target]) }
        // It does not follow, so that more than one comes.
        for name in ["all", "va"] { try hosts.near.sysctl("net.ipv4.conf.\(name).accept_redirects=0") }
        try hosts.near.sysctl("net.ipv4.ping_group_range=0 0")
        let capture = try hosts.near.capture("-c", "1", "icmp[0] = 5")
        let result = try hosts.near.afprobe(
            ["ping", "192.0.2.7", "-c", "10", "-I", "50ms", "-W", "5s"] + options
        ).finish()
        #expect(result.status == 0 && result.summary("PING Summary", "received") == 10, "\(result)")
        #expect(result.errors.contains("A router redirects the requests to 192.0.2.7"), "\(result)")
        #expect(!result.errors.contains("cannot be delivered"), "\(result)")
        #expect(try capture.finish().status == 0)
    }

    /// Raw sockets get the errors about the requests of all programs of the host.
    @Test func anErrorOfAnotherRunIsNotTold() throws {
        let hosts = try Namespaces()
        let target = try addHostBehindRouter(hosts)
        defer { _ = try? Program.run(["ip", "netns", "delete", target]) }
        try hosts.near.sysctl("net.ipv4.ping_group_range=1 0")
        let run = try ping(hosts.near, "192.0.2.7", "-I", "20ms")
        try run.waitForOutput(containing: "PING Reply")
        let other = try ping(hosts.near, "192.0.2.7", "-c", "3", "-I", "20ms", "--ttl", "1").finish()
        #expect(other.status == 1 && other.errors.contains("the time to live was used up"), "\(other)")
        let result = try run.interrupt()
        #expect(result.status == 0 && !result.errors.contains("cannot be delivered"), "\(result)")
    }

    /// Also over a ping socket, which the kernel does not keep to the host that it is connected to.
    @Test(arguments: ["0 0", "1 0"], [(2, 1), (3, 0)] as [(UInt8, Int)])
    func aReplyFromAnotherAddressIsNone(groups: String, sender: (last: UInt8, received: Int)) throws {
        let hosts = try Namespaces()
        try hosts.near.sysctl("net.ipv4.ping_group_range=\(groups)")
        try hosts.far.sysctl("net.ipv4.icmp_echo_ignore_all=1")
        let capture = try hosts.far.capture("-c", "1", "-xx", "icmp[0] = 8")
        let run = try ping(hosts.near, "10.77.0.2", "-c", "1", "-W", "1s")
        let request = Frames.bytes(ofDump: try capture.finish().output)
        try #require(request.count > 42)
        var header = Array(request[14..<34])
        header.replaceSubrange(12..<20, with: [10, 77, 0, sender.last] + request[26..<30])
        var message = Array(request[34...])
        message[0] = 0
        header.replaceSubrange(10..<12, with: [0, 0])
        header.replaceSubrange(10..<12, with: Frames.checksum(header))
        message.replaceSubrange(2..<4, with: [0, 0])
        message.replaceSubrange(2..<4, with: Frames.checksum(message))
        try hosts.far.inject([Array(request[6..<12] + request[0..<6] + request[12..<14]) + header + message])
        let result = try run.finish()
        #expect(result.summary("PING Summary", "received") == sender.received, "\(result)")
    }
}
