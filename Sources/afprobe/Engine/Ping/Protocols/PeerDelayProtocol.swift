import AFPacketKit

/// PTP's peer delay mechanism: two-step and one-step answers. IEEE 1588-2019, 11.4
final class PeerDelayProtocol: PingProtocol {
    private var request: PTPRequest
    private var halves = HalfAnswers()

    init(_ shape: FrameShape, domain: UInt8, profile: UInt8) {
        let message = PTPMessage(
            kind: .peerDelayRequest, profile: profile, domain: domain,
            // Over IP to a host, which may then answer this one and not a group.
            flags: shape.isOverIP ? .unicast : [], sender: PTPPortIdentity(of: shape.source))
        request = PTPRequest(shape, message, length: PTPMessage.length)
    }

    var mismatch: PTPMismatch? { request.mismatch }

    func frame(size: Int) -> ProbeFrame { request.frame(size: size, self) }

    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        request.renumber(&frame, to: number)
    }

    func match(_ frame: Span<UInt8>) -> ForeignAnswer? {
        let own = request.message.sender
        guard let (answer, number) = request.answer(in: frame, where: { $0.requester == own }) else {
            return nil
        }
        switch answer.kind {
        case .peerDelayResponse where !answer.flags.contains(.twoStep):
            // The turnaround is in the correction, and the time is 0 or that of the arrival.
            let arrival = answer.time ?? 1
            return ForeignAnswer(
                number: number,
                info: ResponderInfo(arrival: arrival, departure: arrival &+ answer.correction >> 16))
        case .peerDelayResponse:
            // Both times may be 0, and the turnaround in the corrections.
            halves.merge(number, of: answer.sender, arrival: answer.time ?? 1, answer.correction)
            return halves.take(number, of: answer.sender, hasReply: true)
        case .peerDelayResponseFollowUp:
            halves.merge(number, of: answer.sender, departure: answer.time ?? 1, answer.correction)
            return halves.take(number, of: answer.sender, hasReply: false)
        default: return nil
        }
    }
}

extension ResponderInfo {
    /// The times that a responder of another program tells, on whatever clock.
    init(arrival: Int64?, departure: Int64?) {
        self.init()
        self[.receivedSoftware] = arrival
        self[.sentSoftware] = departure
    }
}

/// Answers of which the two times come in two messages, in either order.
struct HalfAnswers {
    private struct Half {
        var number: UInt64 = 0
        /// Several clocks may answer a request to the group: the first one counts.
        var sender = PTPPortIdentity(clock: 0, port: 0)
        var (arrival, departure): (Int64?, Int64?) = (nil, nil)
        var (hasReply, isTold) = (false, false)
        /// In ns·2¹⁶.
        var correction: Int64 = 0
    }

    /// Those of the last requests, at the index of their number.
    private var halves = InlineArray<64, Half>(repeating: Half())

    private func index(_ number: UInt64) -> Int { Int(truncatingIfNeeded: number % 64) }

    /// Merges a message of an answer.
    mutating func merge(
        _ number: UInt64, of sender: PTPPortIdentity, arrival: Int64? = nil, departure: Int64? = nil,
        _ correction: Int64 = 0
    ) {
        let index = index(number)
        if halves[index].number != number {
            halves[index] = Half()
            (halves[index].number, halves[index].sender) = (number, sender)
        }
        guard halves[index].sender == sender else { return }
        guard arrival == nil || halves[index].arrival == nil,
            departure == nil || halves[index].departure == nil
        else { return }  // repeated
        halves[index].arrival = arrival ?? halves[index].arrival
        halves[index].departure = departure ?? halves[index].departure
        halves[index].correction &+= correction
    }

    /// The answer that the merged messages make; nil if nothing is known yet that was not told.
    ///
    /// - Parameter hasReply: whether this message is the one whose arrival ends the round trip.
    mutating func take(_ number: UInt64, of sender: PTPPortIdentity, hasReply: Bool) -> ForeignAnswer? {
        let index = index(number)
        let half = halves[index]
        guard half.number == number else { return nil }
        // That of another clock is a further reply.
        guard half.sender == sender else {
            return hasReply ? ForeignAnswer(number: number, part: .first) : nil
        }
        halves[index].hasReply = half.hasReply || hasReply
        guard let arrival = half.arrival, let departure = half.departure else {
            return hasReply ? ForeignAnswer(number: number, part: .first) : nil
        }
        let info = ResponderInfo(arrival: arrival, departure: departure &+ half.correction >> 16)
        if hasReply { return ForeignAnswer(number: number, part: .whole, info: info) }
        guard half.hasReply, !half.isTold else { return nil }
        halves[index].isTold = true
        return ForeignAnswer(number: number, part: .followUp, info: info)
    }
}
