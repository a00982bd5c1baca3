import Foundation
import Testing

/// When frames leave, by the kernel's stamps.
@Suite(.needs("tcpdump"))
struct PaceTests {
    private static let keys = ["min", "p50", "p99", "max"].map { "schedule_error_\($0)_ns" }

    @Test func theScheduleErrorIsThatOfTheStamps() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "20", "-I", "5ms"
        ).finish()
        let errors = Self.keys.compactMap { sent.summary("TX Summary", $0) }
        #expect(errors.count == 4 && errors == errors.sorted() && errors[0] > 0, "\(sent)")
        // Frames stay on the schedule, so that the extremes of their stamps are those of the errors.
        let stamps = sent.lines("TX Recvmsg").compactMap { $0["software_ns"].flatMap { Int($0) } }
        #expect(stamps.count == 20)
        let places = zip(stamps, 0...).map { stamp, index in stamp - index * 5_000_000 }
        let least = try #require(places.min())
        let isOnTime = places.allSatisfy { $0 - least < 5_000_000 }
        // Where the machine stood still for a whole interval, frames have been left out.
        guard isOnTime, let greatest = places.max() else { return }
        let difference = greatest - least - (errors[3] - errors[0])
        #expect(abs(difference) < 1_000, "\(difference): \(sent)")
    }

    @Test func withoutAScheduleThereIsNoError() throws {
        let hosts = try Namespaces()
        let sent = try hosts.near.afprobe(
            "send", "-i", "va", "-d", hosts.far.address, "-c", "5", "-I", "0", "--format", "json"
        ).finish()
        for key in Self.keys { #expect(sent.output.contains("\"\(key)\":null"), "\(sent)") }
    }
}
