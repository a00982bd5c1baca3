import AFPacketKit

protocol SendEvents: RunEvents {
    /// A frame is settled: its stamps have come, or have timed out.
    func completed(_ frame: borrowing SentFrame)
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

/// The result of a run of `send`.
struct SendResult {
    var sent: UInt64 = 0
    var warmedUp: UInt64 = 0
    /// Frames that the system did not take.
    var failed: UInt64 = 0
    var inFlight: UInt64 = 0
    /// How often the error queue was found full.
    var overflows: UInt64 = 0
    var missingHardware: [MissingCount] = []
    var missingSoftware: [MissingCount] = []
    var hasLaunchTimes = false
}
