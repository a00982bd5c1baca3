import AFPacketKit

/// A clock minus another, and how far the truth may be from that, in nanoseconds.
struct ClockOffset: Equatable {
    var offset: Int64
    var error: Int64
}

/// The NIC's clock against the system's, compared now and then: in between the last comparison holds.
struct NICClock {
    private let compare: () -> PTPClock.CrossTimestamp?
    private var latest: PTPClock.CrossTimestamp?
    private var comparedAt = MonotonicTime(nanoseconds: 0)

    /// For how long a comparison is used.
    private static let lifetime: Int64 = 10_000_000
    /// How much two oscillators may drift apart meanwhile: 100 ppm are the most that PTP allows, and Ethernet.
    private static let driftDivisor: Int64 = 10_000

    init(_ reader: InterfaceReader) { compare = reader.comparison }

    /// The NIC's clock minus CLOCK_REALTIME; nil if they cannot be compared.
    mutating func offset(at now: MonotonicTime) -> ClockOffset? {
        if comparedAt.nanoseconds == 0 || now - comparedAt > Self.lifetime {
            comparedAt = now
            latest = compare()
        }
        guard let latest else { return nil }
        return ClockOffset(
            offset: latest.offset, error: latest.error + (now - comparedAt) / Self.driftDivisor)
    }
}
