import Foundation
import Glibc
import Testing

/// A tunnel whose other end is the test, which answers ICMP echo. Documentation/networking/tuntap.rst in the kernel's
/// sources
final class Tunnel {
    let name = "tun"
    private let descriptor: Int32

    /// - Parameter address: of this host; the rest of its /24 is behind the tunnel.
    init(in host: Namespaces.Host, address: String) throws {
        descriptor = try host.inNamespace {
            let descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
            try #require(descriptor >= 0)
            // struct ifreq: the name in 16 bytes, then IFF_TUN | IFF_NO_PI.
            var request = [UInt8](repeating: 0, count: 40)
            request.replaceSubrange(0..<3, with: Array("tun".utf8))
            request.replaceSubrange(16..<18, with: [0x01, 0x10])
            let setInterface: UInt = 0x4004_54ca  // TUNSETIFF
            try #require(ioctl(descriptor, setInterface, &request) == 0)
            return descriptor
        }
        let ip = ["ip", "-n", host.namespace]
        try Program.expect(ip + ["link", "set", name, "addrgenmode", "none"])
        try Program.expect(ip + ["address", "add", "\(address)/24", "dev", name])
        try Program.expect(ip + ["link", "set", name, "up"])
    }

    deinit { close(descriptor) }

    /// Answers the requests that wait, and returns their number.
    func answer() -> Int {
        var count = 0
        var packet = [UInt8](repeating: 0, count: 2048)
        while true {
            let length = read(descriptor, &packet, packet.count)
            guard length > 0 else { return count }
            // IPv4 without options, ICMP echo request.
            guard length >= 28, packet[0] == 0x45, packet[9] == 1, packet[20] == 8 else { continue }
            var reply = Array(packet[..<length])
            reply.replaceSubrange(12..<20, with: packet[16..<20] + packet[12..<16])
            reply.replaceSubrange(20..<24, with: [0, 0, 0, 0])
            reply.replaceSubrange(22..<24, with: Frames.checksum(Array(reply[20...])))
            count += write(descriptor, reply, length) == length ? 1 : 0
        }
    }
}
