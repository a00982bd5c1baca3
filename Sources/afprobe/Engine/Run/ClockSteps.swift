import AFPacketKit

/// Notices steps of CLOCK_REALTIME, the clock of the software and userspace stamps.
///
/// Its difference to CLOCK_MONOTONIC changes only by a step: adjtimex(2) slews both alike. So another difference shows a
/// step, and no call has to wait for one.
struct ClockSteps {
    /// The steps noticed so far.
    private(set) var count: UInt64 = 0
    /// When the last one was noticed, after it happened; nil if there was none.
    private(set) var lastNoticed: MonotonicTime?
    /// Bounds of CLOCK_REALTIME minus CLOCK_MONOTONIC.
    private var low: Int64
    private var high: Int64

    /// The readings of two clocks bound their difference to some 50 ns; what is found beyond this is a step.
    private static var tolerance: Int64 { 1_000 }
    /// The time from one reading to the next that needs no closer look.
    private static var usualDelay: Int64 { 5_000 }

    init(on port: borrowing some Port & ~Copyable) { (low, high, _) = Self.bounds(on: port) }

    private static func bounds(
        on port: borrowing some Port & ~Copyable
    ) -> (low: Int64, high: Int64, after: MonotonicTime) {
        let before = port.monotonicTime()
        let real = port.realTime().nanoseconds
        let after = port.monotonicTime()
        return (real &- after.nanoseconds, real &- before.nanoseconds, after)
    }

    /// Checks for a step since the last check, and returns whether there was one.
    ///
    /// - Parameter time: a time before the check that is to count as after the step: that of a frame still to be sent.
    @discardableResult
    mutating func check(
        on port: borrowing some Port & ~Copyable, before time: MonotonicTime? = nil
    ) -> Bool {
        let (low, high, now) = Self.bounds(on: port)
        let isStep = low > self.high &+ Self.tolerance || high < self.low &- Self.tolerance
        guard isStep || low > self.high || high < self.low else {
            (self.low, self.high) = (max(low, self.low), min(high, self.high))
            return false
        }
        (self.low, self.high) = (low, high)
        guard isStep else { return false }
        count += 1
        lastNoticed = time.map { $0 + -1 } ?? now
        return true
    }

    /// The same by a reading of CLOCK_REALTIME and one of CLOCK_MONOTONIC after it, which costs nothing; a closer look
    /// only if they seem to tell of a step.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func check(
        _ real: Timestamp, before monotonic: MonotonicTime, on port: borrowing some Port & ~Copyable
    ) {
        let difference = real.nanoseconds &- monotonic.nanoseconds
        if difference > high || difference < low &- Self.usualDelay { check(on: port) }
    }

    /// Returns whether a step may have happened between this time and the last check.
    func hasStepped(since time: MonotonicTime) -> Bool { lastNoticed.map { $0 >= time } ?? false }
}
