import AFPacketKit
import Testing

@testable import afprobe

private let source = MACAddress(0x0200_0000_000a)
private let destination = MACAddress(0x0200_0000_000b)

private func shapes() throws -> [FrameShape] {
    let tag = try #require(VLANTag(identifier: 100, priority: 5))
    let v4 = UDPFlow(
        source: IPv4Address(0x0a00_0001), sourcePort: 60_000, destination: IPv4Address(0x0a00_0002),
        destinationPort: 61_000)
    let v6 = UDPFlow(
        source: IPv6Address(high: 0xfd00 << 48, low: 1), sourcePort: 60_000,
        destination: IPv6Address(high: 0xfd00 << 48, low: 2), destinationPort: 61_000)
    let carriers: [FrameShape.Carrier] = [.ethernet(.localExperimental1), .udp4(v4), .udp6(v6)]
    return carriers.flatMap { carrier in
        [nil, tag].map { FrameShape(destination: destination, source: source, vlan: $0, carrier: carrier) }
    }
}

/// The same, shaped as PTP messages.
private func ptpShapes(_ forms: [PTPHeader.Form] = [.bare, .enclosed]) throws -> [FrameShape] {
    try forms.flatMap { form in try shapes().map { ($0, form) } }.map { shape, form in
        var shape = shape
        shape.ptp = form
        if case .ethernet = shape.carrier { shape.carrier = .ethernet(PTPHeader.etherType) }
        return shape
    }
}

private func build(_ shape: FrameShape, size: Int, number: UInt64 = 7) -> [UInt8] {
    ProbeFrame(ProbeMessage(number: number, kind: .probe, session: 3), in: shape, size: size).bytes
}

private func fault(_ frame: [UInt8], checksUDP: Bool = true) -> FrameFault? {
    do throws(FrameFault) {
        let parsed = try ParsedFrame(frame.span, checksUDP: checksUDP)
        _ = try ProbeMessage(decoding: frame.span.extracting(parsed.payload))
        return nil
    } catch {
        return error
    }
}

@Suite struct FrameTests {
    @Test func takesApartWhatItBuilds() throws {
        for shape in try shapes() + ptpShapes() {
            for size in [shape.smallestSize(forPayload: 16), 150, 151, 1514] {
                let frame = build(shape, size: size)
                #expect(frame.count == size)
                let parsed = try ParsedFrame(frame.span, checksUDP: true)
                #expect(parsed.shape(of: frame.span, vlan: nil) == shape)
                let message = try ProbeMessage(decoding: frame.span.extracting(parsed.payload))
                #expect(message.number == 7)
            }
        }
    }

    /// Around it nothing is computed anew, not even a datagram's checksum.
    @Test func aReplyBecomesItsFollowUpInItsFrame() throws {
        for shape in try shapes() + ptpShapes() {
            for size in [shape.smallestSize(forPayload: 136), 1513, 1514] {
                var reply = ProbeMessage(number: 0xfffe, kind: .reply, flags: .wantsFollowUp, session: 3)
                reply.info[.receivedSoftware] = 1_700_000_000_123_456_789
                var frame = [UInt8](repeating: 0, count: size)
                var bytes = frame.mutableSpan
                reply.encode(into: &bytes, at: shape.headerLength)
                shape.encodeHeaders(into: &bytes)
                shape.encodeNumber(reply.number, into: &bytes)
                shape.encodeChecksum(into: &bytes)
                ProbeMessage.turnIntoFollowUp(&bytes, at: shape.headerLength, flags: .isIncomplete) {
                    $0[.sentSoftware] = -5
                }
                let parsed = try ParsedFrame(frame.span, checksUDP: true)
                var followUp = reply
                followUp.kind = .followUp
                followUp.flags = [.wantsFollowUp, .isIncomplete]
                followUp.info[.sentSoftware] = -5
                #expect(try ProbeMessage(decoding: frame.span.extracting(parsed.payload)) == followUp)
            }
        }
    }

    @Test func takesTheTagThatTheKernelTookOut() throws {
        let tag = try #require(VLANTag(identifier: 9, priority: 1))
        let frame = build(try shapes()[0], size: 60)
        let parsed = try ParsedFrame(frame.span, checksUDP: true)
        #expect(parsed.shape(of: frame.span, vlan: tag).vlan == tag)
    }

    @Test func knowsTheSmallestAndLargestSizes() throws {
        let sizes = try shapes().map { $0.smallestSize(forPayload: 16) }
        #expect(sizes == [60, 60, 60, 62, 78, 82])
        #expect(try shapes().prefix(2).map { $0.largestSize(mtu: 1500) } == [1514, 1518])
        #expect(try shapes()[2].largestSize(mtu: 1 << 20) == 65_549)
    }

    /// An IPv4 probe worked out by hand from RFC 791 and 768.
    @Test func matchesABookExample() throws {
        let frame = build(try shapes()[2], size: 60)
        #expect(
            Array(frame[14..<42]) == [
                0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17, 0x26, 0xbd, 10, 0, 0, 1, 10, 0, 0, 2,
                0xea, 0x60, 0xee, 0x48, 0, 26, 0x1f, 0x18,
            ])
    }

    @Test func renumbersAFrame() throws {
        for shape in try shapes() + ptpShapes() {
            let leastSize = shape.headerLength + ProbeMessage.referenceLength
            for size in [leastSize, 150] {
                let frame = ProbeFrame(
                    ProbeMessage(number: 1, kind: .probe, session: 3), in: shape, size: size)
                for number in [0, 500, 0x0123_4567_89ab_cdef, UInt64.max] {
                    var copy = frame.bytes
                    var bytes = copy.mutableSpan
                    frame.renumber(&bytes, to: number)
                    #expect(copy == encoded(shape, size: size, number: number))
                }
            }
        }
    }

    @Test func renumbersABatch() throws {
        for shape in try shapes() + ptpShapes() {
            for size in [shape.headerLength + ProbeMessage.referenceLength, 150] {
                let frame = ProbeFrame(
                    ProbeMessage(number: 1, kind: .probe, session: 3), in: shape, size: size)
                var batch = FrameBatch(of: frame.bytes.span, count: 12)
                for first in [1, 250, 0xfffa, 0xffff_fffa, 0xffff_ffff_fffa] as [UInt64] {
                    frame.renumber(&batch, from: first, count: 11)
                    var number = first
                    batch.update(first: 11) { bytes in
                        let copy = (0..<size).map { bytes[$0] }
                        #expect(copy == encoded(shape, size: size, number: number))
                        number += 1
                    }
                }
            }
        }
    }

    /// The frame built from scratch, every check computed over all that is there.
    private func encoded(_ shape: FrameShape, size: Int, number: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var frame = bytes.mutableSpan
        ProbeMessage(number: number, kind: .probe, session: 3).encode(into: &frame, at: shape.headerLength)
        shape.encodeHeaders(into: &frame)
        shape.encodeNumber(number, into: &frame)
        shape.encodeChecksum(into: &frame)
        return bytes
    }

    @Test func sendsAChecksumOfZeroAsAllOnes() throws {
        let shape = try shapes()[2]
        // Some number makes the sum come out zero: the payload runs through all 16-bit words.
        let fields = (0..<0x1_0000).map { number -> [UInt8] in
            Array(build(shape, size: 60, number: UInt64(number))[40..<42])
        }
        #expect(fields.contains([0xff, 0xff]))
        #expect(!fields.contains([0, 0]))
    }

    /// A Delay_Req written down by hand from IEEE 1588.
    @Test(arguments: [78, 79, 80, 1514])
    func shapesProbesAsPTPMessages(size: Int) throws {
        let shape = try ptpShapes([.enclosed])[0]
        let frame = build(shape, size: size, number: 0x1_0203)
        let value = (size - 62) / 2 * 2
        #expect(
            Array(frame[12..<62]) == [
                0x88, 0xf7, 0x01, 0x02, UInt8((48 + value) >> 8), UInt8((48 + value) & 0xff), 127, 0, 0, 0,
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                2, 0, 0, 0xff, 0xfe, 0, 0, 0x0a, 0, 1, 0x02, 0x03, 1, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                0x20, 0x04, UInt8(value >> 8), UInt8(value & 0xff),
            ])
        #expect(Array(frame[62..<64]) == [0x93, 0x72])
    }

    /// Earlier versions sent the probe behind the message.
    @Test func readsTheFormWithoutTLV() throws {
        let shape = try ptpShapes([.bare])[0]
        let frame = build(shape, size: shape.smallestSize(forPayload: 16), number: 0x1_0203)
        #expect(Array(frame[14..<18]) == [0x01, 0x02, 0, 44] && Array(frame[58..<60]) == [0x93, 0x72])
    }

    @Test func takesNoRealPTPMessageForAProbe() throws {
        var frame = build(try ptpShapes()[0], size: 150)
        frame[18] = 0  // another domain
        #expect(fault(frame) == .foreign)
    }

    @Test func reversesBothEnds() throws {
        for shape in try shapes() + ptpShapes() {
            let answer = shape.reversed
            #expect(answer.destination == source && answer.source == destination)
            #expect(answer.vlan == shape.vlan)
            #expect(answer.reversed == shape)
        }
    }

    @Test func tellsEveryCutApartFromACompleteFrame() throws {
        for shape in try shapes() + ptpShapes() {
            let frame = build(shape, size: shape.smallestSize(forPayload: 40))
            #expect(fault(frame) == nil)
            for count in 0..<shape.headerLength + 16 {
                let found = fault(Array(frame[..<count]))
                #expect(
                    found == .truncated || found == .foreign,
                    "\(shape) cut to \(count): \(String(describing: found))")
            }
        }
    }

    @Test func findsDamageToIPAndUDP() throws {
        let v4 = build(try shapes()[2], size: 82)
        for index in Array(16..<20) + [22] + Array(24..<82) {
            var damaged = v4
            damaged[index] ^= 0x04
            #expect(fault(damaged) != nil, "IPv4 byte \(index)")
        }
        let v6 = build(try shapes()[4], size: 102)
        for index in Array(18..<20) + Array(22..<102) {
            var damaged = v6
            damaged[index] ^= 0x04
            #expect(fault(damaged) != nil, "IPv6 byte \(index)")
        }
    }

    @Test func judgesNoChecksumThatIsNotReady() throws {
        for shape in [try shapes()[2], try shapes()[4]] {
            var frame = build(shape, size: 102)
            frame[shape.headerLength - 1] ^= 0xff
            #expect(fault(frame) == .corrupt)
            #expect(fault(frame, checksUDP: false) == nil)
        }
    }

    @Test func acceptsNoChecksumOverIPv4Only() throws {
        for (shape, expected) in [(try shapes()[2], nil), (try shapes()[4], FrameFault.corrupt)] {
            var frame = build(shape, size: 102)
            frame[shape.headerLength - 2] = 0
            frame[shape.headerLength - 1] = 0
            #expect(fault(frame) == expected)
        }
    }

    @Test func ignoresEthernetPaddingBehindADatagram() throws {
        // The reference's UDP probe is 58 bytes; a driver pads it to 60, with anything.
        let shape = try shapes()[2]
        let frame = build(shape, size: 58) + [0xde, 0xad]
        let parsed = try ParsedFrame(frame.span, checksUDP: true)
        #expect(parsed.payload == 42..<58)
    }

    @Test func survivesRandomDamage() throws {
        for shape in try shapes() + ptpShapes() {
            let frame = build(shape, size: 150)
            for _ in 0..<5_000 {
                var damaged = Array(frame[..<Int.random(in: 0...150)])
                for _ in 0..<Int.random(in: 0...3) where !damaged.isEmpty {
                    damaged[Int.random(in: 0..<min(damaged.count, 70))] = .random(in: 0...255)
                }
                _ = fault(damaged, checksUDP: .random())
            }
        }
    }

    private let never = Timestamp(nanoseconds: 0)

    @_lifetime(copy frame)
    private func found(_ frame: Span<UInt8>) throws(FrameFault) -> FoundProbe {
        try FoundProbe(ReceivedFrame(frame), at: never)
    }

    /// The quick way of plain frames, in which whatever is wrong is left to the other one.
    @Test func findsQuicklyWhatIsFoundSlowly() throws {
        let sender = build(try shapes()[0], size: 150)
        for size in [30, 54, 60, 150] {
            for offset in 0..<min(size, 60) {
                var frame = Array(sender[..<size])
                for bit in 0..<8 {
                    frame[offset] ^= 1 << UInt8(bit)
                    let slow = try? found(frame.span).kind
                    let quick = FoundProbe(plain: ReceivedFrame(frame.span), at: never)?.kind
                    let isPlain = ParsedFrame.isPlain(frame.span)
                    let expected = isPlain ? slow : nil
                    #expect(quick == expected, "\(size) bytes, bit \(bit) of \(offset)")
                    frame[offset] ^= 1 << UInt8(bit)
                }
            }
        }
        let kind = FoundProbe(plain: ReceivedFrame(sender.span), at: never)?.kind
        #expect(kind != nil)
    }

    /// The quick way of answers, likewise.
    @Test(arguments: [ProbeMessage.Kind.reply, .followUp, .request])
    func findsAnswersQuicklyThatAreFoundSlowly(kind: ProbeMessage.Kind) throws {
        let shape = FrameShape(
            destination: MACAddress(0x0200_0000_0001), source: MACAddress(0x0200_0000_0002),
            carrier: .ethernet(.localExperimental1))
        let message = ProbeMessage(number: 7, kind: kind, session: 9)
        let answer = ProbeFrame(message, in: shape, size: 150).bytes
        let pattern = AnswerPattern(9, to: shape.reversed)
        let other = AnswerPattern(8, to: shape.reversed)
        var faults = AnswerFaults()
        for size in [60, 149, 150] {
            for offset in 0..<size {
                var frame = Array(answer[..<size])
                for bit in 0..<8 {
                    frame[offset] ^= 1 << UInt8(bit)
                    let slow = try? pattern.match(found(frame.span), &faults)
                    #expect(
                        pattern.match(plain: frame.span) == slow, "\(size) bytes, bit \(bit) of \(offset)")
                    frame[offset] ^= 1 << UInt8(bit)
                }
            }
        }
        let found = pattern.match(plain: answer.span)
        #expect(found?.number == (kind == .request ? nil : 7))
        #expect(found?.isFollowUp == (kind == .request ? nil : kind == .followUp))
        #expect(other.match(plain: answer.span) == nil)
    }

    /// Requests that are not plain have no answers that are.
    @Test func findsNoPlainAnswersToOthers() throws {
        let plain = try shapes()[0]
        let message = ProbeMessage(number: 7, kind: .reply, session: 9)
        for shape in try shapes() + ptpShapes() {
            let answer = ProbeFrame(message, in: shape, size: 250).bytes
            let pattern = AnswerPattern(9, to: shape.reversed)
            var faults = AnswerFaults()
            let slow = pattern.match(try found(answer.span), &faults)
            #expect(slow?.number == 7)
            let isPlain = shape.headerLength == plain.headerLength && shape.ptp == .none
            #expect((pattern.match(plain: answer.span) != nil) == isPlain)
        }
    }
}

@Suite struct InternetChecksumTests {
    /// The example of RFC 1071, section 3.
    @Test func matchesTheRFC() {
        let bytes: [UInt8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]
        #expect(InternetChecksum.of(bytes.span) == ~0xddf2)
    }

    @Test func padsAnOddByteWithZero() {
        #expect(
            InternetChecksum.of([0x12, 0x34, 0x56].span) == InternetChecksum.of([0x12, 0x34, 0x56, 0].span))
    }

    /// However often the carries go round.
    @Test(
        arguments: [
            ([], 0), ([0xffff_ffff_ffff_ffff], 0xffff), ([0xffff_0000_0000_0001], 1),
            ([0xffff_fffe_0001_0001], 1),
            ([0x1234_0000_ffff_0000, 0xffff_ffff_ffff_ffff], 0x1234),
        ] as [([UInt64], UInt16)])
    func addsCarries(words: [UInt64], sum: UInt16) {
        var checksum = InternetChecksum()
        for word in words { checksum.add(word) }
        #expect(checksum.value == ~sum)
    }

    @Test func addsNumbersAsWords() {
        var number = InternetChecksum()
        number.add(0x0001_f203 as UInt32)
        #expect(number.value == InternetChecksum.of([0x00, 0x01, 0xf2, 0x03].span))
    }
}
