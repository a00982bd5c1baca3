import AFPacketKit
import Foundation
import Testing

/// Whatever arrives, it is counted for what it is, and answered only where it deserves it.
@Suite(.needs("tcpdump"))
struct HostileFrameTests {
    /// A request as documented, with its check value.
    private func request(
        number: UInt8 = 1, kind: UInt8 = 2, length: UInt8 = 136, version: UInt8 = 1
    ) -> [UInt8] {
        var message = Frames.magic + [number, 0, 0, 0, 0, 0, 0, 0]
        message += [0xa1, 0xf7, 0x0b, 0x5e, version, kind, length, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        message += [9, 9, 9, 9, 9, 9, 9, 9] + [UInt8](repeating: 0, count: Int(length) - 40)
        message.replaceSubrange(24..<26, with: Frames.checksum(message))
        return message
    }

    @Test func everyFaultHasItsCounter() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--no-reply")
        var corrupt = request()
        corrupt[60] ^= 1
        try hosts.near.inject([
            Frames.ethernet([UInt8](repeating: 0x55, count: 46)),  // foreign
            Frames.ethernet([]),  // foreign: nothing in it
            Frames.ethernet(Array(Frames.magic.prefix(5))),  // truncated
            Frames.ethernet(Array(request().prefix(100))),  // truncated
            Frames.ethernet(corrupt),  // corrupt
            Frames.ethernet(request(version: 2)),  // other version
            Frames.ethernet(request()),
        ])
        try listener.waitForOutput(containing: "RX Recvmsg")
        let result = try listener.interrupt()
        let counts = ["foreign", "truncated", "corrupt", "other_version", "probes"].map {
            result.summary("RX Summary", $0)
        }
        #expect(counts == [2, 2, 1, 1, 1], "\(result)")
    }

    @Test func damagedDatagramsAreCounted() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--udp")
        var damaged = Frames.referenceProbe(number: 1)
        damaged[50] ^= 1
        var cut = Frames.referenceProbe(number: 2)
        cut.removeLast(4)
        var lying = Frames.referenceProbe(number: 3)
        lying[38] = 0xff
        try hosts.near.inject([damaged, cut, lying, Frames.referenceProbe(number: 4)])
        try listener.waitForOutput(containing: "probe=4")
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "corrupt") == 2, "\(result)")
        #expect(result.summary("RX Summary", "truncated") == 1)
        #expect(result.summary("RX Summary", "probes") == 1)
    }

    /// Requests to or from a group, replies, and requests with someone else's address are not answered.
    @Test func onlyRequestsBetweenTwoStationsAreAnswered() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen()
        let capture = try hosts.near.capture("-Q", "in", "-e", "ether proto 0x88b5")
        var toAll = Frames.ethernet(request(number: 1))
        toAll.replaceSubrange(0..<6, with: [UInt8](repeating: 0xff, count: 6))
        try hosts.near.inject([
            toAll,
            Frames.ethernet(request(number: 2), from: [0x01, 0, 0x5e, 0, 0, 1]),
            Frames.ethernet(request(number: 3), from: [UInt8](repeating: 0xff, count: 6)),
            Frames.ethernet(request(number: 4), from: [0, 0, 0, 0, 0, 0]),
            Frames.ethernet(request(number: 5), from: Frames.far),
            Frames.ethernet(request(number: 6, kind: 3)),
            Frames.ethernet(request(number: 7, kind: 4)),
            Frames.ethernet(Array(request(number: 8).prefix(16))),
            Frames.ethernet(request(number: 9)),
        ])
        try listener.waitForOutput(containing: "probe=9")
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "probes") == 9, "\(result)")
        #expect(result.summary("RX Summary", "replies") == 1)
        try capture.waitForOutput(containing: "0x88b5")
        let dump = try capture.interrupt()
        #expect(dump.lines.filter { $0.contains("0x88b5") }.count == 1, "\(dump)")
        #expect(dump.output.contains("length 150:"), "the reply is as long as the request")
    }

    /// A frame from a tap device may be longer than any MTU, and than IP has a length for.
    /// The kernel sends to any address by an interface that it is told to send by. That is no route.
    @Test func onlyRoutesMakeAnAddressOneOfTheLink() throws {
        let hosts = try Namespaces()
        func isOnLink(_ text: String) throws -> Bool {
            let address = try #require(IPAddress(text))
            return try hosts.far.inNamespace {
                (try? NetworkInterface(named: "vb").isOnLink(address)) ?? false
            }
        }
        func route(_ words: String...) throws {
            try Program.expect(["ip", "-n", hosts.far.namespace, "route", "add"] + words)
        }
        #expect(try isOnLink("10.77.0.9") && isOnLink("fd77::9"))
        for address in ["8.8.8.8", "169.254.9.9", "2001:db8::1"] { #expect(try !isOnLink(address)) }
        try route("198.51.100.0/24", "dev", "vb")
        try route("203.0.113.0/24", "via", "10.77.0.1")
        #expect(try isOnLink("198.51.100.5") && !isOnLink("203.0.113.5"))
        // A default route by another interface is none by this one.
        try Program.expect([
            "ip", "-n", hosts.far.namespace, "link", "add", "ve", "up", "type", "veth", "peer", "name", "vf",
        ])
        try route("default", "dev", "ve")
        #expect(try !isOnLink("8.8.8.8") && isOnLink("10.77.0.9"))
    }

    @Test(.needsDevice("/dev/net/tun")) func overlongRequestsAreNotAnswered() throws {
        let hosts = try Namespaces()
        let tap = try Tap(in: hosts.far, address: hosts.far.address)
        let listener = try hosts.far.listen("--udp", "--address", hosts.far.ipv4, on: tap.name)
        let datagram = Frames.datagram(request())
        for size in [65_557, datagram.count] {
            try tap.write(datagram + [UInt8](repeating: 0, count: size - datagram.count))
        }
        try listener.waitForOutput(containing: "RX Recvmsg", count: 2)
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "replies_failed") == 1, "\(result)")
        #expect(result.summary("RX Summary", "replies") == 1)
    }

    @Test func aFloodOfNoiseEndsNothing() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-q")
        for _ in 0..<20 {
            try hosts.near.inject(
                (0..<200).map { _ in
                    var frame = Frames.ethernet(request())
                    frame.removeLast(Int.random(in: 0...136))
                    for _ in 0..<3 where frame.count > 14 {
                        frame[Int.random(in: 14..<frame.count)] = .random(in: 0...255)
                    }
                    return frame
                })
        }
        let ping = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-c", "1").finish()
        #expect(ping.status == 0, "\(ping)")
        let result = try listener.interrupt()
        #expect(result.summary("RX Summary", "packets") == 4001, "\(result)")
    }
}
