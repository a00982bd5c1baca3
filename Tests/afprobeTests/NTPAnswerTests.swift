import AFPacketKit
import Testing

@testable import afprobe

/// Responses of NTP servers, and of hostile ones.
@Suite struct NTPAnswerTests {
    private func response(_ number: UInt64, _ change: (inout NTPMessage) -> Void = { _ in }) -> [UInt8] {
        var response = NTPMessage()
        (response.mode, response.stratum, response.origin) = (4, 2, 42 ^ number)
        response.receive = 0xea00_0000_0000_0000
        response.transmit = 0xea00_0000_8000_0000
        change(&response)
        var bytes = [UInt8](repeating: 0, count: NTPMessage.length)
        var span = bytes.mutableSpan
        response.encode(into: &span)
        return bytes
    }

    /// NTP's short format: 16 bits of seconds, 16 bits of their fraction. RFC 5905, section 6
    @Test(
        arguments: [
            (0, 0), (1, 15_258), (0x8000, 500_000_000), (0x1_0000, 1_000_000_000),
            (0xffff_ffff, 65_535_999_984_741),
        ] as [(UInt32, Int64)])
    func aShortDurationIsExact(short: UInt32, nanoseconds: Int64) {
        #expect(NTPMessage.nanoseconds(short: short) == nanoseconds)
    }

    @Test func anNTPResponseIsRecognized() {
        let form = NTPProtocol(session: 42)
        let request = send(form, form.frame())
        #expect(request.count == 48 && request[0] == 0x23)
        #expect(request.dropFirst().prefix(39).allSatisfy { $0 == 0 }, "nothing of this host's clock")
        #expect(answer(form, request) == nil, "a request is no response")
        let whole = answer(form, response(2))
        #expect(whole?.number == 2 && whole?.isWhole == true && turnaround(whole) == 500_000_000)
        #expect(answer(form, response(4)) == nil && answer(form, response(0)) == nil, "such was not sent")
        #expect(answer(form, response(1) { $0.mode = 5 }) == nil, "a broadcast")
        #expect(isNoneIfCut(form, response(2), neededLength: NTPMessage.length))
        #expect(turnaround(answer(form, response(1) { $0.receive = 0 })) == nil, "no time")
        #expect(turnaround(answer(form, response(1) { ($0.receive, $0.transmit) = (.max, 1) })) != nil)
        #expect(form.facts[.stratum] == .number(2))
        #expect(form.kiss == nil)
        // INIT: not synchronised, and no refusal.
        #expect(answer(form, response(1) { ($0.stratum, $0.reference) = (0, 0x494e_4954) })?.number == 1)
        #expect(form.kiss == nil)
        #expect(answer(form, response(1) { ($0.stratum, $0.reference) = (0, 0x5241_5445) }) == nil)
        #expect(form.kiss == "RATE")
    }

    @Test func anInterleavedResponseCompletesTheOneBefore() throws {
        let form = NTPProtocol(session: 42, isInterleaved: true, last: 4)
        var copy = RenumberedFrame(form.frame())
        func request(_ number: UInt64) -> (origin: UInt64, receive: UInt64, transmit: UInt64) {
            copy.renumber(to: number)
            let bytes = copy.bytes.span
            return (bytes.bigEndian64(at: 24), bytes.bigEndian64(at: 32), bytes.bigEndian64(at: 40))
        }
        let first = request(1)
        #expect(first.origin == 0 && first.receive != first.transmit)
        #expect(answer(form, response(1) { $0.receive = 1 << 63 | 100 })?.isWhole == true, "basic")
        let second = request(2)
        #expect(second.origin == (1 as UInt64) << 63 | 100, "the request names the response by its time")
        func interleaved(_ origin: UInt64, receive: UInt64, transmit: UInt64) -> ForeignAnswer? {
            answer(
                form,
                response(0) {
                    ($0.origin, $0.receive, $0.transmit) = (
                        origin, 1 << 63 | receive << 32, 1 << 63 | transmit << 32
                    )
                })
        }
        let two = try #require(interleaved(second.receive, receive: 10, transmit: 5))
        #expect(two.number == 2 && !two.isWhole && two.completed == nil, "the first was complete")
        #expect(turnaround(two) == nil)
        let third = request(3)
        let three = try #require(interleaved(third.receive, receive: 20, transmit: 13))
        #expect(three.number == 3 && three.further?.number == 2 && three.further?.isFollowUp == true)
        #expect(turnaround(three.further) == 3_000_000_000)
        #expect(interleaved(third.receive, receive: 20, transmit: 13)?.further == nil, "repeated")
        let fourth = request(4)
        let four = try #require(interleaved(fourth.receive, receive: 30, transmit: 21))
        #expect(four.isWhole && turnaround(four) == nil && turnaround(four.further) == 1_000_000_000)
        #expect(interleaved(~(42 ^ 9), receive: 1, transmit: 1) == nil, "not sent")
    }

    /// The epoch, the last second before the era ends, and the first of the next.
    @Test(
        arguments: [
            (2_208_988_800 << 32, 0), (0xffff_ffff << 32, 2_085_978_495 * 1_000_000_000),
            (1, 2_085_978_496 * 1_000_000_000), (2_208_988_800 << 32 | 0x8000_0000, 500_000_000),
            (2_208_988_800 << 32 | 0xffff_ffff, 1_000_000_000),
        ] as [(UInt64, Int64)])
    func timesAreRightBeyondTheEra(time: UInt64, nanoseconds: Int64) {
        #expect(NTPMessage.nanoseconds(time) == nanoseconds)
    }
}
