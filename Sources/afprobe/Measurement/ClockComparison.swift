import AFPacketKit

/// The NIC's clock against the system's, now and then: between two comparisons the last one is good for a while.
struct ClockComparison: ~Copyable {
    private var clock: PTPClock?
    private var latest: PTPClock.CrossTimestamp?
    private var comparedAt = MonotonicTime(nanoseconds: 0)

    /// For how long a comparison is used.
    private static let lifetime: Int64 = 10_000_000
    /// How much two oscillators may drift apart meanwhile: 100 ppm are the most that PTP allows, and Ethernet.
    private static let driftDivisor: Int64 = 10_000

    /// Opens the clock of an interface's NIC, where there is one and it may be read.
    init(of interface: NetworkInterface) {
        guard let index = (try? interface.timestampingCapabilities())?.clockIndex else {
            clock = nil
            return
        }
        do throws(SystemError) { clock = try PTPClock(index: index) } catch { clock = nil }
    }

    /// The NIC's clock minus CLOCK_REALTIME; nil where they cannot be compared.
    mutating func current() -> ClockOffset? {
        let now = MonotonicTime.now()
        if now - comparedAt > Self.lifetime { compare(at: now) }
        guard let latest else { return nil }
        return ClockOffset(
            offset: latest.offset, error: latest.error + (now - comparedAt) / Self.driftDivisor)
    }

    private mutating func compare(at now: MonotonicTime) {
        comparedAt = now
        // No optional chaining: it would copy the clock.
        switch clock {
        case .some(let clock): latest = try? clock.crossTimestamp()
        case .none: latest = nil
        }
    }
}
