import AFPacketKit
import Testing

@Suite struct TransmitLedgerTests {
    /// Frames of 60 bytes that a number at offset 20 tells apart.
    private func frame(_ number: UInt64, length: Int = 60) -> [UInt8] {
        var frame = [UInt8](repeating: 0xaa, count: length)
        for index in 0..<8 { frame[20 + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
        return frame
    }

    private func match(
        _ ledger: inout TransmitLedger, _ key: UInt32, _ frame: [UInt8]
    ) -> TransmitLedger.Match {
        ledger.match(TransmitCompletion(event: .sent, key: key), returned: frame.span)
    }

    private func ledger(
        sending numbers: ClosedRange<UInt64>, capacity: Int = 64, witnessAt offset: Int? = 20
    )
        -> TransmitLedger
    {
        var ledger = TransmitLedger(capacity: capacity)
        for number in numbers { ledger.sent(frame(number).span, witnessAt: offset) }
        return ledger
    }

    @Test(arguments: [nil, 20, 16, 55] as [Int?])
    func aKeyFollowsTheToken(witnessOffset: Int?) {
        var ledger = ledger(sending: 1...43, witnessAt: witnessOffset)
        let matches = [
            match(&ledger, 0, frame(1)), match(&ledger, 41, frame(42)), match(&ledger, 41, frame(43)),
            match(&ledger, 42, frame(43)), match(&ledger, 42, frame(44)), match(&ledger, 99, frame(99)),
        ]
        #expect(matches == [.token(1), .token(42), .contradiction, .token(43), .unknown, .unknown])
    }

    @Test func keysWrap() {
        var ledger = TransmitLedger(capacity: 8)
        // As after 2³² − 2 sends.
        let start = UInt32.max - 1
        ledger.failed()
        for number in 2...9 as ClosedRange<UInt64> { ledger.sent(frame(number).span) }
        let matches = (2...9 as ClosedRange<UInt64>).map {
            match(&ledger, start &+ UInt32($0 - 2), frame($0))
        }
        #expect(matches == (2...9).map { .token($0) })
    }

    /// EMSGSIZE and ENOBUFS use a key up, ENETDOWN does not.
    @Test(arguments: [0, 1] as [UInt32])
    func afterAFailureTheDistanceIsLearnedAgain(usedUp: UInt32) {
        var ledger = ledger(sending: 1...9)
        let before = match(&ledger, 8, frame(9))
        ledger.failed()
        #expect(ledger.next == 11)
        for number in 11...12 as ClosedRange<UInt64> { ledger.sent(frame(number).span) }
        let after = [
            // What was sent before cannot be judged any more.
            match(&ledger, 7, frame(9)), match(&ledger, 9 + usedUp, frame(11)),
            match(&ledger, 10 + usedUp, frame(12)), match(&ledger, 12 + usedUp, frame(12)),
        ]
        #expect([before] + after == [.token(9), .token(9), .token(11), .token(12), .contradiction])
    }

    /// Completions of what was sent before a failure come after it; alike frames are told by their keys alone.
    @Test(arguments: [0, 1] as [UInt32])
    func alikeFramesAroundAFailureAreToldByTheirKeys(usedUp: UInt32) {
        var ledger = TransmitLedger(capacity: 16)
        let alike = frame(0)
        for _ in 1...3 { ledger.sent(alike.span) }
        ledger.failed()
        let later = ledger.sent(alike.span)
        #expect(later == 5)
        let matches = [1, 2, 3 + usedUp].map { match(&ledger, $0, alike) }
        #expect(matches == [.token(2), .token(3), .token(5)])
    }

    /// The kernel does not count what brings its own key, and gives that key once more.
    @Test func keysOfTwoKinds() {
        var ledger = ledger(sending: 1...2)
        ledger.willChangeKeys()
        ledger.sent(frame(3).span, witnessAt: 20)
        ledger.willChangeKeys()
        for number in 4...5 as ClosedRange<UInt64> { ledger.sent(frame(number).span, witnessAt: 20) }
        let sent: [(UInt32, UInt64)] = [(0, 1), (1, 2), (2, 3), (2, 4), (3, 5)]
        let matches = sent.map { match(&ledger, $0.0, frame($0.1)) }
        #expect(matches == (1...5).map { .token($0) })
    }

    @Test func explicitKeysDoNotShift() {
        var ledger = ledger(sending: 1...3)
        ledger.failed(hadExplicitKey: true)
        let token = ledger.next
        let key = ledger.explicitKey(of: token)
        ledger.sent(frame(5).span)
        let matches = [match(&ledger, key, frame(5)), match(&ledger, key, frame(3))]
        #expect(matches == [.token(5), .contradiction])
        #expect(ledger.explicitKey(of: 1 << 32) == .max && ledger.explicitKey(of: 1 << 32 + 1) == 0)
    }

    @Test func aFailureWithoutATokenShiftsTheKeys() {
        var ledger = ledger(sending: 1...3)
        ledger.mayHaveFailed()
        ledger.sent(frame(4).span)
        ledger.sent(frame(5).span)
        let matches = [
            match(&ledger, 2, frame(3)), match(&ledger, 4, frame(4)), match(&ledger, 5, frame(5)),
        ]
        #expect(matches == [.token(3), .token(4), .token(5)])
    }

    /// Linux 4.19 and older give every send of a packet socket the key 0.
    @Test func keysThatAreAlwaysZeroContradictNothing() {
        var ledger = ledger(sending: 1...5)
        let matches = (1...5 as ClosedRange<UInt64>).map { match(&ledger, 0, frame($0)) }
        #expect(matches == (1...5).map { .token($0) })
    }

    @Test func theOldestAreForgotten() {
        var ledger = ledger(sending: 1...20, capacity: 5)
        let matches = [12, 13, 20].map { match(&ledger, $0 - 1, frame(UInt64($0))) }
        #expect(matches == [.unknown, .token(13), .token(20)])
    }

    /// A tunnel puts headers in front, and a driver fills a short frame up.
    @Test func moreMayComeBackThanWasSent() {
        var ledger = TransmitLedger(capacity: 4)
        ledger.sent(frame(1, length: 30).span)
        let matches = [
            match(&ledger, 0, [UInt8](repeating: 1, count: 50) + frame(1, length: 30)),
            match(&ledger, 0, frame(1, length: 30) + [UInt8](repeating: 0, count: 30)),
            match(&ledger, 0, Array(frame(1, length: 30).dropLast())), match(&ledger, 0, []),
        ]
        #expect(matches == [.token(1), .token(1), .unknown, .unknown])
    }

    /// Shorter than where the witness starts, and than where it ends.
    @Test func shortFramesAreToldByWhatTheyHave() {
        var ledger = TransmitLedger(capacity: 4)
        let frames: [[UInt8]] = [[1, 2, 3], Array(0..<14), Array(1..<15)]
        for frame in frames { ledger.sent(frame.span) }
        let matches = frames.map { match(&ledger, 7, $0) }
        #expect(matches == [.contradiction, .contradiction, .contradiction])
        let found = frames.map { ledger.token(ofReturned: $0.span) }
        #expect(found == [1, 2, 3])
    }

    @Test func completionsOfABatchFindTheirFrames() {
        var ledger = TransmitLedger(capacity: 8)
        var frames = FrameBatch(of: frame(0).span, count: 3)
        var number: UInt8 = 0
        frames.update(first: 3) { frame in
            number += 1
            frame[0] = number
        }
        let tokens = ledger.sent(frames, 1..<3)
        #expect(tokens == 1..<3)
        var completions = MessageBatch(capacity: 4, frameCapacity: 100)
        let second = frames.frame(at: 2).array
        completions.fill(
            with: [
                (second, Ancillary(transmission: TransmitCompletion(event: .scheduled, key: 1))),
                (second, Ancillary()),
            ], receivedAt: Timestamp(nanoseconds: 0))
        let matches = [ledger.match(completions[0]), ledger.match(completions[1])]
        #expect(matches == [.token(2), .unknown])
    }
}
