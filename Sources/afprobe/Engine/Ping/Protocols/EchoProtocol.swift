import AFPacketKit

/// ICMP echo: any host's kernel answers, and tells no time.
final class EchoProtocol: PingProtocol {
    private let isVersion4: Bool
    /// Tells whether the socket is a raw one, which gets the messages of all.
    private let isRaw: Bool
    private let session: UInt64
    private let identifier = UInt16.random(in: 1 ... .max)

    init(session: UInt64, isVersion4: Bool, isRaw: Bool) {
        self.session = session
        self.isVersion4 = isVersion4
        self.isRaw = isRaw
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

    func isOwn(returned request: Span<UInt8>) -> Bool {
        // The kernel gives a ping socket an identifier of its own, and what is for that.
        !isRaw || EchoMessage.identifier(ofRequest: request, isVersion4: isVersion4) == identifier
    }

    func match(_ packet: Span<UInt8>) -> ForeignAnswer? {
        var message = packet
        if isRaw, isVersion4 {
            guard let content = EchoMessage.behindHeader(in: packet) else { return nil }
            message = content
        }
        guard let reply = EchoMessage(reply: message, isVersion4: isVersion4), reply.session == session else {
            return nil
        }
        return ForeignAnswer(number: reply.number)
    }
}
