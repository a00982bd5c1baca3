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
}

/// A reason why frames of a run have no stamp of some kind, and their number.
enum MissingCount: Equatable {
    /// All of them.
    case all(MissingReason)
    case notLaunched(UInt64)
    case late(UInt64)
    /// Counted by this counter of the driver.
    case skipped(UInt64, counter: String)
    /// Counted by the statistics common to all drivers.
    case lost(UInt64)
    case errorQueueFull(UInt64)
    /// No completion came back; the frame itself may have been dropped.
    case noCompletion(UInt64)
    case frameDropped(UInt64)
}
