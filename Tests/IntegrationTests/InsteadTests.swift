import Foundation
import Testing

/// On an interface that cannot be used, the way out is named, and works.
@Suite(.needs())
struct InsteadTests {
    private func ip(_ host: Namespaces.Host, _ words: String...) throws {
        try Program.expect(["ip", "-n", host.namespace] + words)
    }

    /// Two hosts, the interface of the far one in a bridge.
    private func bridged() throws -> Namespaces {
        let hosts = try Namespaces()
        try ip(hosts.far, "link", "add", "br0", "type", "bridge")
        try ip(hosts.far, "link", "set", "vb", "master", "br0")
        try ip(hosts.far, "link", "set", "br0", "up")
        return hosts
    }

    @Test func aBridgeNamesItsPorts() throws {
        let hosts = try bridged()
        for command in [
            ["listen", "-i", "br0", "-w", "10ms"],
            ["send", "-i", "br0", "-d", hosts.near.address, "-c", "1"],
            ["ping", "-i", "br0", hosts.near.address, "-c", "1", "-W", "10ms"],
        ] {
            let result = try Program(hosts.far.command([Tool.afprobe] + command)).finish()
            #expect(
                result.errors.contains("Interface br0 is a bridge: only its ports can take hardware stamps"),
                "\(result)")
            #expect(result.errors.contains("use one of them: vb; "), "\(result)")
            let off = try Program(hosts.far.command([Tool.afprobe] + command + ["--hardware", "off"]))
                .finish()
            #expect(!off.errors.contains("is a bridge"), "\(off)")
        }
        for command in [
            ["listen", "-i", "br0", "--hardware", "on"], ["hwstamp-config", "br0"],
            ["hwstamp-config", "br0", "--tx", "on"],
        ] {
            let result = try Program(hosts.far.command([Tool.afprobe] + command)).finish()
            #expect(result.status == 3, "\(result)")
            #expect(result.errors.contains("hint=\"use one of its ports: vb\""), "\(result)")
        }
    }

    @Test func aPortOfABridgeAnswers() throws {
        let hosts = try bridged()
        let listener = try hosts.far.listen(on: "vb")
        let ping = try hosts.near.afprobe(
            "ping", "-i", "va", hosts.far.address, "-c", "2", "-I", "5ms"
        ).finish()
        #expect(ping.summary("PING Summary", "received") == 2, "\(ping)")
        #expect(!(try listener.interrupt().errors.contains("is a bridge")))
    }

    @Test func theLoopbackIsPingedByIP() throws {
        let hosts = try Namespaces()
        try ip(hosts.near, "link", "set", "lo", "up")
        for command in [["listen", "-i", "lo"], ["ping", "-i", "lo", hosts.far.address]] {
            let result = try Program(hosts.near.command([Tool.afprobe] + command)).finish()
            #expect(result.status == 3 && result.errors.contains("afprobe ping 127.0.0.1;"), "\(result)")
            #expect(result.errors.contains("afprobe ping --self"), "\(result)")
        }
        let ping = try hosts.near.afprobe("ping", "127.0.0.1", "-c", "1").finish()
        #expect(ping.status == 0, "\(ping)")
    }

    @Test(.needsDevice("/dev/net/tun"))
    func aTunnelIsPingedByIP() throws {
        let hosts = try Namespaces()
        let tunnel = try Tunnel(in: hosts.near, address: "10.99.0.1")
        let result = try hosts.near.afprobe("ping", "-i", tunnel.name, hosts.far.address).finish()
        #expect(result.status == 3, "\(result)")
        #expect(
            result.errors.contains("hosts behind it are reached by IP: afprobe ping -i tun ADDRESS"),
            "\(result)")
        let ping = try hosts.near.afprobe("ping", "-i", tunnel.name, "10.99.0.2", "-c", "1", "-W", "30")
        var count = 0
        try ping.wait("a request") {
            count += tunnel.answer()
            return count > 0
        }
        #expect(try ping.finish().status == 0)
    }
}
