import AFPacketKit
import Foundation
import Glibc
import Synchronization
import Testing

/// Two hosts: network namespaces joined by a veth pair, gone with the object.
final class Namespaces: Sendable {
    /// One of the two hosts.
    struct Host: Sendable {
        let namespace: String
        let interface: String
        let address: String
        let ipv4: String
        let ipv6: String
    }

    let near: Host
    let far: Host

    /// Tells whether this process may make namespaces.
    static let canBeMade: Bool = {
        let name = "afpt-\(getpid())-probe"
        guard (try? Program.run(["ip", "netns", "add", name]))?.status == 0 else { return false }
        _ = try? Program.run(["ip", "netns", "delete", name])
        return true
    }()

    private static let counter = Atomic<Int>(0)

    init(linkUp: Bool = true) throws {
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        func host(_ side: String, _ last: Int) -> Host {
            Host(
                namespace: "afpt-\(getpid())-\(number)\(side)", interface: "v\(side)",
                address: "02:00:00:00:00:0\(last)", ipv4: "10.77.0.\(last)", ipv6: "fd77::\(last)")
        }
        near = host("a", 1)
        far = host("b", 2)
        for host in [near, far] { try Program.expect(["ip", "netns", "add", host.namespace]) }
        try Program.expect(
            ["ip", "link", "add", near.interface, "netns", near.namespace, "address", near.address]
                + ["type", "veth", "peer", "name", far.interface, "netns", far.namespace]
                + ["address", far.address])
        for (host, peer) in [(near, far), (far, near)] {
            let ip = ["ip", "-n", host.namespace]
            // No link-local address, and so no frames about it among those that tests look at.
            try Program.expect(ip + ["link", "set", host.interface, "addrgenmode", "none"])
            try Program.expect(ip + ["address", "add", "\(host.ipv4)/24", "dev", host.interface])
            try Program.expect(ip + ["address", "add", "\(host.ipv6)/64", "dev", host.interface, "nodad"])
            guard linkUp else { continue }
            try Program.expect(ip + ["link", "set", host.interface, "up"])
            for address in [peer.ipv4, peer.ipv6] {
                try Program.expect(
                    ip + ["neighbour", "add", address, "lladdr", peer.address, "dev", host.interface])
            }
        }
    }

    deinit {
        for host in [near, far] { _ = try? Program.run(["ip", "netns", "delete", host.namespace]) }
    }
}

extension Namespaces.Host {
    /// A command line that runs in this host.
    func command(_ words: [String]) -> [String] { ["ip", "netns", "exec", namespace] + words }

    /// Starts afprobe in this host.
    func afprobe(_ arguments: String..., environment: [String: String] = [:]) throws -> Program {
        try afprobe(arguments, environment: environment)
    }

    func afprobe(_ arguments: [String], environment: [String: String] = [:]) throws -> Program {
        try Program(command([Tool.afprobe] + arguments), environment: environment)
    }

    /// Starts `afprobe listen` in this host, and returns once it receives: when it has shown counters.
    func listen(_ arguments: String..., on name: String? = nil) throws -> Program {
        let listener = try Program(
            command(
                [Tool.afprobe, "listen", "-i", name ?? interface, "-w", "30", "--stats", "0.05"] + arguments))
        try listener.waitForOutput(containing: "RX Stats")
        return listener
    }

    /// Starts tcpdump in this host, and returns once it captures: frames of an Ethernet's usual length, of which its
    /// ring holds more than a test sends, however late it looks.
    func capture(_ arguments: String...) throws -> Program {
        let tcpdump = ["tcpdump", "-Z", "root", "-n", "--immediate-mode", "-U", "-l", "-s", "2048"]
        let capture = try Program(command(tcpdump + ["-i", interface] + arguments))
        try capture.waitForErrors(containing: "listening on")
        return capture
    }

    /// Sends frames as they are, from this host.
    func inject(_ frames: [[UInt8]]) throws {
        try inNamespace {
            let interface = try NetworkInterface(named: interface)
            let socket = try PacketSocket.transmitter(on: interface, timestamping: [])
            for frame in frames { #expect(try socket.send(frame.span)) }
        }
    }

    /// Runs a body in a thread of its own that has entered this host; setns(2) is per thread.
    func inNamespace<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let outcome = Mutex<Result<Value, any Error>?>(nil)
        let thread = Thread {
            let result = Result {
                let descriptor = open("/run/netns/\(namespace)", O_RDONLY | O_CLOEXEC)
                defer { close(descriptor) }
                try #require(enterNetworkNamespace(descriptor) == 0)
                return try body()
            }
            outcome.withLock { $0 = result }
        }
        thread.start()
        while !thread.isFinished { usleep(1_000) }
        return try #require(outcome.withLock { $0 }).get()
    }
}

/// A network card whose wire is the test: what is written to it arrives. Documentation/networking/tuntap.rst in the
/// kernel's sources
final class Tap {
    let name = "vt"
    private let descriptor: Int32

    init(in host: Namespaces.Host, address: String) throws {
        descriptor = try host.inNamespace {
            let descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC)
            try #require(descriptor >= 0)
            // struct ifreq: the name in 16 bytes, then IFF_TAP | IFF_NO_PI.
            var request = [UInt8](repeating: 0, count: 40)
            request.replaceSubrange(0..<2, with: Array("vt".utf8))
            request.replaceSubrange(16..<18, with: [0x02, 0x10])
            let setInterface: UInt = 0x4004_54ca  // TUNSETIFF
            try #require(ioctl(descriptor, setInterface, &request) == 0)
            return descriptor
        }
        let ip = ["ip", "-n", host.namespace, "link", "set", name]
        try Program.expect(ip + ["address", address, "up"])
    }

    deinit { close(descriptor) }

    func write(_ frame: [UInt8]) throws {
        #expect(Glibc.write(descriptor, frame, frame.count) == frame.count)
    }
}

/// setns(descriptor, CLONE_NEWNET), which the C library's Swift module does not show.
private func enterNetworkNamespace(_ descriptor: CInt) -> CInt {
    typealias SetNamespace = @convention(c) (CInt, CInt) -> CInt
    guard let symbol = dlsym(nil, "setns") else { return -1 }
    return unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, 0x4000_0000)
}
