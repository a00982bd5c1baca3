import AFPacketKit

/// A unicast Delay_Req that asks for a Sync, too: the NetSync Monitor of linuxptp. The Sync, with the request's sequence
/// number, is the reply; its time and that of the Delay_Resp tell the turnaround.
final class DelayProtocol: PingProtocol {
    private let request: EthernetRequest
    private let message: PTPMessage
    private var numbers = ShortNumbers()
    private var halves = HalfAnswers()
    private(set) var mismatch: PTPMismatch?

    /// The request and its TLV: type 0x21fe, an empty value.
    private static let length = PTPMessage.shortLength + 4
    private static let tlvType: UInt16 = 0x21fe

    init(_ shape: FrameShape, domain: UInt8, profile: UInt8) {
        request = EthernetRequest(shape: shape, length: Self.length)
        message = PTPMessage(
            kind: .delayRequest, profile: profile, domain: domain, flags: .unicast,
            sender: PTPPortIdentity(of: shape.source))
    }

    func frame(size: Int) -> ProbeFrame {
        var bytes = request.frame(size: size)
        var frame = bytes.mutableSpan
        message.encodeRequest(into: &frame, at: request.start, length: Self.length)
        frame.storeBigEndian(Self.tlvType, at: request.start + PTPMessage.shortLength)
        return ProbeFrame(bytes, self, witnessAt: nil)
    }

    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        frame.storeBigEndian(numbers.send(number), at: request.start + 30)
        request.shape.encodeChecksum(into: &frame)
    }

    func match(_ frame: Span<UInt8>) -> ForeignAnswer? {
        guard let content = request.message(in: frame), let answer = PTPMessage(decoding: content),
            answer.sender != message.sender
        else {
            return nil
        }
        guard answer.domain == message.domain, answer.profile == message.profile else {
            mismatch = PTPMismatch(domain: answer.domain, profile: answer.profile)
            return nil
        }
        guard let number = numbers.whole(answer.sequence) else { return nil }
        switch answer.kind {
        case .delayResponse where answer.requester == message.sender:
            // Here, a correction is to be taken off the arrival.
            halves.merge(number, arrival: answer.time.map { $0 &- answer.correction >> 16 })
            return halves.take(number, hasReply: false)
        case .sync:
            let isOneStep = !answer.flags.contains(.twoStep)
            halves.merge(number, departure: isOneStep ? answer.time : nil, answer.correction)
            return halves.take(number, hasReply: true)
        case .followUp:
            halves.merge(number, departure: answer.time, answer.correction)
            return halves.take(number, hasReply: false)
        default: return nil
        }
    }
}
