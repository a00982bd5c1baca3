import Testing

@testable import AFPacketKit
@testable import afprobe

/// Probes of other forms than the run takes, as the kernel's filter hands them over.
@Suite struct ListenOtherFormTests {
    private let script = ListenScript()

    private func come(_ bytes: [UInt8], at time: Int64 = millisecond, tag: VLANTag? = nil) {
        script.network.at(time) { [network = script.network] in
            network.otherForms.receive(bytes, Ancillary(vlan: tag))
        }
    }

    private func shape(_ carrier: FrameShape.Carrier, ptp: PTPHeader.Form = .none) -> FrameShape {
        var shape = ListenScript.shape
        (shape.carrier, shape.ptp) = (carrier, ptp)
        return shape
    }

    private static let flow = UDPFlow(
        source: IPv4Address(0x0a00_0001), sourcePort: 60_000, destination: IPv4Address(0x0a00_0002),
        destinationPort: 61_000)

    /// The forms that were told.
    private func told(_ plan: ListenPlan = ListenScript.plan()) -> (forms: [OtherForm], count: UInt64?) {
        let outcome = script.run(plan)
        return (script.events.otherForms, outcome.result.otherForms)
    }

    @Test func eachFormIsToldOnceAndCounted() {
        let vlan = VLANTag(identifier: 5)
        var other = ListenScript.shape
        other.destination = MACAddress(0x0200_0000_0077)
        var tagged = ListenScript.shape
        tagged.vlan = VLANTag(identifier: 6)
        let frames = [
            (ListenScript.bytes(.probe, 1, shape: shape(.udp4(Self.flow))), VLANTag?.none),
            (
                ListenScript.bytes(.request, 1, shape: shape(.ethernet(PTPHeader.etherType), ptp: .enclosed)),
                nil
            ),
            (ListenScript.bytes(.request, 1, shape: tagged), vlan),
            (ListenScript.bytes(.request, 1, shape: other), nil),
        ]
        for (index, (bytes, tag)) in (frames + frames).enumerated() {
            come(bytes, at: Int64(index + 1) * millisecond, tag: tag)
        }
        let (forms, count) = told()
        #expect(
            forms == [
                .carrier(.datagrams(port: 61_000)), .carrier(.frames(PTPHeader.etherType)),
                .twoTags(VLANTag(controlInformation: 5)), .destination(MACAddress(0x0200_0000_0077)),
            ])
        #expect(count == 8)
    }

    /// Another host chooses the ports: it must not fill the user's terminal.
    @Test func manyPortsAreToldAsOne() {
        for port in UInt16(1)...100 {
            var flow = Self.flow
            flow.destinationPort = port
            come(ListenScript.bytes(.probe, 1, shape: shape(.udp4(flow))), at: Int64(port) * millisecond)
        }
        let (forms, count) = told()
        #expect(forms == [.carrier(.datagrams(port: 1))] && count == 100)
    }

    /// A frame that the kernel's filter lets through need not be a probe.
    @Test func hostileFramesAreNotCounted() {
        let whole = ListenScript.bytes(.request, 1, shape: shape(.udp4(Self.flow)))
        for length in 0..<whole.count { come(Array(whole[..<length])) }
        for index in whole.indices where index >= 14 {
            var corrupt = whole
            corrupt[index] ^= 0x55
            come(corrupt)
        }
        come(whole, at: 2 * millisecond)
        // All were read: the last one, which is whole, counts.
        let (forms, count) = told()
        #expect(forms == [.carrier(.datagrams(port: 61_000))] && count == 1)
    }

    /// The pings of this host are answered in the form that they have.
    @Test func answersAreNotCounted() {
        come(ListenScript.bytes(.reply, 1, shape: shape(.udp4(Self.flow))))
        come(ListenScript.bytes(.followUp, 1, shape: shape(.udp4(Self.flow))))
        let (forms, count) = told()
        #expect(forms == [] && count == 0)
    }

    /// A flood is read in portions with pauses, and all of it counts.
    @Test func aFloodIsReadInPortions() {
        let bytes = ListenScript.bytes(.probe, 1, shape: shape(.udp4(Self.flow)))
        script.network.at(millisecond) { [network = script.network] in
            for _ in 0..<40 { network.otherForms.receive(bytes, Ancillary()) }
            network.otherForms.statistics = PacketStatistics(packets: 47, drops: 7)
        }
        script.request(1, at: 50 * millisecond)
        let (forms, count) = told(ListenScript.plan(count: 1))
        #expect(forms.count == 1 && count == 47)
        #expect(script.network.otherForms.reads.count < 5)
    }

    /// The watch takes time in the kernel with each frame: it rests while the run takes 500 probes a second or more.
    @Test func theWatchRestsWhileManyProbesAreTaken() {
        for number in 1...1200 as ClosedRange<Int64> {
            script.probe(UInt64(number), at: second + number * millisecond)
        }
        _ = script.run(ListenScript.plan(deadline: 10 * second))
        #expect(script.events.watched.map(\.1) == [false, true])
        // After 1000 probes, and after the first second with fewer than 500.
        #expect(script.events.watched.map { $0.at / second } == [2, 3])
    }

    @Test func itGoesOnBesideFewProbes() {
        for time in 1...30 as ClosedRange<Int64> { script.probe(1, at: time * second / 10) }
        come(ListenScript.bytes(.probe, 1, shape: shape(.udp4(Self.flow))), at: 4 * second)
        let (forms, count) = told(ListenScript.plan(deadline: 5 * second))
        #expect(script.events.watched.isEmpty)
        #expect(forms == [.carrier(.datagrams(port: 61_000))] && count == 1)
    }

    @Test func withoutAWatchNothingIsCounted() {
        script.watchesOtherForms = false
        script.probe(1, at: millisecond)
        #expect(told().count == nil)
    }
}
