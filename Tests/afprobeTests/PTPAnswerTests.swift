import AFPacketKit
import Testing

@testable import afprobe

/// Answers of PTP clocks, and of hostile ones.
@Suite struct PTPAnswerTests {
    private let station = MACAddress(0x0200_0000_0001)
    private let peer = MACAddress(0x0200_0000_0002)

    private var shape: FrameShape {
        FrameShape(destination: peer, source: station, carrier: .ethernet(PTPHeader.etherType))
    }

    private var requester: PTPRequester {
        PTPRequester(port: PTPPortIdentity(of: station), firstSequence: 0)
    }

    /// Answers are told apart by the requester's port, and a Sync, which names none, by its sequence number.
    @Test func eachRunHasARequesterOfItsOwn() {
        let own = PTPRequester.random(on: station)
        #expect(own.port.clock == PTPPortIdentity(of: station).clock && own.port.port >= 0x8000)
        let form = PeerDelayProtocol(shape, domain: 0, profile: 0, as: own)
        send(form, form.frame(size: 0))
        #expect(answer(form, message(.peerDelayResponse, sequence: own.firstSequence &+ 3)) == nil)
        let delay = DelayProtocol(
            shape, domain: 0, profile: 0, as: PTPRequester(port: own.port, firstSequence: 0xfffe))
        send(delay, delay.frame(size: 0))
        #expect(answer(delay, message(.sync, sequence: 3)) == nil)
        #expect(answer(delay, message(.sync, sequence: 1))?.number == 3)
    }

    private func message(
        _ kind: PTPMessage.Kind, sequence: UInt16 = 3, domain: UInt8 = 0, profile: UInt8 = 0,
        flags: UInt16 = 0x0600, correction: Int64 = 0, seconds: UInt64 = 0, nanoseconds: UInt32 = 0,
        requester: MACAddress? = nil
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 14 + PTPMessage.length)
        var span = bytes.mutableSpan
        let sender = PTPMessage(
            kind: kind, profile: profile, domain: domain, sender: PTPPortIdentity(of: peer),
            sequence: sequence)
        sender.encodeRequest(into: &span, at: 14, length: PTPMessage.length)
        span.storeBigEndian(flags, at: 14 + 6)
        span.storeBigEndian(UInt64(bitPattern: correction), at: 14 + 8)
        span.storeBigEndian(UInt16(truncatingIfNeeded: seconds >> 32), at: 14 + 34)
        span.storeBigEndian(UInt32(truncatingIfNeeded: seconds), at: 14 + 36)
        span.storeBigEndian(nanoseconds, at: 14 + 40)
        let identity = PTPPortIdentity(of: requester ?? station)
        span.storeBigEndian(identity.clock, at: 14 + 44)
        span.storeBigEndian(identity.port, at: 14 + 52)
        return bytes
    }

    private func peerDelay() -> PeerDelayProtocol {
        let form = PeerDelayProtocol(shape, domain: 0, profile: 0, as: requester)
        send(form, form.frame(size: 0))
        return form
    }

    @Test func aTwoStepPeerDelayIsRecognized() {
        let form = peerDelay()
        let response = message(.peerDelayResponse, correction: 3 << 16, seconds: 10, nanoseconds: 5)
        let followUp = message(.peerDelayResponseFollowUp, correction: 4 << 16, seconds: 10, nanoseconds: 105)
        let first = answer(form, response)
        #expect(first?.number == 3 && first?.isWhole == false && first?.isFollowUp == false)
        let second = answer(form, followUp)
        #expect(second?.isFollowUp == true && turnaround(second) == 107)
        #expect(answer(form, followUp) == nil, "it came before")
        #expect(answer(form, response) != nil, "a repeated reply counts as such")
        #expect(isNoneIfCut(form, response, neededLength: 14 + PTPMessage.length))
    }

    @Test func aFollowUpMayComeFirst() {
        let form = peerDelay()
        #expect(answer(form, message(.peerDelayResponseFollowUp, seconds: 10, nanoseconds: 105)) == nil)
        let whole = answer(form, message(.peerDelayResponse, seconds: 10, nanoseconds: 5))
        #expect(whole?.isWhole == true && turnaround(whole) == 100)
    }

    @Test func aOneStepPeerDelayHasItsTurnaroundInTheCorrection() {
        let whole = answer(peerDelay(), message(.peerDelayResponse, flags: 0, correction: 1_234 << 16))
        #expect(whole?.isWhole == true && turnaround(whole) == 1_234)
    }

    /// Two clocks answer a request to the group: times of both must not be subtracted.
    @Test func anotherClocksTimesAreNotMixedIn() {
        let form = peerDelay()
        func other(_ bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            bytes[14 + 20] ^= 1
            return bytes
        }
        let response = message(.peerDelayResponse, seconds: 10, nanoseconds: 5)
        let followUp = message(.peerDelayResponseFollowUp, seconds: 10, nanoseconds: 105)
        #expect(answer(form, response)?.isFollowUp == false)
        #expect(answer(form, other(response))?.isFollowUp == false, "a further reply")
        #expect(answer(form, other(followUp)) == nil)
        #expect(turnaround(answer(form, followUp)) == 100)
    }

    /// IEEE 1588-2019, 11.4.2: the turnaround of a two-step clock may be in the follow-up's correction alone.
    @Test func bothTimesMayBeZero() {
        let form = peerDelay()
        #expect(answer(form, message(.peerDelayResponse))?.isWhole == false)
        #expect(turnaround(answer(form, message(.peerDelayResponseFollowUp, correction: 77 << 16))) == 77)
    }

    /// A repeated message must not add its correction again.
    @Test func repeatedMessagesChangeNothing() {
        let form = DelayProtocol(shape, domain: 0, profile: 0, as: requester)
        send(form, form.frame(size: 0))
        let sync = message(.sync, correction: 9 << 16)
        #expect(answer(form, sync)?.isFollowUp == false && answer(form, sync)?.isFollowUp == false)
        #expect(answer(form, message(.delayResponse, seconds: 10, nanoseconds: 5)) == nil)
        #expect(turnaround(answer(form, message(.followUp, seconds: 10, nanoseconds: 105))) == 109)
    }

    /// A message in a datagram whose checksum is wrong is none.
    @Test func aCorruptDatagramIsCounted() {
        var shape = shape
        let flow = UDPFlow(
            source: IPv4Address(0x0a00_0001), sourcePort: PTPHeader.eventPort,
            destination: IPv4Address(0x0a00_0002),
            destinationPort: PTPHeader.eventPort)
        shape.carrier = .udp4(flow)
        let form = PeerDelayProtocol(shape, domain: 0, profile: 0, as: requester)
        send(form, form.frame(size: 0))
        let content = message(.peerDelayResponse)[14...]
        var bytes = [UInt8](repeating: 0, count: 42) + content
        var span = bytes.mutableSpan
        var answerShape = shape.reversed
        answerShape.carrier = .udp4(flow.reversed)
        answerShape.encodeHeaders(into: &span)
        answerShape.encodeChecksum(into: &span)
        let answers = ForeignAnswers(form: form, framing: .datagram)
        var faults = AnswerFaults()
        #expect(answers.match(ReceivedFrame(bytes.span, isTruncated: false), &faults)?.number == 3)
        #expect(faults.frames.corrupt == 0)
        bytes[60] ^= 1
        #expect(answers.match(ReceivedFrame(bytes.span, isTruncated: false), &faults) == nil)
        #expect(faults.frames.corrupt == 1)
    }

    @Test func othersPeerDelaysAreNone() {
        let form = peerDelay()
        #expect(answer(form, message(.peerDelayResponse, requester: peer)) == nil)
        #expect(answer(form, message(.peerDelayResponse, sequence: 4)) == nil, "not sent yet")
        #expect(answer(form, message(.peerDelayRequest)) == nil)
        #expect(form.mismatch == nil)
        #expect(answer(form, message(.peerDelayResponse, domain: 7)) == nil)
        #expect(form.mismatch == .form(domain: 7, profile: 0))
        #expect(answer(form, message(.peerDelayResponse, profile: 1)) == nil)
        #expect(form.mismatch == .form(domain: 0, profile: 1))
    }

    /// Such an answer counts, and tells no time: neither a turnaround that is plausible by chance, nor that the
    /// responder does not separate arrival from departure.
    @Test func unusableTimesAreNone() {
        let form = peerDelay()
        // The overflowed sum is -2 / 2¹⁶ ns.
        #expect(answer(form, message(.peerDelayResponse, correction: .max, seconds: 10))?.isWhole == false)
        let overflowed = answer(form, message(.peerDelayResponseFollowUp, correction: .max, seconds: 10))
        #expect(overflowed?.isFollowUp == true && turnaround(overflowed) == nil)
        for flags in [0, 0x0600] as [UInt16] {
            let form = peerDelay()
            let absurd = answer(
                form, message(.peerDelayResponse, flags: flags, seconds: 10, nanoseconds: 1_000_000_000))
            #expect(absurd?.isWhole == true && turnaround(absurd) == nil)
            #expect(answer(form, message(.peerDelayResponseFollowUp, seconds: 10)) == nil)
        }
        let delay = DelayProtocol(shape, domain: 0, profile: 0, as: requester)
        send(delay, delay.frame(size: 0))
        #expect(answer(delay, message(.sync))?.isWhole == false)
        let late = answer(delay, message(.delayResponse, seconds: 10, nanoseconds: .max))
        #expect(late?.isFollowUp == true && turnaround(late) == nil)
    }

    /// Times beyond 64 bits of nanoseconds, and corrections that overflow.
    @Test func absurdTimesDoNotTrap() {
        let form = peerDelay()
        _ = answer(
            form, message(.peerDelayResponse, correction: .min, seconds: 0xffff_ffff_ffff, nanoseconds: .max))
        _ = answer(
            form,
            message(
                .peerDelayResponseFollowUp, correction: .min, seconds: 8_999_999_999, nanoseconds: 999_999_999
            ))
        _ = answer(form, message(.peerDelayResponse, flags: 0, correction: .max, seconds: 8_999_999_999))
        let delay = DelayProtocol(shape, domain: 0, profile: 0, as: requester)
        send(delay, delay.frame(size: 0))
        for kind in [PTPMessage.Kind.sync, .followUp, .delayResponse] {
            _ = answer(
                delay, message(kind, correction: .max, seconds: 8_999_999_999, nanoseconds: 999_999_999))
            _ = answer(delay, message(kind, correction: .min, seconds: 0xffff_ffff_ffff))
        }
    }

    @Test(arguments: [[0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1], [0, 2, 1]])
    func aMonitorsThreeMessagesMayComeInAnyOrder(order: [Int]) {
        let form = DelayProtocol(shape, domain: 0, profile: 0, as: requester)
        send(form, form.frame(size: 0))
        let messages = [
            message(.delayResponse, seconds: 10, nanoseconds: 5), message(.sync),
            message(.followUp, seconds: 10, nanoseconds: 105),
        ]
        let answers = order.compactMap { answer(form, messages[$0]) }
        #expect(answers.filter { !$0.isFollowUp }.count == 1, "the Sync is the reply")
        #expect(answers.compactMap(turnaround) == [100])
        #expect(answers.allSatisfy { $0.number == 3 })
        #expect(form.mismatch == nil)
    }

    @Test func aDelayResponseAloneIsNoReply() {
        let form = DelayProtocol(shape, domain: 0, profile: 0, as: requester)
        send(form, form.frame(size: 0))
        #expect(answer(form, message(.delayResponse, seconds: 10, nanoseconds: 5)) == nil)
        #expect(answer(form, message(.sync, flags: 0x0200)) == nil, "to all")
        #expect(form.mismatch == .noSync)
    }

    @Test func numbersOutliveTheirSixteenBits() {
        var numbers = ShortNumbers()
        #expect(numbers.whole(0) == nil && numbers.whole(1) == nil)
        #expect(numbers.send(70_000) == 4_464)
        #expect(numbers.whole(4_464) == 70_000 && numbers.whole(4_463) == 69_999)
        #expect(numbers.whole(4_465) == 4_465, "the one before the latest with these bits")
        _ = numbers.send(69_998)
        #expect(numbers.whole(4_464) == 70_000, "an earlier request is captured again")
    }
}
