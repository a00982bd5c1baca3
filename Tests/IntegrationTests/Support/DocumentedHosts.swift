import Foundation
import Glibc
import Synchronization

/// The two hosts that the documents and the Vagrantfile speak of: alpha and beta, joined by a veth pair whose ends are
/// both called eth0 and have the MAC addresses of vagrant/hosts. Gone with the object.
final class DocumentedHosts: Sendable {
    private let number = DocumentedHosts.counter.add(1, ordering: .relaxed).newValue
    private static let counter = Atomic<Int>(0)

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The hosts' names in the documents, and in vagrant/hosts.
    static let names = [("alpha", "fast-afpacket-101"), ("beta", "fast-afpacket-102")]

    init() throws {
        for (name, _) in Self.names { try Program.expect(["ip", "netns", "add", namespace(name)]) }
        try Program.expect(
            ["ip", "link", "add", "eth0", "netns", namespace("alpha"), "address", "02:42:ac:c8:01:61"]
                + ["type", "veth", "peer", "name", "eth0", "netns", namespace("beta")]
                + ["address", "02:42:ac:c8:01:62"])
        for (name, machine) in Self.names {
            let ip = ["ip", "-n", namespace(name), "link", "set"]
            try Program.expect(ip + ["lo", "up"])
            try Program.expect(ip + ["eth0", "addrgenmode", "none"])
            let script = Self.root.appending(path: "vagrant/network.sh").path
            try Program.expect(command([script, machine], on: name))
        }
    }

    deinit {
        for (name, _) in Self.names { _ = try? Program.run(["ip", "netns", "delete", namespace(name)]) }
    }

    func namespace(_ host: String) -> String { "afpt-\(getpid())-d\(number)\(host)" }

    /// A command line that runs on a host, with the program under test where it would be installed.
    func command(_ words: [String], on host: String) -> [String] {
        let folder = URL(filePath: Tool.afprobe).deletingLastPathComponent().path
        return [
            "ip", "netns", "exec", namespace(host), "env", "PATH=\(folder):/usr/sbin:/usr/bin:/sbin:/bin",
        ]
            + words
    }
}
