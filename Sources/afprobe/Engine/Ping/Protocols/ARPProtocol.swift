import AFPacketKit

/// ARP: any host's kernel answers, and tells no time. A reply names no request, so that one is in flight at a time.
final class ARPProtocol: PingProtocol {
    private let request: EthernetRequest
    private let source: IPv4Address
    private let target: IPv4Address
    /// The address that replies come from; requests are broadcast until there is one.
    private var station: MACAddress?
    private var latest: UInt64 = 0
    private var isAnswered = false

    init(_ shape: FrameShape, from source: IPv4Address, to target: IPv4Address) {
        request = EthernetRequest(shape: shape, length: ARPMessage.length)
        (self.source, self.target) = (source, target)
    }

    func frame(size: Int) -> ProbeFrame {
        var bytes = request.frame(size: size)
        var frame = bytes.mutableSpan
        ARPMessage(
            operation: .request, sender: request.shape.source, senderAddress: source, target: .zero,
            targetAddress: target
        ).encode(into: &frame, at: request.start)
        return ProbeFrame(bytes, self, witnessAt: numberOffset)
    }

    /// In the padding: only this host's completions need it.
    private var numberOffset: Int { request.start + ARPMessage.length }

    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        if number > latest {
            // Another host may have the address now.
            if !isAnswered { station = nil }
            (latest, isAnswered) = (number, false)
        }
        frame.store(request.shape.destination, at: 0)
        if let station { frame.store(station, at: 0) }
        frame.storeBigEndian(number, at: numberOffset)
    }

    func match(_ message: Span<UInt8>) -> ForeignAnswer? {
        guard let reply = ARPMessage(decoding: message), reply.operation == .reply,
            reply.senderAddress == target, reply.targetAddress == source,
            reply.target == request.shape.source, latest > 0
        else { return nil }
        isAnswered = true
        if !reply.sender.isGroup { station = reply.sender }
        return ForeignAnswer(number: latest)
    }
}
