import Glibc

/// A clock of the system that somebody sets, beside CLOCK_MONOTONIC, which nobody does and schedules are made in.
///
/// The two run alike and differ by what does not change until the one is set. How much that is comes from readings of
/// the one between two readings of the other: the truth is nowhere but within half the time between these. The best
/// pair of readings so far is kept, so that what is computed from it does not tremble.
public struct ClockPair: Sendable {
    /// The clocks that frames are stamped by, and may be launched by.
    public enum Clock: Sendable {
        /// UTC: the clock of the software stamps. CLOCK_REALTIME
        case realtime
        /// TAI, as far as somebody has told the kernel how far it is ahead of UTC. CLOCK_TAI
        case tai
        /// CLOCK_MONOTONIC itself.
        case monotonic

        var identifier: clockid_t {
            switch self {
            case .realtime: CLOCK_REALTIME
            case .tai: CLOCK_TAI
            case .monotonic: CLOCK_MONOTONIC
            }
        }
    }

    /// The clock beside CLOCK_MONOTONIC.
    public let clock: Clock
    /// That clock minus CLOCK_MONOTONIC, in nanoseconds.
    public private(set) var offset: Int64 = 0
    /// The error of `offset` at most, in nanoseconds.
    public private(set) var error: Int64 = .max

    /// A pair of clocks that has been read. clock_gettime(2)
    public init(_ clock: Clock) {
        self.clock = clock
        update()
    }

    /// Reads both clocks again, and takes what they say if it is more exact than what is known, or contradicts it
    /// because the clock was set.
    public mutating func update() {
        let before = read(CLOCK_MONOTONIC)
        let reading = read(clock.identifier)
        let after = read(CLOCK_MONOTONIC)
        take(reading: reading, between: before, and: after)
    }

    /// Takes a reading of the clock between two of CLOCK_MONOTONIC, as `update` does with those that it makes.
    package mutating func take(reading: Int64, between before: Int64, and after: Int64) {
        guard clock != .monotonic else {
            error = 0
            return
        }
        // The middle, and half a nanosecond for the division.
        let newOffset = reading - (before + (after - before) / 2)
        let newError = (after - before) / 2 + 1
        let isContradiction = (newOffset - offset).magnitude > newError.addingClamped(error).magnitude
        guard newError < error || isContradiction else { return }
        offset = newOffset
        error = newError
    }

    /// The clock's time when CLOCK_MONOTONIC shows `time`, as both were set at the last update.
    public func reading(at time: MonotonicTime) -> Timestamp {
        Timestamp(nanoseconds: time.nanoseconds &+ offset)
    }
}

extension Int64 {
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
