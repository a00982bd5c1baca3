internal import CShim
import Glibc

/// A time taken by one of the clocks: nanoseconds since that clock's epoch.
///
/// A software or userspace stamp is CLOCK_REALTIME (UTC since 1970); a hardware stamp is the NIC's own clock (PHC),
/// which may run in TAI or count from an arbitrary epoch. A stamp's origin determines its clock: stamps of different
/// clocks must not be subtracted.
public struct Timestamp: BitwiseCopyable, Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's epoch; negative before it. Reaches to the year 2262.
    public let nanoseconds: Int64

    /// Creates a stamp of `nanoseconds`.
    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Converts the kernel's seconds and nanoseconds; nil if they do not fit in 64 bits of nanoseconds or the
    /// nanoseconds are not within a second.
    @inlinable
    init?(seconds: Int64, nanoseconds: Int64) {
        guard (0..<1_000_000_000).contains(nanoseconds) else { return nil }
        let (scaled, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = scaled.addingReportingOverflow(nanoseconds)
        guard !overflowed, !carried else { return nil }
        self.nanoseconds = sum
    }

    /// The time by CLOCK_REALTIME, the clock of the software stamps. clock_gettime(2)
    @inlinable
    public static func now() -> Timestamp {
        Timestamp(nanoseconds: read(ClockNumber.realtime))
    }

    /// The kernel's offset of TAI from UTC in seconds; 0 if nobody has set it, and then CLOCK_TAI is CLOCK_REALTIME.
    /// adjtimex(2)
    public static func kernelTAIOffset() -> Int {
        var state = timex()
        unsafe adjtimex(&state)
        return Int(state.tai)
    }

    /// The nanoseconds from `earlier` to `later`, negative if they are in the other order. It wraps only for stamps
    /// more than 292 years apart, which a hostile peer may send.
    public static func - (later: Timestamp, earlier: Timestamp) -> Int64 {
        later.nanoseconds &- earlier.nanoseconds
    }

    /// Orders two stamps of one clock.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// An optional stamp in the memory of a stamp: those of every frame are kept, copied and compared. Zero means none, as
/// in the kernel's messages.
@propertyWrapper
public struct OptionalTimestamp: BitwiseCopyable, Hashable, Sendable {
    @usableFromInline var nanoseconds: Int64

    /// Stores a stamp or none.
    @inlinable
    public init(wrappedValue: Timestamp?) { nanoseconds = wrappedValue?.nanoseconds ?? 0 }

    /// The stamp; nil if there is none or it is 0.
    @inlinable
    public var wrappedValue: Timestamp? {
        get { nanoseconds == 0 ? nil : Timestamp(nanoseconds: nanoseconds) }
        set { nanoseconds = newValue?.nanoseconds ?? 0 }
    }
}

/// A time by CLOCK_MONOTONIC, which nobody sets: for pacing and timeouts.
public struct MonotonicTime: BitwiseCopyable, Hashable, Comparable, Sendable {
    /// Nanoseconds since a fixed point before the start of the program.
    public let nanoseconds: Int64

    /// Creates a time of `nanoseconds`.
    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// A time later than all others: a wait until then has no deadline.
    @inlinable
    public static var never: MonotonicTime { MonotonicTime(nanoseconds: .max) }

    /// The time now. clock_gettime(2)
    @inlinable
    public static func now() -> MonotonicTime {
        MonotonicTime(nanoseconds: read(ClockNumber.monotonic))
    }

    /// The time at the kernel's last tick, at most 10 ms ago: for timeouts and limits, at a third of the cost.
    /// CLOCK_MONOTONIC_COARSE, clock_gettime(2)
    public static func atLastTick() -> MonotonicTime {
        MonotonicTime(nanoseconds: read(ClockNumber.monotonicCoarse))
    }

    /// The time `duration` nanoseconds later; `never` if that does not fit.
    public static func + (time: MonotonicTime, duration: Int64) -> MonotonicTime {
        let (sum, overflowed) = time.nanoseconds.addingReportingOverflow(duration)
        return overflowed ? .never : MonotonicTime(nanoseconds: sum)
    }

    /// The nanoseconds from `earlier` to `later`.
    public static func - (later: MonotonicTime, earlier: MonotonicTime) -> Int64 {
        later.nanoseconds - earlier.nanoseconds
    }

    /// Orders two times.
    @inlinable
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// The numbers of the clocks: inlinable code cannot name the imported ones. clockid_t, linux/time.h
@usableFromInline
enum ClockNumber {
    @inlinable static var realtime: CInt { 0 }
    @inlinable static var monotonic: CInt { 1 }
    @inlinable static var monotonicCoarse: CInt { 6 }
}

// Not inlined, so that callers contain only a call.
@usableFromInline @inline(never)
func read(_ clock: CInt) -> Int64 { cshim_clock(clock) }
