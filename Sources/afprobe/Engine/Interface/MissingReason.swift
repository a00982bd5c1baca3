import AFPacketKit

/// Why a frame has no stamp of some kind.
enum MissingReason: Equatable {
    /// The driver has no such stamps.
    case notSupported(driver: String?)
    case transmitTypeOff
    case receiveFilterOff
    /// The NIC's filter does not match frames of this shape.
    case filterMismatch(ReceiveFilter)
    /// Another program changed the setting in mid-run.
    case transmitTypeTurnedOff
    case filterChanged(ReceiveFilter)
    /// The driver counted that it skipped a stamp.
    case skipped
    /// The NIC should have stamped the frame, and did not.
    case notStamped
    /// No stamp came within the time-out, in nanoseconds.
    case overdue(timeout: Int64)
    case notLaunched(LaunchFailure)
    /// The frame went past the qdisc.
    case qdiscBypassed
    /// The qdisc did not take the frame.
    case notScheduled
    case notAskedFor
}

/// Why frames of a run have no stamp of some kind, and how many for each reason.
enum MissingCount: Equatable {
    /// All of them.
    case all(MissingReason)
    case notLaunched(UInt64)
    case late(UInt64)
    /// The driver's counter that tells.
    case skipped(UInt64, counter: String)
    /// The counters that all drivers have alike.
    case lost(UInt64)
    case errorQueueFull(UInt64)
    /// No completion came back; the frame itself may have been dropped.
    case noCompletion(UInt64)
    case frameDropped(UInt64)
}
