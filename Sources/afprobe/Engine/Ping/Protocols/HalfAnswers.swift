/// Answers of which the two times come in several messages of PTP, in any order.
struct HalfAnswers {
    private struct Half {
        var number: UInt64 = 0
        /// Several clocks may answer a request to the group: the first one counts.
        var sender = PTPPortIdentity(clock: 0, port: 0)
        var (arrival, departure): (Int64?, Int64?) = (nil, nil)
        /// In ns·2¹⁶.
        var correction: Int64 = 0
        /// The kinds of the messages that have come, as a set of their numbers.
        var kinds: UInt16 = 0
        var (hasReply, isTold) = (false, false)
        /// Tells whether a time is none, or the corrections overflow: a clock's fault, or a hostile sender's.
        var isUnusable = false

        mutating func merge(
            _ message: PTPMessage, _ arrival: Int64?, _ departure: Int64?, _ correction: Int64
        ) {
            let kind: UInt16 = 1 << UInt16(message.kind.rawValue)
            // A repeated message tells nothing new.
            guard kinds & kind == 0 else { return }
            kinds |= kind
            self.arrival = self.arrival ?? arrival
            self.departure = self.departure ?? departure
            let (sum, overflow) = self.correction.addingReportingOverflow(correction)
            self.correction = sum
            if overflow || message.hasInvalidTime { isUnusable = true }
        }

        /// The responder's times, or none if they are unusable; nil if more messages are to come.
        private var info: ResponderInfo? {
            if isUnusable { return ResponderInfo() }
            guard let arrival, let departure else { return nil }
            return ResponderInfo(arrival: arrival, departure: departure &+ correction >> 16)
        }

        /// The answer as far as it is known; nil if it was told.
        mutating func answer(isReply: Bool) -> ForeignAnswer? {
            if isReply { hasReply = true }
            guard let info else { return isReply ? ForeignAnswer(number: number, part: .first) : nil }
            guard isReply || hasReply && !isTold else { return nil }
            isTold = true
            return ForeignAnswer(number: number, part: isReply ? .whole : .followUp, info: info)
        }
    }

    /// The latest answers, each at the index of its request's number.
    private var halves = InlineArray<64, Half>(repeating: Half())

    /// Merges a message into the answer to a request; returns the answer, if it is told now.
    ///
    /// - Parameters:
    ///   - isReply: whether this is the message whose arrival ends the round trip.
    ///   - correction: what the message adds to the turnaround, in ns·2¹⁶.
    mutating func merge(
        _ message: PTPMessage, to number: UInt64, isReply: Bool, arrival: Int64? = nil,
        departure: Int64? = nil,
        correction: Int64
    ) -> ForeignAnswer? {
        let index = Int(truncatingIfNeeded: number % 64)
        if halves[index].number != number {
            halves[index] = Half()
            (halves[index].number, halves[index].sender) = (number, message.sender)
        }
        // That of another clock is a further reply.
        guard halves[index].sender == message.sender else {
            return isReply ? ForeignAnswer(number: number, part: .first) : nil
        }
        halves[index].merge(message, arrival, departure, correction)
        return halves[index].answer(isReply: isReply)
    }
}
