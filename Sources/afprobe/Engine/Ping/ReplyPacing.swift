/// For how long the next request waits after the reply to the last, where one waits for the other.
struct ReplyPacing {
    /// Whether it waits as long as the round trip took.
    let isAdaptive: Bool
    /// No round trip counts as longer, in nanoseconds: the clock may have been set meanwhile.
    let maxRoundTrip: Int64
    private var smoothedRoundTrip: Int64 = 0

    init(isAdaptive: Bool, maxRoundTrip: Int64) {
        self.isAdaptive = isAdaptive
        self.maxRoundTrip = maxRoundTrip
    }

    /// Records a round trip by the userspace stamps.
    ///
    /// - Parameter measured: nil where it is not known.
    /// - Returns: in nanoseconds, for how long to wait, unless the exchange is complete before.
    mutating func pause(after measured: Int64?) -> Int64 {
        let roundTrip = min(max(0, measured ?? 0), maxRoundTrip)
        // RFC 6298, section 2
        smoothedRoundTrip =
            smoothedRoundTrip == 0 ? roundTrip : smoothedRoundTrip &+ (roundTrip &- smoothedRoundTrip) >> 3
        // The follow-up keeps the responder busy: a request that came meanwhile would wait for it, and show that. But
        // it may be lost.
        return isAdaptive ? smoothedRoundTrip : 4 &* smoothedRoundTrip &+ Self.followUpTimeout
    }

    /// How long a follow-up may take, apart from the round trip: 1 ms.
    private static let followUpTimeout: Int64 = 1_000_000
}
