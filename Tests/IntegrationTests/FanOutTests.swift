import AFPacketKit
import Foundation
import Glibc
import Testing

/// `listen --fanout`: every frame reaches one of the threads.
@Suite(.needs())
struct FanOutTests {
    @Test(arguments: [["--fanout", "2"], ["--fanout", "8"], ["--fanout", "3", "--ring"]])
    func everyProbeIsPrintedOnce(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen(options: options + ["-c", "3000", "--no-reply"])
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "3000", "-I", "50us", "-q"
        ).finish()
        #expect(sent.status == 0, "\(sent)")
        let received = try listener.finish()
        #expect(received.status == 0)
        let numbers = received.lines("RX Recvmsg").compactMap { $0["probe"].flatMap { Int($0) } }
        #expect(numbers.sorted() == Array(1...3000))
        #expect(received.summary("RX Summary", "probes") == 3000)
        #expect(received.summary("RX Summary", "packets") == 3000)
        #expect(received.summary("RX Summary", "drops") == 0)
    }

    /// A group of sockets has a hook of its own in the kernel, which PACKET_IGNORE_OUTGOING of its sockets does not reach.
    @Test(arguments: [[], ["--ring"], ["--fanout", "2"], ["--fanout", "2", "--ring"]])
    func framesOfThisHostAreNotReceived(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen(options: options + ["-c", "7"])
        for (host, count) in [(hosts.far, "5"), (hosts.near, "7")] {
            let sent = try host.afprobe(
                "send", "-i", host.interface, "-d", "ff:ff:ff:ff:ff:ff", "-c", count, "-I", "1ms", "-q"
            ).finish()
            #expect(sent.status == 0, "\(sent)")
        }
        let received = try listener.finish()
        let numbers = received.lines("RX Recvmsg").compactMap { $0["probe"].flatMap { Int($0) } }
        #expect(numbers.sorted() == Array(1...7), "\(received)")
        #expect(received.summary("RX Summary", "packets") == 7, "\(received)")
    }

    @Test(arguments: [["--fanout", "4"], ["--fanout", "4", "--ring"]])
    func countersAreSummedUp(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen(options: options + ["-q", "-c", "5000"])
        var damaged = Frames.ethernet(Frames.magic + [UInt8](repeating: 0, count: 8))
        damaged.removeLast(4)
        let foreign = Frames.ethernet([UInt8](repeating: 0x55, count: 46))
        // Each thread gets some of them, and probes afterwards.
        try hosts.near.inject(Array(repeating: damaged, count: 6) + Array(repeating: foreign, count: 5))
        _ = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "5000", "-I", "0", "-q"
        ).finish()
        let result = try listener.finish()
        let keys = ["truncated", "foreign", "probes", "packets", "drops"]
        #expect(keys.map { result.summary("RX Summary", $0) } == [6, 5, 5000, 5011, 0], "\(result)")
        #expect(result.lines("RX Stats").last?["packets"] == "5011")
    }

    /// A thread hands over only the beginning of such a frame.
    @Test(arguments: [["--fanout", "2"], ["--fanout", "2", "--ring"]])
    func longProbesArePrinted(options: [String]) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen(options: options + ["-c", "3", "-v"])
        _ = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "3", "-I", "1ms", "--size", "1400"
        ).finish()
        let received = try listener.finish()
        #expect(received.status == 0, "\(received)")
        #expect(received.lines("RX Recvmsg").map { $0["size"] } == ["1400", "1400", "1400"])
    }

    /// No probe comes after them.
    @Test func lastFaultsAreCounted() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--fanout", "2", "-q", "-w", "1s")
        try hosts.near.inject(
            Array(repeating: Frames.ethernet([UInt8](repeating: 0x55, count: 46)), count: 4))
        #expect(try listener.finish().summary("RX Summary", "foreign") == 4)
    }

    @Test func pingsAreAnswered() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--fanout", "3", "-q")
        let pinged = try hosts.near.afprobe("ping", "-i", "va", hosts.far.address, "-c", "9", "-I", "1ms")
            .finish()
        #expect(pinged.summary("PING Summary", "received") == 9, "\(pinged)")
        #expect(try listener.interrupt().summary("RX Summary", "replies") == 9)
    }

    @Test func aCountEndsTheRunWhateverElseComes() throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("--fanout", "4", "-c", "100", "--no-reply")
        let sender = try hosts.near.afprobe("send", "-i", "va", "-d", hosts.far.address, "-I", "0", "-q")
        let result = try listener.finish()
        #expect(try sender.interrupt().status == 0)
        #expect(result.summary("RX Summary", "probes") == 100, "\(result)")
        #expect(result.lines("RX Recvmsg").count == 100)
    }

    /// The sockets of one group get a single flow's frames in turn, each with its own share; those of another group,
    /// all.
    @Test func theKernelGivesFramesInTurn() throws {
        let hosts = try Namespaces()
        let counts = try hosts.far.shares(ofGroups: [3, 2]) {
            try hosts.near.inject((0..<12).map { Frames.ethernet([UInt8](repeating: $0, count: 46)) })
        }
        #expect(counts == [[4, 4, 4], [6, 6]])
    }

    @Test(arguments: ["0", "9", "-1", "two"])
    func theNumberOfThreadsIsLimited(value: String) throws {
        let result = try Program.run([Tool.afprobe, "listen", "-i", "none", "--fanout=\(value)"])
        #expect(result.status == 2, "\(result)")
        #expect(result.errors.contains("a number of threads from 1 to 8"), "\(result)")
    }
}

extension Namespaces.Host {
    /// The number of frames that each socket gets of those that `send` sends to this host, with groups of so many
    /// sockets.
    fileprivate func shares(ofGroups sizes: [Int], _ send: @escaping @Sendable () throws -> Void) throws
        -> [[Int]]
    {
        try inNamespace {
            let interface = try NetworkInterface(named: interface)
            let filter = SocketFilter.frames(of: .localExperimental1, to: [interface.address])
            final class Member {
                let socket: TimestampedSocket; init(_ s: consuming TimestampedSocket) { socket = s }
            }
            var groups: [[Member]] = []
            for size in sizes {
                var group = FanOutGroup()
                groups.append(
                    try (0..<size).map { _ in
                        let socket = try PacketSocket.receiver(
                            on: interface, filter: .rejectAll, timestamping: [])
                        try group.add(socket)
                        try socket.replaceFilter(by: filter)
                        return Member(socket)
                    })
            }
            try send()
            return try groups.map { try $0.map { Int(try $0.socket.takeStatistics().packets) } }
        }
    }
}
