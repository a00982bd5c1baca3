import AFPacketKit
import Testing

@testable import afprobe

/// Answers of other hosts' programs, and of hostile ones: absurd, repeated, reordered and truncated.
@Suite struct ForeignAnswerTests {
    private let station = MACAddress(0x0200_0000_0001)
    private let peer = MACAddress(0x0200_0000_0002)

    private var shape: FrameShape {
        FrameShape(destination: peer, source: station, carrier: .ethernet(PTPHeader.etherType))
    }

    /// Sends the first three requests, and returns the last one.
    @discardableResult
    private func send(_ form: some PingProtocol, _ frame: ProbeFrame) -> [UInt8] {
        var copy = RenumberedFrame(frame)
        for number in 1...3 as ClosedRange<UInt64> { copy.renumber(to: number) }
        return copy.bytes
    }

    private func answer(_ form: some PingProtocol, _ bytes: [UInt8]) -> ForeignAnswer? {
        let isDatagram = form is EchoProtocol || form is NTPProtocol
        let answers = ForeignAnswers(form: form, framing: isDatagram ? .none : .ethernet)
        var faults = AnswerFaults()
        return answers.match(ReceivedFrame(bytes.span, isTruncated: false), &faults)
    }

    /// Returns whether no beginning of an answer is one, but for the whole.
    private func isNoneIfCut(_ form: some PingProtocol, _ bytes: [UInt8], neededLength: Int) -> Bool {
        (0..<neededLength).allSatisfy { answer(form, Array(bytes.prefix($0))) == nil }
    }

    // MARK: ICMP

    @Test(arguments: [true, false])
    func anEchoIsRecognized(isVersion4: Bool) throws {
        let echo = EchoProtocol(session: 77, isVersion4: isVersion4, isRaw: false)
        var bytes = send(echo, echo.frame(length: 40))
        #expect(bytes[0] == (isVersion4 ? 8 : 128) && bytes.count == 40)
        if isVersion4 { #expect(InternetChecksum.of(bytes.span) == 0, "the checksum is right") }
        #expect(answer(echo, bytes) == nil, "a request is no reply")
        bytes[0] = isVersion4 ? 0 : 129
        #expect(answer(echo, bytes)?.number == 3)
        #expect(answer(echo, bytes)?.isWhole == true)
        #expect(isNoneIfCut(echo, bytes, neededLength: EchoMessage.length))
        bytes[8] ^= 1
        #expect(answer(echo, bytes) == nil, "of another session")
    }

    @Test func aRawSocketsHeaderIsSkipped() {
        let echo = EchoProtocol(session: 77, isVersion4: true, isRaw: true)
        var reply = send(echo, echo.frame(length: 24))
        reply[0] = 0
        func packet(_ header: [UInt8]) -> [UInt8] { header + [UInt8](repeating: 0, count: 19) + reply }
        #expect(answer(echo, packet([0x45]))?.number == 3)
        #expect(answer(echo, packet([0x46])) == nil, "longer than it is")
        #expect(answer(echo, packet([0x44])) == nil, "too short for a header")
        #expect(answer(echo, packet([0x65])) == nil, "of another version")
        #expect(answer(echo, [0x4f]) == nil && answer(echo, []) == nil)
    }

    // MARK: ARP and neighbour discovery

    @Test func anARPReplyIsRecognized() {
        let (own, target) = (IPv4Address(0x0a00_0001), IPv4Address(0x0a00_0002))
        let arp = ARPProtocol(shape, from: own, to: target)
        #expect(answer(arp, [UInt8](repeating: 0, count: 60)) == nil)
        let frame = arp.frame(size: 0)
        func reply(_ change: (inout ARPMessage) -> Void = { _ in }) -> [UInt8] {
            var message = ARPMessage(
                operation: .reply, sender: peer, senderAddress: target, target: station, targetAddress: own)
            change(&message)
            var bytes = [UInt8](repeating: 0, count: 60)
            var span = bytes.mutableSpan
            message.encode(into: &span, at: 14)
            return bytes
        }
        #expect(answer(arp, reply()) == nil, "nothing was asked yet")
        #expect(send(arp, frame).count == 60)
        #expect(answer(arp, reply { $0.sender = .broadcast })?.number == 3)
        #expect(Array(send(arp, frame)[0..<6]) == Array(frame.bytes[0..<6]), "nobody's address is a group's")
        #expect(answer(arp, reply())?.number == 3)
        #expect(Array(send(arp, frame)[0..<6]) == [2, 0, 0, 0, 0, 2], "requests go to who has answered")
        #expect(answer(arp, reply { $0.operation = .request }) == nil)
        #expect(answer(arp, reply { $0.senderAddress = own }) == nil)
        #expect(answer(arp, reply { $0.targetAddress = target }) == nil)
        #expect(answer(arp, reply { $0.target = peer }) == nil)
        #expect(isNoneIfCut(arp, reply(), neededLength: 14 + ARPMessage.length))
    }

    @Test func anAdvertisementIsRecognized() {
        let (own, target) = (IPv6Address(high: 0xfd77 << 48, low: 1), IPv6Address(high: 0xfd77 << 48, low: 2))
        let solicitation = NeighbourSolicitation(source: station, sourceAddress: own, target: target)
        #expect(solicitation.destination == MACAddress(0x3333_ff00_0002))
        let ndp = NeighbourProtocol(shape, solicitation)
        let request = send(ndp, ndp.frame(size: 0))
        #expect(answer(ndp, request) == nil, "a request is no answer")
        func advertisement(flags: UInt8 = 0x60, hops: UInt8 = 255, type: UInt8 = 136, broken: Bool = false)
            -> [UInt8]
        {
            var bytes = Array(request.prefix(14 + NeighbourSolicitation.length))
            (bytes[14 + 7], bytes[14 + 40], bytes[14 + 44], bytes[14 + 64]) = (hops, type, flags, 2)
            (bytes[14 + 42], bytes[14 + 43]) = (0, 0)
            var sum = InternetChecksum()
            sum.add(bytes.span.extracting(14 + 8..<14 + 72))
            sum.add(32 as UInt64)
            sum.add(58 as UInt64)
            let value = sum.value ^ (broken ? 1 : 0)
            (bytes[14 + 42], bytes[14 + 43]) = (UInt8(value >> 8), UInt8(value & 0xff))
            return bytes
        }
        #expect(answer(ndp, advertisement())?.number == 3)
        #expect(answer(ndp, advertisement(flags: 0x20)) == nil, "unsolicited")
        #expect(answer(ndp, advertisement(hops: 254)) == nil, "through a router")
        #expect(answer(ndp, advertisement(type: 135)) == nil)
        #expect(answer(ndp, advertisement(broken: true)) == nil)
        #expect(isNoneIfCut(ndp, advertisement(), neededLength: 14 + 64))
    }

    // MARK: PTP

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

    private func turnaround(_ answer: ForeignAnswer?) -> Int64? {
        guard let info = answer?.info, let arrival = info[.receivedSoftware],
            let departure = info[.sentSoftware]
        else { return nil }
        return departure - arrival
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

    // MARK: NTP

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

    // MARK: What the times are worth

    @Test func unseparatedAndCoarseTimesAreFound() {
        var times = StampResolution()
        #expect(!times.isUnseparated && times.coarseResolution == nil)
        for number in 1...11 as ClosedRange<Int64> { times.add(number * 1_000_000, number * 1_000_000) }
        #expect(times.isUnseparated && times.coarseResolution == 1_000_000)
        times.add(9_004_000, 9_008_000)
        #expect(!times.isUnseparated && times.coarseResolution == 4_000)
        times.add(9_004_001, .min)
        #expect(times.coarseResolution == nil)
    }

    /// NTP's times may be those of a clock with so many binary digits; rounded to nanoseconds, they have no divisor.
    @Test(arguments: [(16, 15_258), (19, 1_907), (10, 976_562)] as [(UInt32, UInt64)])
    func binaryFractionsAreFound(digits: UInt32, resolution: UInt64) throws {
        var times = StampResolution()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let arrival =
                UInt64(0xea00_0000) << 32 | generator.next() >> 32 & ~(0xffff_ffff >> UInt64(digits))
            let departure = arrival + 1 << (32 - UInt64(digits))
            times.add(
                try #require(NTPMessage.nanoseconds(arrival)),
                try #require(NTPMessage.nanoseconds(departure)))
        }
        #expect(times.coarseResolution == resolution)
    }

    @Test func aFineClockIsNotFound() {
        for _ in 0..<100 {
            var times = StampResolution()
            for _ in 0..<12 { times.add(.random(in: 0 ... .max), .random(in: 0 ... .max)) }
            #expect(times.coarseResolution == nil)
        }
    }

    /// Few times of a clock of milliseconds are all even more often than one thinks.
    @Test func fewTimesDoNotOverstateIt() {
        var times = StampResolution()
        for number in 1...4 as ClosedRange<Int64> { times.add(number * 6_000_000, number * 6_000_000) }
        #expect(times.coarseResolution == 1_000_000)
    }
}
