import AFPacketKit

@testable import afprobe

// Requests of protocols that other hosts' programs answer, and their answers.

/// Sends the first three requests, and returns the last one.
@discardableResult
func send(_ form: some PingProtocol, _ frame: ProbeFrame) -> [UInt8] {
    var copy = RenumberedFrame(frame)
    for number in 1...3 as ClosedRange<UInt64> { copy.renumber(to: number) }
    return copy.bytes
}

func answer(_ form: some PingProtocol, _ bytes: [UInt8]) -> ForeignAnswer? {
    let isDatagram = form is EchoProtocol || form is NTPProtocol
    let answers = ForeignAnswers(form: form, framing: isDatagram ? .none : .ethernet)
    var faults = AnswerFaults()
    return answers.match(ReceivedFrame(bytes.span, isTruncated: false), &faults)
}

/// Returns whether no beginning of an answer is one, but for the whole.
func isNoneIfCut(_ form: some PingProtocol, _ bytes: [UInt8], neededLength: Int) -> Bool {
    (0..<neededLength).allSatisfy { answer(form, Array(bytes.prefix($0))) == nil }
}

func turnaround(_ answer: ForeignAnswer?) -> Int64? {
    guard let info = answer?.info, let arrival = info[.receivedSoftware],
        let departure = info[.sentSoftware]
    else { return nil }
    return departure - arrival
}
