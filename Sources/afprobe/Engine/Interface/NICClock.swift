import AFPacketKit

/// The difference of two clocks and its maximum error, in nanoseconds.
struct ClockOffset: Equatable {
    var offset: Int64
    var error: Int64
}

/// The NIC's clock compared with the system's. A comparison is reused until its lifetime is over.
struct NICClock {
    private var compare: () -> PTPClock.CrossTimestamp?
    private var latest: PTPClock.CrossTimestamp?
    private var comparedAt = MonotonicTime(nanoseconds: 0)

    /// Nanoseconds for which a comparison is used.
    private static let lifetime: Int64 = 10_000_000
    /// The drift of two oscillators meanwhile: 100 ppm, the maximum that PTP and Ethernet allow.
    private static let driftDivisor: Int64 = 10_000

    init(_ reader: InterfaceReader) { compare = reader.comparison }

    /// Forgets the latest comparison: one of the clocks was set.
    mutating func forget() { comparedAt = MonotonicTime(nanoseconds: 0) }

    /// Compares no more: the NIC is another one.
    mutating func stop() {
        compare = { nil }
        forget()
    }

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
