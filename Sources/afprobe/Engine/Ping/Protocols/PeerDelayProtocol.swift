import AFPacketKit

/// PTP's peer delay mechanism: two-step and one-step answers. IEEE 1588-2019, 11.4
final class PeerDelayProtocol: PTPProtocol {
    var request: PTPRequest
    private var halves = HalfAnswers()

    init(_ shape: FrameShape, domain: UInt8, profile: UInt8, as requester: PTPRequester) {
        // Over IP to a host, which may then answer this one and not a group.
        let message = PTPMessage(
            kind: .peerDelayRequest, profile: profile, domain: domain, flags: shape.isOverIP ? .unicast : [],
            sender: requester.port)
        request = PTPRequest(
            shape, message, firstSequence: requester.firstSequence, length: PTPMessage.length)
    }

    func match(_ bytes: Span<UInt8>) -> ForeignAnswer? {
        guard let (answer, number) = request.answer(bytes) else { return nil }
        // Of one step, the turnaround is in the correction; of two, both times may be 0, and it is in the corrections.
        let time = answer.time ?? 1
        return switch answer.kind {
        case .peerDelayResponse:
            halves.merge(
                answer, to: number, isReply: true, arrival: time,
                departure: answer.flags.contains(.twoStep) ? nil : time, correction: answer.correction)
        case .peerDelayResponseFollowUp:
            halves.merge(answer, to: number, isReply: false, departure: time, correction: answer.correction)
        default: nil
        }
    }
}
