import AFPacketKit

/// A unicast Delay_Req that asks for a Sync, too: the NetSync Monitor of linuxptp. The Sync, with the request's sequence
/// number, is the reply; its time and that of the Delay_Resp tell the turnaround.
final class DelayProtocol: PingProtocol {
    private var request: PTPRequest
    private var halves = HalfAnswers()

    private static let tlvType: UInt16 = 0x21fe

    init(_ shape: FrameShape, domain: UInt8, profile: UInt8) {
        let message = PTPMessage(
            kind: .delayRequest, profile: profile, domain: domain, flags: .unicast,
            sender: PTPPortIdentity(of: shape.source))
        request = PTPRequest(shape, message, length: PTPMessage.shortLength, tlv: Self.tlvType)
    }

    var mismatch: PTPMismatch? { request.mismatch }

    func frame(size: Int) -> ProbeFrame { request.frame(size: size, self) }

    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        request.renumber(&frame, to: number)
    }

    func match(_ frame: Span<UInt8>) -> ForeignAnswer? {
        let own = request.message.sender
        let found = request.answer(in: frame) { $0.requester == nil || $0.requester == own }
        guard let (answer, number) = found else { return nil }
        switch answer.kind {
        case .delayResponse:
            // Here, a correction is to be taken off the arrival.
            halves.merge(
                number, of: answer.sender, arrival: answer.time.map { $0 &- answer.correction >> 16 })
            return halves.take(number, of: answer.sender, hasReply: false)
        case .sync:
            let isOneStep = !answer.flags.contains(.twoStep)
            halves.merge(
                number, of: answer.sender, departure: isOneStep ? answer.time : nil, answer.correction)
            return halves.take(number, of: answer.sender, hasReply: true)
        case .followUp:
            halves.merge(number, of: answer.sender, departure: answer.time, answer.correction)
            return halves.take(number, of: answer.sender, hasReply: false)
        default: return nil
        }
    }
}
