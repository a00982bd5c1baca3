import AFPacketKit

/// The time before a due time at which a thread must stop sleeping, to be awake when it comes.
enum SpinMargin {
    private static let sleeps = 50
    /// Long enough for an idle CPU to go to sleep.
    private static let duration: Int64 = 500_000
    /// The maximum: beyond it something else delays this thread, which spinning does not prevent.
    static let longest: Int64 = 1_000_000

    /// Measures how late this thread, as it is scheduled now, wakes up from short sleeps; returns the margin in
    /// nanoseconds.
    static func measured(on socket: borrowing some Port & ~Copyable) throws(SystemError) -> Int64 {
        var latenesses: [Int64] = []
        for _ in 0..<sleeps {
            let due = socket.monotonicTime() + duration
            try socket.sleep(until: due)
            latenesses.append(socket.monotonicTime() - due)
        }
        return margin(for: latenesses)
    }

    /// Twice the 90th percentile: the slowest are outliers, which would make the thread spin most of the time.
    static func margin(for latenesses: [Int64]) -> Int64 {
        let ordered = latenesses.sorted()
        guard !ordered.isEmpty else { return longest }
        return min(max(2 * ordered[(ordered.count - 1) * 9 / 10], 0), longest)
    }
}
