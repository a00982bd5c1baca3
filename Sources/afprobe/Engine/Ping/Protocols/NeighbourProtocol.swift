import AFPacketKit

/// Neighbour discovery, IPv6's ARP: any host's kernel answers, and tells no time. An advertisement names no
/// solicitation, so that one is in flight at a time.
final class NeighbourProtocol: PingProtocol {
    private let request: EthernetRequest
    private let solicitation: NeighbourSolicitation
    private var latest: UInt64 = 0

    init(_ shape: FrameShape, _ solicitation: NeighbourSolicitation) {
        // With room for a number behind the packet.
        request = EthernetRequest(shape: shape, length: NeighbourSolicitation.length + 8)
        self.solicitation = solicitation
    }

    func frame(size: Int) -> ProbeFrame {
        var bytes = request.frame(size: size)
        var frame = bytes.mutableSpan
        solicitation.encode(into: &frame, at: request.start)
        return ProbeFrame(bytes, self, witnessAt: numberOffset)
    }

    /// Behind the packet, as padding: only this host's completions need it.
    private var numberOffset: Int { request.start + NeighbourSolicitation.length }

    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        latest = max(latest, number)
        frame.storeBigEndian(number, at: numberOffset)
    }

    func match(_ packet: Span<UInt8>) -> ForeignAnswer? {
        guard let answer = NeighbourAdvertisement(decoding: packet),
            answer.target == solicitation.target, latest > 0
        else { return nil }
        return ForeignAnswer(number: latest)
    }
}
