import AFPacketKit

/// A unicast Delay_Req that asks for a Sync, too: the NetSync Monitor of linuxptp. The Sync, with the request's sequence
/// number, is the reply; its time and that of the Delay_Resp tell the turnaround.
final class DelayProtocol: PTPProtocol {
    var request: PTPRequest
    private var halves = HalfAnswers()
    private var hasDelayResponse = false
    private var hasSync = false

    private static let tlvType: UInt16 = 0x21fe

    init(_ shape: FrameShape, domain: UInt8, profile: UInt8, as requester: PTPRequester) {
        let message = PTPMessage(
            kind: .delayRequest, profile: profile, domain: domain, flags: .unicast, sender: requester.port)
        request = PTPRequest(
            shape, message, firstSequence: requester.firstSequence, length: PTPMessage.shortLength,
            tlv: Self.tlvType)
    }

    var mismatch: PTPMismatch? { request.mismatch ?? (hasDelayResponse && !hasSync ? .noSync : nil) }

    func match(_ bytes: Span<UInt8>) -> ForeignAnswer? {
        guard let (answer, number) = request.answer(bytes) else { return nil }
        // A master's Sync to all has a sequence of its own.
        guard answer.requester != nil || answer.flags.contains(.unicast) else { return nil }
        switch answer.kind {
        case .delayResponse:
            hasDelayResponse = true
            // Its correction is to be taken off the arrival, and so adds to the turnaround.
            return halves.merge(
                answer, to: number, isReply: false, arrival: answer.time, correction: answer.correction)
        case .sync:
            hasSync = true
            return halves.merge(
                answer, to: number, isReply: true,
                departure: answer.flags.contains(.twoStep) ? nil : answer.time, correction: answer.correction)
        case .followUp:
            return halves.merge(
                answer, to: number, isReply: false, departure: answer.time, correction: answer.correction)
        default: return nil
        }
    }
}
