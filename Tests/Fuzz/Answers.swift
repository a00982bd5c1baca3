import AFPacketKit

/// Two answers of another host's program, one after the other. The first byte selects the protocol, the second the
/// length of the first answer.
func fuzzAnswers(_ bytes: Span<UInt8>) {
    guard bytes.count > 2 else { return }
    let station = MACAddress(0x0200_0000_0001)
    let shape = FrameShape(destination: .broadcast, source: station, carrier: .ethernet(.ipv4))
    let requester = PTPRequester(port: PTPPortIdentity(of: station), firstSequence: 0)
    let v6 = IPv6Address(high: 0, low: 1)
    let form: any PingProtocol =
        switch bytes[0] % 8 {
        case 0: EchoProtocol(session: 0, isVersion4: true, isRaw: true)
        case 1: EchoProtocol(session: 0, isVersion4: true, isRaw: false)
        case 2: EchoProtocol(session: 0, isVersion4: false, isRaw: false)
        case 3: ARPProtocol(shape, from: IPv4Address(0), to: IPv4Address(0))
        case 4:
            NeighbourProtocol(
                shape,
                NeighbourSolicitation(
                    source: station, sourceAddress: v6, target: IPv6Address(high: 0, low: 0)))
        case 5: PeerDelayProtocol(shape, domain: 0, profile: 0, as: requester)
        case 6: DelayProtocol(shape, domain: 0, profile: 0, as: requester)
        default: NTPProtocol(session: 0)
        }
    var request = [UInt8](repeating: 0, count: 200)
    for number in 1...3 as ClosedRange<UInt64> {
        var copy = request.mutableSpan
        form.renumber(&copy, to: number)
    }
    let end = 2 + min(Int(bytes[1]), bytes.count - 2)
    for message in [2..<end, end..<bytes.count] {
        guard let answer = form.match(bytes.extracting(message)) else { continue }
        // The number of an echo is its sender's own word, which the session guards.
        precondition(form is EchoProtocol || (1...3).contains(answer.number), "no such request was sent")
    }
    _ = form.facts
}
