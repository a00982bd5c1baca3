import AFPacketKit
import Glibc
import Testing

@testable import afprobe

@Suite struct DoorbellTests {
    /// A ring that is lost leaves the one who answers asleep.
    @Test func noRingIsLost() throws {
        let bell = try Doorbell()
        let queues = (0..<3).map { _ in RecordQueue<Int>(capacity: 4) }
        let count = 100_000
        for queue in queues {
            _ = try WorkerThread {
                for number in 0..<count {
                    // A full queue has been rung for.
                    while !queue.push(number) { sched_yield() }
                    bell.ring()
                }
            }
        }
        var poll = PollSet()
        poll.add(bell.wakeup, as: .wakeup)
        var next = queues.map { _ in 0 }
        while next != queues.map({ _ in count }) {
            let ready = try poll.wait(until: .now() + 30_000_000_000)
            try #require(ready == .wakeup, "asleep for ever")
            bell.silence()
            for (index, queue) in queues.enumerated() {
                while let number = queue.pop() {
                    #expect(number == next[index])
                    next[index] += 1
                }
            }
        }
    }

    @Test func silenceLasts() throws {
        let bell = try Doorbell()
        var poll = PollSet()
        poll.add(bell.wakeup, as: .wakeup)
        bell.ring()
        bell.ring()
        #expect(try poll.wait(until: .now()) == .wakeup)
        bell.silence()
        #expect(try poll.wait(until: .now()).isEmpty)
        bell.ring()
        #expect(try poll.wait(until: .now()) == .wakeup)
    }
}
