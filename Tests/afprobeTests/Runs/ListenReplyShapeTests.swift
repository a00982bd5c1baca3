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

    private func expectNoAnswer(
        _ shape: FrameShape, _ comment: Comment, refused: UInt64 = 0, rules: ReplyRules? = nil
    ) {
        let script = ListenScript()
        script.request(1, at: millisecond, shape: shape)
        if let rules { script.network.addresses = rules.addresses }
        let outcome = script.run(ListenScript.plan(rules: rules))
        // It is a probe like others.
        #expect(outcome.tally.probes == 1 && script.events.log.contains("received 1"), comment)
        #expect(outcome.replies.refused == refused && script.events.log.count == 1 + Int(refused), comment)
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
    }

    /// The interface has 10.0.0.2/24 and fd00::2/64.
    private func datagram(from source: UInt32 = 0x0a00_0001, to destination: UInt32 = 0x0a00_0002)
        -> FrameShape
    {
        shape(
            .udp4(
                UDPFlow(
                    source: IPv4Address(source), sourcePort: 60_000, destination: IPv4Address(destination),
                    destinationPort: 61_000)))
    }

    private func datagram6(
        from source: IPv6Address = IPv6Address(high: 0xfd00 << 48, low: 1),
        to destination: IPv6Address = IPv6Address(high: 0xfd00 << 48, low: 2)
    ) -> FrameShape {
        shape(
            .udp6(
                UDPFlow(
                    source: source, sourcePort: 60_000, destination: destination, destinationPort: 61_000)))
    }

    @Test func datagramsThatDeserveNoAnswer() {
        let refused: [(FrameShape, Comment)] = [
            (datagram(to: 0x0808_0808), "to another host"), (datagram(to: 0x7f00_0001), "to the loopback"),
            (datagram(to: 0x0a00_00ff), "to the link's broadcast"), (datagram(to: .max), "to broadcast"),
            (datagram(to: 0xe000_0001), "to a group"), (datagram(to: 0), "to no address"),
            (datagram(from: 0xe000_0001), "from a group"), (datagram(from: .max), "from broadcast"),
            (datagram(from: 0x0a00_00ff), "from the link's broadcast"),
            (datagram(from: 0x0a00_0000), "from the link"), (datagram(from: 0x7f00_0001), "from a loopback"),
            (datagram(from: 0), "from no address"), (datagram(from: 0x0a00_0002), "from the host itself"),
            (datagram(from: 0x0808_0808), "from beyond the link"),
            (datagram6(to: IPv6Address(high: 0xff02 << 48, low: 1)), "to a group of version 6"),
            (datagram6(to: IPv6Address(high: 0xfd00 << 48, low: 3)), "to another host of version 6"),
            (datagram6(to: IPv6Address(high: 0, low: 1)), "to the loopback of version 6"),
            (datagram6(from: IPv6Address(high: 0, low: 1)), "from a loopback of version 6"),
            (datagram6(from: IPv6Address(high: 0, low: 0)), "from no address of version 6"),
            (datagram6(from: IPv6Address(high: 0xff02 << 48, low: 1)), "from a group of version 6"),
            (datagram6(from: IPv6Address(high: 0xfd01 << 48, low: 1)), "from beyond the link, version 6"),
        ]
        for (shape, comment) in refused { expectNoAnswer(shape, comment, refused: 1) }
        var rules = ReplyRules(limit: 1, allowsRouted: true, addresses: ListenScript.addresses)
        for (shape, comment) in [
            (datagram(from: 0x0a00_00ff), "from the link's broadcast"),
            (datagram(from: 0xf000_0001), "from a reserved address"), (datagram(from: 1), "from 0.0.0.1"),
            (datagram6(from: IPv6Address(high: 0, low: 0xffff_0a00_0001)), "from a mapped address"),
        ] as [(FrameShape, Comment)] {
            expectNoAnswer(shape, comment, refused: 1, rules: rules)
        }
        rules.addresses = []
        expectNoAnswer(datagram(), "where the interface has no address", refused: 1, rules: rules)
    }

    @Test func datagramsThatDeserveOneByRequest() throws {
        var rules = ReplyRules(limit: 1, addresses: ListenScript.addresses)
        rules.given = [.v4(IPv4Address(0xc000_0207))]
        rules.allowsRouted = true
        var routes = rules
        routes.allowsRouted = false
        routes.isOnLink = { $0 == .v4(IPv4Address(0x0808_0808)) }
        for rules in [rules, routes] {
            let script = ListenScript()
            script.request(1, at: millisecond, shape: datagram(from: 0x0808_0808))
            #expect(script.run(ListenScript.plan(rules: rules)).replies.replies == 1)
        }
        for shape in [datagram(from: 0x0808_0808), datagram(to: 0xc000_0207), datagram6()] {
            let script = ListenScript()
            script.request(1, at: millisecond, shape: shape)
            #expect(script.run(ListenScript.plan(rules: rules)).replies.replies == 1)
            #expect(try script.replies().map(\.probe.shape) == [shape.reversed])
        }
    }

    /// The first refusal of each kind is told, all are counted.
    @Test func refusalsAreToldOnce() {
        let shapes = [datagram(to: 1), datagram(to: 2), datagram(from: 3), datagram(from: 4), datagram()]
        for (index, shape) in shapes.enumerated() {
            script.request(UInt64(index + 1), at: millisecond, shape: shape)
        }
        let outcome = script.run()
        #expect(outcome.replies.refused == 4 && outcome.replies.replies == 1)
        #expect(script.events.log.count { $0.hasPrefix("requestRefused") } == 2)
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
