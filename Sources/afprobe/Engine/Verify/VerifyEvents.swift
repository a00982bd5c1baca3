import AFPacketKit

protocol VerifyEvents: RunEvents {
    /// The claims about frames of one shape.
    func verified(_ claims: [StampClaim])
    func verified(_ rate: StampRate)
    /// The stamps that a peer says it took.
    func verified(_ arrivals: Arrivals, of shape: TrialShape, by peer: MACAddress)
}

/// The comparison of a claim with the stamps that came.
enum StampVerdict: String {
    /// Claimed, and every frame stamped.
    case kept
    /// Claimed, and some frames not stamped.
    case partly
    /// Claimed, and no frame stamped.
    case broken
    /// Stamped without a claim.
    case unclaimed
    /// Neither claimed nor stamped.
    case none
    /// There was no frame to judge by.
    case unknown

    init(claimed isClaimed: Bool, stamped: Int, of count: Int) {
        self =
            count == 0
            ? .unknown
            : !isClaimed
                ? (stamped > 0 ? .unclaimed : .none)
                : stamped == count ? .kept : stamped > 0 ? .partly : .broken
    }

    /// Tells whether a claim was tested and not kept.
    var isBreach: Bool { self == .partly || self == .broken }
}

/// A claim about the stamps of one clock, tested.
struct StampClaim {
    enum Frames {
        case sent
        case received
    }

    let frames: Frames
    let interface: String
    let shape: TrialShape
    let clock: StampClock
    let isClaimed: Bool
    let count: Int
    let stamped: Int
    /// The lateness of the transmit stamps; nil for received frames.
    var latenesses: TrialOutcome.Stamped?

    var verdict: StampVerdict { StampVerdict(claimed: isClaimed, stamped: stamped, of: count) }
}

/// The maximum rate at which every frame is stamped.
struct StampRate {
    let interface: String
    /// Frames a second; nil if not even the slowest trial had all stamps, or if no two trials agreed.
    let sustained: UInt64?
    /// The first trial in which stamps were skipped; nil if there was none.
    let skipping: TrialOutcome?
}
