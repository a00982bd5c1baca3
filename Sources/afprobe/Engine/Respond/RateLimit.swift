import AFPacketKit

/// Limits the rate of events of all peers together, with bursts of up to a tenth of a second's worth.
///
/// While more than half of such a burst is used up, a peer gets no more than its share: else the fastest one would leave
/// nothing for the others. What they do not use is left to it.
struct RateLimit {
    private let interval: Int64
    private let tolerance: Int64 = 100_000_000
    /// The due time of the next event if all came evenly: the generic cell rate algorithm, ITU-T I.371.
    private var due = MonotonicTime(nanoseconds: 0)

    private struct Peer: BitwiseCopyable {
        /// Its latest request.
        var seen = MonotonicTime(nanoseconds: .min / 2)
        /// The same as `due`, at the rate of its share, for its events beyond the first half of a burst.
        var due = MonotonicTime(nanoseconds: 0)
    }

    /// Peers with the same six bits of their keys' hash have a share in common.
    private var peers = InlineArray<64, Peer>(repeating: Peer())
    /// So that nobody chooses an address that shares with another's. Odd.
    private let factor: UInt64
    /// The number of peers that have asked of late, and when to count them again.
    private var activeCount: Int64 = 1
    private var countDue = MonotonicTime(nanoseconds: 0)

    /// Nanoseconds without a request after which a peer has no share: longer than between most pings.
    private static var activity: Int64 { 10_000_000_000 }
    private static var countInterval: Int64 { 10_000_000 }

    init(perSecond rate: UInt64, factor: UInt64 = .random(in: 0 ... .max)) {
        interval = Int64(1_000_000_000 / rate)
        self.factor = factor | 1
    }

    /// Returns whether `count` events of a peer may happen now. `use` counts them if they do.
    ///
    /// - Parameter key: a number of the peer: of its address.
    mutating func allows(_ count: Int64 = 1, from key: UInt64, at now: MonotonicTime) -> Bool {
        let peer = Int(truncatingIfNeeded: (key &* factor) >> 58)
        peers[peer].seen = now
        let ahead = due - now
        return ahead <= tolerance / 2 || ahead <= tolerance && isWithinShare(count, of: peer, at: now)
    }

    /// Counts events that happen.
    mutating func use(_ count: Int64 = 1, at now: MonotonicTime) {
        due = max(due, now) + interval * count
    }

    /// Returns whether events are within the share of a peer; if so they are counted there.
    @inline(never)
    private mutating func isWithinShare(_ count: Int64, of peer: Int, at now: MonotonicTime) -> Bool {
        if now >= countDue { countPeers(at: now) }
        guard activeCount > 1 else { return true }
        if now > peers[peer].due { peers[peer].due = now }
        // A quarter of a burst, so that the other quarter is there for those who ask seldom.
        guard peers[peer].due - now <= tolerance / 4 else { return false }
        peers[peer].due = peers[peer].due + interval * count * activeCount
        return true
    }

    private mutating func countPeers(at now: MonotonicTime) {
        countDue = now + Self.countInterval
        activeCount = 0
        for index in peers.indices where now - peers[index].seen < Self.activity { activeCount += 1 }
    }
}
