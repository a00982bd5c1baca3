import AFPacketKit
import Testing

extension PollSet.Members {
    fileprivate static let first = Self(rawValue: 1 << 0)
    fileprivate static let last = Self(rawValue: 1 << 7)
}

@Suite struct PollSetTests {
    @Test func aWaitTellsWhichAreReady() throws {
        let first = try Wakeup()
        let last = try Wakeup()
        var poll = PollSet()
        poll.add(first, as: .first)
        poll.add(last, as: .last)
        #expect(try poll.wait(until: .now()).isEmpty)
        last.signal()
        #expect(try poll.wait(until: .never) == .last)
        first.signal()
        #expect(try poll.wait(until: .now()) == [.first, .last])
        last.clear()
        #expect(try poll.wait(until: .now() + 1_000_000_000) == .first)
    }

    @Test func aWaitEndsInTime() throws {
        let wakeup = try Wakeup()
        var poll = PollSet()
        poll.add(wakeup, as: .first)
        let start = MonotonicTime.now()
        #expect(try poll.wait(until: start + 20_000_000).isEmpty)
        #expect(MonotonicTime.now() - start >= 20_000_000)
    }

    @Test func namesAreChecked() async {
        await #expect(processExitsWith: .failure) {
            let wakeup = try Wakeup()
            var poll = PollSet()
            poll.add(wakeup, as: .first)
            poll.add(wakeup, as: .first)
        }
        await #expect(processExitsWith: .failure) {
            let wakeup = try Wakeup()
            var poll = PollSet()
            poll.add(wakeup, as: [.first, .last])
        }
        await #expect(processExitsWith: .failure) {
            var poll = PollSet()
            poll.watchWritability(of: .first, true)
        }
    }
}
