import AFPacketKit

/// Bounds of the difference of two unsynchronised clocks, from round trips.
///
/// Neither a request nor a reply can arrive before it was sent: so the responder's clock is ahead of the requester's by
/// (request received − request sent) at most, and by (reply sent − reply received) at least. Every exchange narrows the
/// two bounds; the quickest exchanges narrow them best.
struct ClockBounds {
    private(set) var minimum: Int64 = .min
    private(set) var maximum: Int64 = .max
    /// The number of times that the bounds contradicted each other and were restarted: the clocks drift apart, or
    /// one was set.
    private(set) var restarts: UInt64 = 0

    /// Narrows the bounds by the stamps of an exchange, of one clock of each host.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func narrow(_ stamps: TwoWayStamps) {
        let (low, high) = (
            stamps.replySent - stamps.replyReceived, stamps.requestReceived - stamps.requestSent
        )
        // After the first few hardly any exchange narrows them.
        guard low > minimum || high < maximum else { return }
        guard low <= high else { return }  // the responder's clock was set in between
        let (narrowerLow, narrowerHigh) = (max(minimum, low), min(maximum, high))
        if narrowerLow > narrowerHigh {
            restarts += 1
            (minimum, maximum) = (low, high)
        } else {
            (minimum, maximum) = (narrowerLow, narrowerHigh)
        }
    }

    /// The responder's clock minus the requester's: the middle of the bounds, the error being half their distance; nil
    /// without any exchange.
    var offset: ClockOffset? {
        guard minimum != .min, maximum != .max else { return nil }
        let width = maximum.subtractingReportingOverflow(minimum)
        guard !width.overflow else { return nil }
        let (half, odd) = width.partialValue.quotientAndRemainder(dividingBy: 2)
        return ClockOffset(offset: minimum + half, error: half + odd)
    }
}
