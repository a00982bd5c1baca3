import AFPacketKit

/// How long before something is due a thread has to stop sleeping, so as to be awake when it is.
enum SpinMargin {
    private static let sleeps = 50
    /// Long enough for an idle CPU to go to sleep.
    private static let duration: Int64 = 500_000
    /// Beyond it something else holds this thread up, which spinning does not help against.
    static let longest: Int64 = 1_000_000

    /// Sleeps a little, again and again, and sees how late it wakes up, as it is scheduled now.
    ///
    /// - Returns: nanoseconds.
    /// - Throws: `SystemError` of ppoll(2).
    static func measured(on socket: borrowing some Port & ~Copyable) throws(SystemError) -> Int64 {
        var latenesses: [Int64] = []
        for _ in 0..<sleeps {
            let due = socket.monotonicTime() + duration
            try socket.sleep(until: due)
            latenesses.append(socket.monotonicTime() - due)
        }
        return margin(for: latenesses)
    }

    /// Twice what nine in ten sleeps did not exceed: the slowest are accidents, which would have most of the time spun.
    static func margin(for latenesses: [Int64]) -> Int64 {
        let ordered = latenesses.sorted()
        guard !ordered.isEmpty else { return longest }
        return min(max(2 * ordered[(ordered.count - 1) * 9 / 10], 0), longest)
    }
}
