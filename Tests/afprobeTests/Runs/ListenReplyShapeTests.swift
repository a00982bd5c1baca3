import Testing

@testable import AFPacketKit
@testable import afprobe

/// Which requests are answered, and what the answers are wrapped in.
@Suite struct ListenReplyShapeTests {
    private let script = ListenScript()

    static let udp4 = FrameShape.Carrier.udp4(
        UDPFlow(
            source: IPv4Address(0x0a00_0001), sourcePort: 60_000, destination: IPv4Address(0x0a00_0002),
            destinationPort: 61_000))
    static let udp6 = FrameShape.Carrier.udp6(
        UDPFlow(
            source: IPv6Address(high: 0xfd00 << 48, low: 1), sourcePort: 60_000,
            destination: IPv6Address(high: 0xfd00 << 48, low: 2), destinationPort: 61_000))
    static let ptp = FrameShape.Carrier.ethernet(PTPHeader.etherType)
    static let tag = VLANTag(controlInformation: 5 << 13 | 100)

    private func shape(
        _ carrier: FrameShape.Carrier = .ethernet(.localExperimental1), ptp: PTPHeader.Form = .none
    ) -> FrameShape {
        var shape = ListenScript.shape
        (shape.carrier, shape.ptp) = (carrier, ptp)
        return shape
    }

    // MARK: In kind

    @Test(
        arguments: [
            (udp4, .none), (udp4, .enclosed), (udp6, .none), (udp6, .enclosed), (ptp, .enclosed),
            (ptp, .bare),
        ] as [(FrameShape.Carrier, PTPHeader.Form)])
    func requestsAreAnsweredInKind(carrier: FrameShape.Carrier, ptp: PTPHeader.Form) throws {
        let request = shape(carrier, ptp: ptp)
        for number in 1...3 as ClosedRange<UInt64> {
            script.request(number, at: Int64(number) * millisecond, shape: request)
        }
        let outcome = script.run()
        #expect(outcome.replies.replies == 3 && outcome.replies.followUps == 3)
        // Decoded with their checksums.
        let answers = try script.answers()
        #expect(answers.map(\.message.number) == [1, 1, 2, 2, 3, 3])
        #expect(answers.map { $0.message.kind == .reply } == [true, false, true, false, true, false])
        #expect(answers.allSatisfy { $0.probe.shape == request.reversed })
        #expect(answers.allSatisfy { $0.probe.size == request.headerLength + 136 })
    }

    /// The kernel takes the tag out of the request; the answers have it in their bytes.
    @Test func theTagComesBack() throws {
        script.receive(
            ListenScript.bytes(.request, 1, flags: .wantsFollowUp), at: millisecond, tag: Self.tag)
        _ = script.run()
        var expected = FrameShape.scripted
        expected.vlan = Self.tag
        let answers = try script.answers()
        #expect(answers.count == 2 && answers.allSatisfy { $0.probe.shape == expected })
        #expect(answers.allSatisfy { $0.probe.size == 154 })
    }

    /// The route of the last request is not taken to hold for the next.
    @Test func requestsOfDifferentKindsAlternate() throws {
        let shapes = [shape(), shape(Self.udp4), shape(), shape(Self.ptp, ptp: .enclosed), shape()]
        for (index, shape) in shapes.enumerated() {
            script.request(UInt64(index + 1), at: millisecond, shape: shape)
        }
        script.receive(
            ListenScript.bytes(.request, 6, flags: .wantsFollowUp), at: millisecond, tag: Self.tag)
        _ = script.run()
        var tagged = shape()
        tagged.vlan = Self.tag
        let expected = (shapes + [tagged]).map(\.reversed)
        #expect(try script.replies().map(\.probe.shape) == expected)
        #expect(try script.followUps().map(\.probe.shape) == expected)
    }

    @Test func longRequestsGetLongAnswers() throws {
        let message = ProbeMessage(number: 1, kind: .request, flags: .wantsFollowUp, session: 7)
        for size in [1514, 150, 700] {
            script.receive(ProbeFrame(message, in: shape(), size: size).bytes, at: millisecond)
        }
        _ = script.run()
        #expect(try script.replies().map(\.probe.size) == [1514, 150, 700])
        #expect(try script.followUps().map(\.probe.size) == [1514, 150, 700])
    }

    // MARK: Unanswered

    private func expectNoAnswer(_ shape: FrameShape, _ comment: Comment) {
        let script = ListenScript()
        script.request(1, at: millisecond, shape: shape)
        let outcome = script.run()
        // It is a probe like others.
        #expect(outcome.tally.probes == 1 && script.events.log == ["received 1"], comment)
        #expect(script.network.sender.calls + script.network.plainSender.calls == 0, comment)
        let counts = outcome.replies
        #expect(counts.replies + counts.suppressed + counts.failed + counts.followUps == 0, comment)
    }

    @Test func requestsThatDeserveNoAnswer() {
        func changed(_ change: (inout FrameShape) -> Void) -> FrameShape {
            var changed = shape()
            change(&changed)
            return changed
        }
        expectNoAnswer(changed { $0.destination = .broadcast }, "to all")
        expectNoAnswer(changed { $0.destination = MACAddress(0x0180_c200_000e) }, "to a group")
        expectNoAnswer(changed { $0.destination = MACAddress(0x0200_0000_00ff) }, "to another station")
        expectNoAnswer(changed { $0.source = MACAddress(0x0300_0000_000b) }, "from a group")
        expectNoAnswer(changed { $0.source = .zero }, "from nobody")
        expectNoAnswer(changed { $0.source = ScriptedNetwork.address }, "from this station")
        let group4 = UDPFlow(
            source: IPv4Address(0x0a00_0001), sourcePort: 60_000, destination: IPv4Address(0xe000_0001),
            destinationPort: 61_000)
        expectNoAnswer(changed { $0.carrier = .udp4(group4) }, "to a group of IPv4")
        expectNoAnswer(changed { $0.carrier = .udp4(group4.reversed) }, "from a group of IPv4")
        let group6 = UDPFlow(
            source: IPv6Address(high: 0xfd00 << 48, low: 1), sourcePort: 60_000,
            destination: IPv6Address(high: 0xff02 << 48, low: 1), destinationPort: 61_000)
        expectNoAnswer(changed { $0.carrier = .udp6(group6) }, "to a group of IPv6")
    }

    @Test(arguments: [ProbeMessage.Kind.probe, .reply, .followUp])
    func onlyRequestsAreAnswered(kind: ProbeMessage.Kind) {
        script.receive(ListenScript.bytes(kind, 1, flags: .wantsFollowUp), at: millisecond)
        #expect(script.run().tally.probes == 1)
        #expect(script.network.sender.calls + script.network.plainSender.calls == 0)
    }

    @Test func nothingIsAnsweredWithoutAResponder() {
        script.request(1, at: millisecond)
        #expect(script.run(ListenScript.plan(replyLimit: nil)).tally.probes == 1)
        #expect(script.network.sender.calls + script.network.plainSender.calls == 0)
    }

    /// One that comes from a group does not spoil the route for the next.
    @Test func aGoodRequestAfterABadOne() throws {
        var bad = shape()
        bad.destination = .broadcast
        script.request(1, at: millisecond, shape: bad)
        script.request(2, at: millisecond)
        script.request(3, at: millisecond, shape: bad)
        _ = script.run()
        #expect(try script.replies().map(\.message.number) == [2])
    }
}
