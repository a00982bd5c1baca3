import Foundation
import Testing

/// When frames leave, by the kernel's stamps.
@Suite(.needs("tc", "setpriv"))
struct PaceTests {
    private static let keys = ["min", "p50", "p99", "max"].map { "schedule_error_\($0)_ns" }

    /// A percentile that so few values cannot carry is left out.
    @Test func aFewProbesHaveNo99thPercentile() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "10", "-I", "1ms", "-q"
        ).finish()
        #expect(
            Self.keys.map { sent.summary("TX Summary", $0) != nil } == [true, true, false, true], "\(sent)")
    }

    @Test func theScheduleErrorIsThatOfTheStamps() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "100", "-I", "5ms"
        ).finish()
        let errors = Self.keys.compactMap { sent.summary("TX Summary", $0) }
        try #require(errors.count == 4, "\(sent)")
        #expect(errors == errors.sorted() && errors[0] > 0, "\(sent)")
        // Frames stay on the schedule, so that the extremes of their stamps are those of the errors.
        let stamps = sent.lines("TX Recvmsg").compactMap { $0["software_ns"].flatMap { Int($0) } }
        #expect(stamps.count == 100)
        let places = zip(stamps, 0...).map { stamp, index in stamp - index * 5_000_000 }
        let least = try #require(places.min())
        let isOnTime = places.allSatisfy { $0 - least < 5_000_000 }
        // Where the machine stood still for a whole interval, frames have been left out.
        guard isOnTime, let greatest = places.max() else { return }
        let difference = greatest - least - (errors[3] - errors[0])
        #expect(abs(difference) < 1_000, "\(difference): \(sent)")
    }

    // MARK: Batches

    /// The frames of a batch are handed over by one call, and have one time before it.
    @Test(arguments: [("5ms", 4), ("0", 4), ("0", 3), ("0", 1)])
    func aBatchIsSentByOneCall(interval: String, batch: Int) throws {
        let hosts = try Namespaces()
        let listener = try hosts.far.listen("-c", "10")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "10", "-I", interval, "--batch", "\(batch)",
            "-v"
        ).finish()
        let lines = sent.lines("TX Recvmsg")
        #expect(lines.map { $0["probe"] } == (1...10).map { "\($0)" }, "\(sent)")
        let calls = lines.compactMap { $0["userspace_ns"].flatMap { Int($0) } }
        #expect(calls.count == 10 && Set(calls).count == (10 + batch - 1) / batch, "\(calls)")
        for (index, call) in calls.enumerated() { #expect(call == calls[index - index % batch], "\(calls)") }
        let received = try listener.finish().lines("RX Recvmsg")
        #expect(received.map { $0["probe"] } == lines.map { $0["probe"] })
    }

    @Test(arguments: ["1", "3", "64", "1024"])
    func flatOutNoStampIsLost(batch: String) throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "20000", "-I", "0", "-q", "--batch", batch
        ).finish()
        for (key, count) in [
            ("sent", 20000), ("stamped_software", 20000), ("missing_software", 0), ("unmatched", 0),
            ("mismatched", 0), ("failed", 0),
        ] {
            #expect(sent.summary("TX Summary", key) == count, "\(key): \(sent)")
        }
    }

    /// A slow queue holds what the socket may have under way: the rest of a batch waits for room.
    @Test(arguments: ["1", "1000"])
    func theRestOfABatchWaitsForRoom(batch: String) throws {
        let hosts = try Namespaces()
        try queue(["rate", "4mbit", "burst", "2k", "latency", "5s"], on: hosts.near)
        let listener = try hosts.far.listen("-c", "1200", "-q")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "1200", "-I", "0", "-W", "5s", "-q", "--batch",
            batch
        ).finish()
        for (key, count) in [
            ("sent", 1200), ("stamped_software", 1200), ("unmatched", 0), ("mismatched", 0), ("failed", 0),
        ] {
            #expect(sent.summary("TX Summary", key) == count, "\(key): \(sent)")
        }
        #expect(try listener.finish().summary("RX Summary", "probes") == 1200)
    }

    /// A queue that is full drops a frame in the middle of a batch: it is told apart from those around it.
    @Test func aFrameThatIsDroppedInABatchIsCounted() throws {
        let hosts = try Namespaces()
        try queue(["rate", "64kbit", "burst", "2k", "limit", "3000"], on: hosts.near)
        let listener = try hosts.far.listen("-q")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "320", "-I", "10us", "-W", "5s", "-q",
            "--batch", "32"
        ).finish()
        let received = try listener.interrupt()
        let counts = ["sent", "failed", "stamped_software", "mismatched"].compactMap {
            sent.summary("TX Summary", $0)
        }
        #expect(counts.count == 4 && counts[0] + counts[1] == 320, "\(sent)")
        #expect(sent.errors.contains("This host drops frames before the NIC"), "\(sent)")
        #expect(counts[1] > 0 && counts[2] == counts[0] && counts[3] == 0, "\(sent)")
        #expect(received.summary("RX Summary", "probes") == counts[0], "\(received)")
    }

    /// The call that ends a batch at a frame that was dropped does not say so, and the frame has used up a key.
    @Test(arguments: ["1", "256"])
    func aFrameThatWasDroppedUnsaidIsSentAgain(batch: String) throws {
        let hosts = try Namespaces()
        try queue(["rate", "20mbit", "burst", "2k", "limit", "3000"], on: hosts.near)
        let listener = try hosts.far.listen("-q")
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "5000", "-I", "0", "-q", "--batch", batch
        ).finish()
        let received = try listener.interrupt()
        for (key, count) in [("sent", 5000), ("stamped_software", 5000), ("mismatched", 0), ("unmatched", 0)]
        {
            #expect(sent.summary("TX Summary", key) == count, "\(key): \(sent)")
        }
        #expect(received.summary("RX Summary", "probes") == 5000, "\(received)")
    }

    /// A token bucket: a queue as slow, and as long, as it is told.
    private func queue(_ parameters: [String], on host: Namespaces.Host) throws {
        try Program.expect(
            ["tc", "-n", host.namespace, "qdisc", "add", "dev", host.interface, "root", "tbf"] + parameters)
    }

    // MARK: Launch times

    @Test func whereNothingLaunchesIsTold() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "2", "-I", "5ms", "--launch-time", "1ms"
        ).finish()
        #expect(sent.errors.contains("No qdisc of interface va honours launch times"), "\(sent)")
        #expect(sent.errors.contains("qdiscs=noqueue"), "\(sent)")
        for key in ["launch_missed", "launch_invalid"] { #expect(sent.summary("TX Summary", key) == 0) }
        #expect(sent.summary("TX Summary", "stamped_software") == 2)
    }

    @Test func withoutTheRightLaunchTimesAreRefused() throws {
        let hosts = try Namespaces()
        let sent = try Program(
            hosts.near.command(
                ["setpriv", "--bounding-set", "-net_admin", Tool.afprobe, "send", "-i", "va"]
                    + ["-d", hosts.far.address, "--launch-time", "1ms"])
        ).finish()
        #expect(sent.status == 3, "\(sent)")
        #expect(sent.errors.contains("SO_TXTIME: Operation not permitted"), "\(sent)")
        #expect(sent.errors.contains("CAP_NET_ADMIN is missing"), "\(sent)")
    }

    // MARK: Without a schedule

    @Test func withoutAScheduleThereIsNoError() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "5", "-I", "0", "--format", "json"
        ).finish()
        for key in Self.keys { #expect(sent.output.contains("\"\(key)\":null"), "\(sent)") }
    }
}
