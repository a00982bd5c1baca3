import AFPacketKit

/// ICMP echo: any host's kernel answers, and tells no time.
final class EchoProtocol: PingProtocol {
    private let isVersion4: Bool
    private let receivesIPHeader: Bool
    private let session: UInt64
    private let identifier = UInt16.random(in: 1 ... .max)

    init(session: UInt64, isVersion4: Bool, receivesIPHeader: Bool) {
        self.session = session
        self.isVersion4 = isVersion4
        self.receivesIPHeader = receivesIPHeader
    }

    /// The first request, of `length` bytes.
    func frame(length: Int) -> ProbeFrame {
        ProbeFrame(
            [UInt8](repeating: 0, count: max(length, EchoMessage.length)), self,
            witnessAt: EchoMessage.numberOffset)
    }

    @_lifetime(request: copy request)
    func renumber(_ request: inout MutableSpan<UInt8>, to number: UInt64) {
        EchoMessage(session: session, number: number)
            .encodeRequest(into: &request, isVersion4: isVersion4, identifier: identifier)
    }

    func match(_ packet: Span<UInt8>) -> ForeignAnswer? {
        var message = packet
        if receivesIPHeader {
            guard let content = EchoMessage.behindHeader(in: packet) else { return nil }
            message = content
        }
        guard let reply = EchoMessage(reply: message, isVersion4: isVersion4), reply.session == session else {
            return nil
        }
        return ForeignAnswer(number: reply.number)
    }
}
