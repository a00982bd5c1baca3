import AFPacketKit

protocol SendEvents: RunEvents {
    /// A frame is settled: its stamps have come, or have timed out.
    func completed(_ frame: borrowing SentFrame)
    /// An interval has ended.
    func intervalEnded(_ interval: SendInterval)
    /// The user asked for the status.
    func sendStatus(sent: UInt64, stampedSoftware: UInt64)
}

struct SentFrame {
    let number: UInt64
    let stamps: TransmitStamps
    let shape: FrameShape
    /// The length of the frame, without the FCS.
    let size: Int
    /// The name of the clock of the hardware stamps.
    let clock: String?
    /// The reasons for missing stamps, if asked for.
    let missing: MissingStamps
}

/// The reasons why a frame lacks stamps; nil for a stamp that came, or if nobody asks.
struct MissingStamps {
    var hardware: MissingReason?
    var software: MissingReason?
    var scheduled: MissingReason?
}

/// The figures of one interval of a run of `send`.
struct SendInterval {
    /// Nanoseconds from its begin to its end.
    let length: Int64
    let sent: UInt64
    let failed: UInt64
    let stampedSoftware: UInt64
    let stampedHardware: UInt64
    let missingSoftware: UInt64
    let missingHardware: UInt64
    /// Nil if there are no due times.
    let scheduleErrors: Distribution?
}

/// The result of a run of `send`.
struct SendResult {
    var sent: UInt64 = 0
    var warmedUp: UInt64 = 0
    /// Frames that the system did not take.
    var failed: UInt64 = 0
    var inFlight: UInt64 = 0
    /// The number of times that the error queue was full.
    var overflows: UInt64 = 0
    var missingHardware: [MissingCount] = []
    var missingSoftware: [MissingCount] = []
    var hasLaunchTimes = false
}
