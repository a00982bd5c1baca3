import AFPacketKit
import Testing

@testable import afprobe

/// Answers of other hosts' kernels, and of hostile ones: absurd, repeated, reordered and truncated.
@Suite struct ForeignAnswerTests {
    private let station = MACAddress(0x0200_0000_0001)
    private let peer = MACAddress(0x0200_0000_0002)

    private var shape: FrameShape {
        FrameShape(destination: peer, source: station, carrier: .ethernet(PTPHeader.etherType))
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
}
