/// The pause between a reply and the next request, in stop-and-wait.
struct ReplyPacing {
    /// Tells whether it waits as long as the round trip took.
    let isAdaptive: Bool
    /// The maximum round trip that counts, in nanoseconds.
    let maxRoundTrip: Int64
    private var smoothedRoundTrip: Int64 = 0

    init(isAdaptive: Bool, maxRoundTrip: Int64) {
        self.isAdaptive = isAdaptive
        self.maxRoundTrip = maxRoundTrip
    }

    /// Records a round trip by CLOCK_MONOTONIC; returns the nanoseconds to wait, unless the exchange is complete
    /// before.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func pause(after measured: Int64) -> Int64 {
        let roundTrip = min(max(0, measured), maxRoundTrip)
        // RFC 6298, section 2
        smoothedRoundTrip =
            smoothedRoundTrip == 0 ? roundTrip : smoothedRoundTrip &+ (roundTrip &- smoothedRoundTrip) >> 3
        // The follow-up keeps the responder busy, and would delay a request that came meanwhile. But it may be lost.
        return isAdaptive ? smoothedRoundTrip : 4 &* smoothedRoundTrip &+ Self.followUpTimeout
    }

    /// The follow-up timeout, apart from the round trip: 1 ms.
    private static let followUpTimeout: Int64 = 1_000_000
}
