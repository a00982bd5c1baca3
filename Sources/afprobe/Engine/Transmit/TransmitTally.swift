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
    /// Tells whether there are due times.
    let hasSchedule: Bool

    init(hasSchedule: Bool) {
        self.hasSchedule = hasSchedule
        scheduleErrors = hasSchedule ? Distribution() : nil
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
        if let scheduleError { scheduleErrors?.record(scheduleError) }
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
