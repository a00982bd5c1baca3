import Glibc

/// A system clock that can be set, paired with CLOCK_MONOTONIC, which cannot and which is used for pacing.
///
/// The two run alike: their offset is constant until the clock is set. The offset is measured by reading one between
/// two readings of the other; its error is at most half the time between these. The best measurement is kept, so that
/// converted times do not jitter.
public struct ClockPair: Sendable {
    /// The clocks of stamps and launch times.
    public enum Clock: Sendable {
        /// UTC: the clock of the software stamps. CLOCK_REALTIME
        case realtime
        /// TAI, if the kernel's offset from UTC is set. CLOCK_TAI
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

    /// The clock paired with CLOCK_MONOTONIC.
    public let clock: Clock
    /// The clock minus CLOCK_MONOTONIC, in nanoseconds.
    public private(set) var offset: Int64 = 0
    /// The max error of `offset`, in nanoseconds.
    public private(set) var error: Int64 = .max

    /// Creates a pair and reads both clocks. clock_gettime(2)
    public init(_ clock: Clock) {
        self.clock = clock
        update()
    }

    /// Reads both clocks again, and uses the result if it is more exact than the current one, or contradicts it
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
        // The middle, plus half a nanosecond for the division.
        let newOffset = reading - (before + (after - before) / 2)
        let newError = (after - before) / 2 + 1
        let isContradiction = (newOffset - offset).magnitude > newError.addingClamped(error).magnitude
        guard newError < error || isContradiction else { return }
        offset = newOffset
        error = newError
    }

    /// The clock's time at `time` of CLOCK_MONOTONIC, as both were set at the last update.
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
