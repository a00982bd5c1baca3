import AFPacketKit
import Testing

@testable import afprobe

/// Whole runs against hosts without afprobe.
@Suite struct ForeignPingRunTests {
    /// A protocol of eight bytes, the number, whose answers name it or, with `isNumberless`, the last request.
    private final class Numbers: PingProtocol {
        private var latest: UInt64 = 0
        let isNumberless: Bool

        init(isNumberless: Bool) { self.isNumberless = isNumberless }

        func frame() -> ProbeFrame { ProbeFrame([UInt8](repeating: 0, count: 64), self, witnessAt: 0) }

        @_lifetime(request: copy request)
        func renumber(_ request: inout MutableSpan<UInt8>, to number: UInt64) {
            latest = max(latest, number)
            request.storeBigEndian(number, at: 0)
        }

        func match(_ message: Span<UInt8>) -> ForeignAnswer? {
            ForeignAnswer(number: isNumberless ? latest : message.bigEndian64(at: 0))
        }
    }

    private func run(
        _ name: PingProtocolName, delay: Int64, interval: Int64, timeout: Int64, hasStages: Bool = false
    ) -> (result: PingResult, log: [String]) {
        let network = ScriptedNetwork()
        let events = RecordedEvents()
        network.sender.stamps = { _ in Path().requestStamps }
        network.sender.whenSent = { frame in
            let bytes = frame.bytes
            network.after(delay) {
                let stamps = Ancillary(software: Timestamp(nanoseconds: network.realTime.nanoseconds - 700))
                network.receiver.receive(bytes, stamps)
            }
        }
        var plan = PingPlan.scripted(
            .scripted(interval: interval, count: 4, timeout: timeout), hasStages: hasStages)
        (plan.protocolName, plan.host) = (name, .host(.v4(IPv4Address(1))))
        let form = Numbers(isNumberless: name.isOneAtATime)
        var run = PingRun(
            ScriptedPort(network.sender), Receiver(ScriptedPort(network.receiver), on: network.interface),
            form.frame(),
            ForeignAnswers(form: form), plan, network.snapshot, network.reader, events)
        try? run.begin()
        _ = play(&run, on: network)
        run.finish()
        return (run.result, events.log)
    }

    @Test func theWholeRoundTripIsTheNetworkIfNoTimeIsTold() throws {
        let (result, _) = run(
            .icmp, delay: millisecond, interval: 100 * millisecond, timeout: second, hasStages: true)
        #expect(result.counts[.received] == 4 && result.counts[.missingFollowUps] == 0)
        let rtt = try #require(result[.rtt])
        #expect(rtt.minimum == result[.network]?.minimum && rtt.minimum == result[.link]?.minimum)
        #expect(result[.turnaround] == nil && result.bounds.offset == nil)
        #expect(result[.replyWakeup]?.count == 4 && result[.respond] == nil)
    }

    /// An answer of a protocol with times may lack them, or have such as cannot be.
    @Test func timesThatNoReplyHasAreNotPromised() {
        let (result, _) = run(.ntp, delay: millisecond, interval: 100 * millisecond, timeout: second)
        let text = PingSummaryText(
            result: result, tails: [], peer: .station(ScriptedNetwork.peer), elapsed: 0, missingHardware: [],
            drawsHistogram: false, style: TextStyle()
        ).text
        #expect(result.counts[.received] == 4 && result[.turnaround] == nil)
        #expect(text.contains("no reply has usable times of the responder"), "\(text)")
        #expect(!text.contains("as the responder tells it"), "\(text)")
    }

    /// No figure tells what nobody has told.
    @Test func theRespondersCountersAreNotKnown() {
        let (result, _) = run(.icmp, delay: 2 * second, interval: millisecond, timeout: millisecond)
        #expect(result.counts[.lost] == 4 && result.value(of: .lost) == 4)
        for counter in [
            Counter.lostReached, .responderDuplicates, .responderRestarts, .responderSuppressed,
            .responderRefused,
            .responderDrops,
        ] { #expect(result.value(of: counter) == nil, "\(counter)") }
    }

    /// A reply that comes after its timeout must not be taken for the next request's.
    @Test func aLateReplyWithoutANumberIsNotTheNextOnes() {
        let (result, _) = run(
            .arp, delay: 150 * millisecond, interval: 100 * millisecond, timeout: 100 * millisecond)
        #expect(result.counts[.sent] == 4 && result.counts[.received] == 0)
        #expect(result.counts[.late] == 3 && result.counts[.lost] == 1, "the run ends with the last timeout")
        #expect(result[.rtt] == nil, "no figure is made of it")
    }
}
