import AFPacketKit
import Testing

@testable import afprobe

@Suite struct PendingRepliesTests {
    private let capacity: UInt64 = 1024

    private func full() -> PendingReplies {
        var pending = PendingReplies()
        for number in 1...capacity {
            pending.add(PendingReply(), at: MonotonicTime(nanoseconds: Int64(number)))
        }
        return pending
    }

    @Test func theOldestMakesRoom() {
        var pending = full()
        let place = pending.placeToClear()
        #expect(place == 1)
    }

    /// Nobody has looked for the oldest since: a busy responder does so only now and then.
    @Test func noneMakesRoomWhereThereIsSome() {
        var pending = full()
        for place in 1..<capacity { pending.close(place) }
        let place = pending.placeToClear()
        #expect(place == nil)
        let oldest = pending.oldest()?.place
        #expect(oldest == capacity)
    }
}
