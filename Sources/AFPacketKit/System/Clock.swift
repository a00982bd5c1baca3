internal import CShim
import Glibc

/// A reading of a clock: nanoseconds since that clock's epoch.
///
/// A software or userspace stamp is CLOCK_REALTIME (UTC since 1970); a hardware stamp is the NIC's own
/// clock (PHC), which may run in TAI or count from anywhere. Which clock a reading belongs to is told by
/// where it came from: readings of different clocks must not be subtracted.
public struct Timestamp: BitwiseCopyable, Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's epoch; negative before it. Reaches to the year 2262.
    public let nanoseconds: Int64

    /// A reading of `nanoseconds`.
    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// A kernel's pair of seconds and nanoseconds; nil where it does not fit in 64 bits of nanoseconds or
    /// the nanoseconds are not within a second.
    @inlinable
    init?(seconds: Int64, nanoseconds: Int64) {
        guard (0..<1_000_000_000).contains(nanoseconds) else { return nil }
        let (scaled, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = scaled.addingReportingOverflow(nanoseconds)
        guard !overflowed, !carried else { return nil }
        self.nanoseconds = sum
    }

    /// What CLOCK_REALTIME shows now: the clock of the software stamps. clock_gettime(2)
    @inlinable
    public static func now() -> Timestamp {
        Timestamp(nanoseconds: read(ClockNumber.realtime))
    }

    /// How many seconds the kernel believes TAI to be ahead of UTC; 0 where nobody has told it, and CLOCK_TAI then
    /// is CLOCK_REALTIME. adjtimex(2)
    public static func kernelTAIOffset() -> Int {
        var state = timex()
        unsafe adjtimex(&state)
        return Int(state.tai)
    }

    /// The nanoseconds from `earlier` to `later`, negative if they are in the other order. It wraps only
    /// for readings more than 292 years apart, which a hostile peer may send.
    public static func - (later: Timestamp, earlier: Timestamp) -> Int64 {
        later.nanoseconds &- earlier.nanoseconds
    }

    /// Orders two readings of one clock.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// A stamp that may be missing, in no more memory than the stamp itself: every frame's are kept, copied and compared.
/// Zero stands for none, as it does where the kernel writes them.
@propertyWrapper
public struct OptionalTimestamp: Hashable, Sendable {
    @usableFromInline var nanoseconds: Int64

    /// Keeps a stamp, or that there is none.
    @inlinable
    public init(wrappedValue: Timestamp?) { nanoseconds = wrappedValue?.nanoseconds ?? 0 }

    /// The stamp; nil where there is none, or it is 0.
    @inlinable
    public var wrappedValue: Timestamp? {
        get { nanoseconds == 0 ? nil : Timestamp(nanoseconds: nanoseconds) }
        set { nanoseconds = newValue?.nanoseconds ?? 0 }
    }
}

/// A reading of CLOCK_MONOTONIC, which nobody sets: for schedules and time-outs.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    /// Nanoseconds since some point before the start of the program.
    public let nanoseconds: Int64

    /// A reading of `nanoseconds`.
    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Later than every reading: when what does not happen is due.
    @inlinable
    public static var never: MonotonicTime { MonotonicTime(nanoseconds: .max) }

    /// What the clock shows now. clock_gettime(2)
    @inlinable
    public static func now() -> MonotonicTime {
        MonotonicTime(nanoseconds: read(ClockNumber.monotonic))
    }

    /// What the clock showed at the kernel's last tick, at most 10 ms ago: for time-outs and limits, at a third of the cost.
    /// CLOCK_MONOTONIC_COARSE, clock_gettime(2)
    public static func atLastTick() -> MonotonicTime {
        MonotonicTime(nanoseconds: read(ClockNumber.monotonicCoarse))
    }

    /// The reading `duration` nanoseconds later; `never` where that is later than there are readings.
    public static func + (time: MonotonicTime, duration: Int64) -> MonotonicTime {
        let (sum, overflowed) = time.nanoseconds.addingReportingOverflow(duration)
        return overflowed ? .never : MonotonicTime(nanoseconds: sum)
    }

    /// The nanoseconds from `earlier` to `later`.
    public static func - (later: MonotonicTime, earlier: MonotonicTime) -> Int64 {
        later.nanoseconds - earlier.nanoseconds
    }

    /// Orders two readings.
    @inlinable
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// What is inlined elsewhere cannot name the imported ones. clockid_t, linux/time.h
@usableFromInline
enum ClockNumber {
    @inlinable static var realtime: CInt { 0 }
    @inlinable static var monotonic: CInt { 1 }
    @inlinable static var monotonicCoarse: CInt { 6 }
}

// Not inlined, so that its callers have nothing to do but to call it.
@usableFromInline @inline(never)
func read(_ clock: CInt) -> Int64 { cshim_clock(clock) }
