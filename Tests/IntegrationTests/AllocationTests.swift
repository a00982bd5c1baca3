import Foundation
import Testing

/// No loop that measures takes memory from the heap for a frame.
@Suite(.needs("cc"))
struct AllocationTests {
    /// A hundred thousand frames lie between the two runs of a loop.
    private static let frames = (fewer: 50_000, more: 150_000)
    /// For what a longer run does more often, such as to look at the NIC and to write its statistics each second,
    /// however many seconds it takes: far less than an allocation for each batch of 64 would make.
    private static let tolerance = 500

    @Test func sendingAllocatesNothing() throws {
        try expectNoneForFrames { hosts, counter, count in
            let sent = try Program(
                hosts.near.command(
                    [Tool.release, "send", "-i", "va", "-d", hosts.far.address, "-c", "\(count)"]
                        + ["-I", "0", "-q"]), environment: counter.environment
            ).finish()
            #expect(sent.summary("TX Summary", "stamped_software") == count, "\(sent)")
        }
    }

    @Test func listeningAllocatesNothing() throws {
        try expectNoneForFrames { hosts, counter, count in
            let listener = try hosts.far.listen(Tool.release, counter)
            try send(count, from: hosts)
            let received = try listener.interrupt()
            let probes = try #require(received.summary("RX Summary", "probes"))
            let drops = try #require(received.summary("RX Summary", "drops"))
            #expect(probes + drops == count && probes > count / 2, "\(received)")
        }
    }

    @Test func pingingAllocatesNothing() throws {
        try expectNoneForFrames { hosts, counter, count in
            let responder = try hosts.far.listen(Tool.release)
            try ping(count, from: hosts, counter.environment)
            _ = try responder.interrupt()
        }
    }

    @Test func answeringAllocatesNothing() throws {
        try expectNoneForFrames { hosts, counter, count in
            let responder = try hosts.far.listen(Tool.release, counter)
            try ping(count, from: hosts)
            let answered = try responder.interrupt()
            #expect(answered.summary("RX Summary", "replies") == count, "\(answered)")
        }
    }

    /// Runs a loop over fewer and over more frames and compares what it took from the heap.
    private func expectNoneForFrames(_ loop: (Namespaces, AllocationCounter, Int) throws -> Void) throws {
        let hosts = try Namespaces()
        let counts = try [Self.frames.fewer, Self.frames.more].map { count in
            let counter = try AllocationCounter()
            try loop(hosts, counter, count)
            return try counter.total()
        }
        #expect(
            counts[1] <= counts[0] + Self.tolerance,
            "\(counts[0]) allocations for \(Self.frames.fewer) frames, \(counts[1]) for \(Self.frames.more)")
    }

    private func send(_ count: Int, from hosts: Namespaces) throws {
        _ = try Program(
            hosts.near.command(
                [Tool.release, "send", "-i", "va", "-d", hosts.far.address, "-c", "\(count)"]
                    + ["-I", "0", "-q"])
        ).finish()
    }

    private func ping(_ count: Int, from hosts: Namespaces, _ environment: [String: String] = [:]) throws {
        let pinged = try Program(
            hosts.near.command(
                [Tool.release, "ping", "-i", "va", hosts.far.address, "-c", "\(count)", "-I", "0", "-q"]),
            environment: environment
        ).finish()
        #expect(pinged.summary("PING Summary", "received") == count, "\(pinged)")
    }
}

extension Namespaces.Host {
    /// Starts a quiet listener, and returns once it receives.
    fileprivate func listen(_ afprobe: String, _ counter: AllocationCounter? = nil) throws -> Program {
        let listener = try Program(
            command([afprobe, "listen", "-i", interface, "-q", "-w", "60", "--stats", "1"]),
            environment: counter?.environment ?? [:])
        try listener.waitForOutput(containing: "RX Stats")
        return listener
    }
}

/// Counts the allocations of a program by a library that is put before the C library's.
private final class AllocationCounter {
    private let library: PreloadedLibrary
    private var report: URL { library.folder.appending(path: "report") }

    init() throws { library = try PreloadedLibrary("count-allocations.c") }

    /// The environment to start the program with.
    var environment: [String: String] {
        library.environment.merging(["ALLOCATIONS": report.path]) { $1 }
    }

    /// The program's count. The one that started it, `ip netns exec`, was replaced by it and reports nothing.
    func total() throws -> Int {
        let reports = try String(contentsOf: report, encoding: .utf8).split(separator: "\n")
        #expect(reports.count == 1, "one program, one report: \(reports)")
        let value = try #require(reports.first?.split(separator: "=").last)
        return try #require(Int(value))
    }
}
