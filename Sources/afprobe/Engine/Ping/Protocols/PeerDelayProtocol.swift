import AFPacketKit

/// PTP's peer delay mechanism: two-step and one-step answers. IEEE 1588-2019, 11.4
final class PeerDelayProtocol: PingProtocol {
    private let request: EthernetRequest
    private let message: PTPMessage
    private var numbers = ShortNumbers()
    private var halves = HalfAnswers()
    /// What answers that were not for this run had otherwise.
    private(set) var mismatch: PTPMismatch?

    init(_ shape: FrameShape, domain: UInt8, profile: UInt8) {
        request = EthernetRequest(shape: shape, length: PTPMessage.length)
        message = PTPMessage(
            kind: .peerDelayRequest, profile: profile, domain: domain,
            sender: PTPPortIdentity(of: shape.source))
    }

    func frame(size: Int) -> ProbeFrame {
        var bytes = request.frame(size: size)
        var frame = bytes.mutableSpan
        message.encodeRequest(into: &frame, at: request.start, length: PTPMessage.length)
        return ProbeFrame(bytes, self, witnessAt: nil)
    }

    @_lifetime(frame: copy frame)
    func renumber(_ frame: inout MutableSpan<UInt8>, to number: UInt64) {
        frame.storeBigEndian(numbers.send(number), at: request.start + 30)
        request.shape.encodeChecksum(into: &frame)
    }

    func match(_ frame: Span<UInt8>) -> ForeignAnswer? {
        guard let content = request.message(in: frame), let answer = PTPMessage(decoding: content),
            answer.requester == message.sender
        else {
            return nil
        }
        guard answer.domain == message.domain, answer.profile == message.profile else {
            mismatch = PTPMismatch(domain: answer.domain, profile: answer.profile)
            return nil
        }
        guard let number = numbers.whole(answer.sequence) else { return nil }
        switch answer.kind {
        case .peerDelayResponse where !answer.flags.contains(.twoStep):
            // The turnaround is in the correction, and the time is 0 or that of the arrival.
            let arrival = answer.time ?? 1
            return ForeignAnswer(
                number: number,
                info: ResponderInfo(arrival: arrival, departure: arrival &+ answer.correction >> 16))
        case .peerDelayResponse:
            halves.merge(number, arrival: answer.time, answer.correction)
            return halves.take(number, hasReply: true)
        case .peerDelayResponseFollowUp:
            halves.merge(number, departure: answer.time, answer.correction)
            return halves.take(number, hasReply: false)
        default: return nil
        }
    }
}

/// The domain or profile that answers have, if it is not the requests'.
struct PTPMismatch: Equatable {
    let domain: UInt8
    let profile: UInt8
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
        _ number: UInt64, arrival: Int64? = nil, departure: Int64? = nil, _ correction: Int64 = 0
    ) {
        let index = index(number)
        if halves[index].number != number {
            halves[index] = Half()
            halves[index].number = number
        }
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
    mutating func take(_ number: UInt64, hasReply: Bool) -> ForeignAnswer? {
        let index = index(number)
        let half = halves[index]
        guard half.number == number else { return nil }
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
