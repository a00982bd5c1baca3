import AFPacketKit

/// Counts of the frames that a run of `send` sent.
struct TransmitTally: ~Copyable {
    private var settled: UInt64 = 0
    private(set) var stampedSoftware: UInt64 = 0
    private(set) var stampedHardware: UInt64 = 0
    private(set) var lateSoftware: UInt64 = 0
    private(set) var lateHardware: UInt64 = 0
    private(set) var launchMissed: UInt64 = 0
    private(set) var launchInvalid: UInt64 = 0
    /// Completions whose key contradicts the frame that came back, and those about no probe.
    var mismatched: UInt64 = 0
    var unmatched: UInt64 = 0
    /// The frames' schedule errors; nil if there are no due times.
    private(set) var scheduleErrors: Distribution?
    /// The schedule errors of the interval at hand; nil if nobody asks.
    private var scheduleErrorsOfInterval: Distribution?
    /// The counts when the interval at hand began.
    private var before = Before()
    /// Tells whether there are due times.
    let hasSchedule: Bool

    private struct Before {
        var sent: UInt64 = 0
        var failed: UInt64 = 0
        var settled: UInt64 = 0
        var stampedSoftware: UInt64 = 0
        var stampedHardware: UInt64 = 0
    }

    init(hasSchedule: Bool, hasIntervals: Bool = false) {
        self.hasSchedule = hasSchedule
        scheduleErrors = hasSchedule ? Distribution() : nil
        scheduleErrorsOfInterval = hasSchedule && hasIntervals ? Distribution() : nil
    }

    var missingSoftware: UInt64 { settled - stampedSoftware }
    var missingHardware: UInt64 { settled - stampedHardware }

    /// Counts a settled frame. No machine lives long enough for these counts to overflow.
    mutating func count(_ stamps: borrowing TransmitStamps) {
        settled &+= 1
        if stamps.software != nil { stampedSoftware &+= 1 }
        if stamps.hardware != nil { stampedHardware &+= 1 }
        if hasSchedule { record(stamps.scheduleError) }
    }

    private mutating func record(_ scheduleError: Int64?) {
        guard let scheduleError else { return }
        scheduleErrors?.record(scheduleError)
        if scheduleErrorsOfInterval != nil { scheduleErrorsOfInterval?.record(scheduleError) }
    }

    /// Ends the interval at hand, and begins the next one.
    mutating func endInterval(sent: UInt64, failed: UInt64, after length: Int64) -> SendInterval {
        let stamped = (
            software: stampedSoftware - before.stampedSoftware,
            hardware: stampedHardware - before.stampedHardware
        )
        let interval = SendInterval(
            length: length, sent: sent - before.sent, failed: failed - before.failed,
            stampedSoftware: stamped.software, stampedHardware: stamped.hardware,
            missingSoftware: settled - before.settled - stamped.software,
            missingHardware: settled - before.settled - stamped.hardware,
            scheduleErrors: scheduleErrorsOfInterval)
        before = Before(
            sent: sent, failed: failed, settled: settled, stampedSoftware: stampedSoftware,
            stampedHardware: stampedHardware)
        if hasSchedule { scheduleErrorsOfInterval = Distribution() }
        return interval
    }

    /// Counts stamps that came after their frame had been settled.
    mutating func countLate(_ stamps: CompletionStamps) {
        guard stamps.event == .sent else { return }
        if stamps.hardware != nil { lateHardware += 1 }
        if stamps.software != nil { lateSoftware += 1 }
    }

    mutating func count(_ failure: LaunchFailure) {
        switch failure {
        case .missed: launchMissed += 1
        case .invalid: launchInvalid += 1
        }
    }
}
