import AFPacketKit

/// The reason why a frame has no stamp of some kind.
enum MissingReason: Equatable {
    /// The driver has no such stamps.
    case notSupported(driver: String?)
    case transmitTypeOff
    case receiveFilterOff
    /// The NIC's filter does not match frames of this shape.
    case filterMismatch(ReceiveFilter)
    /// Another program changed the setting during the run.
    case transmitTypeTurnedOff
    case filterChanged(ReceiveFilter)
    /// Another NIC, with another clock, stamps since.
    case clockChanged
    /// The driver counted that it skipped a stamp.
    case skipped
    /// The NIC should have stamped the frame, and did not.
    case notStamped
    /// No stamp came within the timeout, in nanoseconds.
    case timedOut(after: Int64)
    case notLaunched(LaunchFailure)
    case qdiscBypassed
    /// The qdisc did not take the frame.
    case notScheduled
    case notAskedFor
    /// Not asked for, because a PTP program uses the NIC's slot for transmit stamps.
    case leftToPTP
    /// Not asked for, because it would be of no use.
    case unusable
}

/// A reason why frames of a run have no stamp of some kind, and their number. A frame's own reason is the same.
enum MissingCount: Equatable {
    /// All of them.
    case all(MissingReason)
    case some(MissingReason, UInt64)
    /// Counted by these counters of the driver.
    case counted(MissingReason, UInt64, by: String)
    /// Not within the timeout, in nanoseconds: `late` came later. `isQueueFull` tells that the error queue was full,
    /// which drops stamps.
    case timedOut(UInt64, after: Int64, late: UInt64, isQueueFull: Bool)
}
