/// The world of a lease: a device, and the other runs that share it. The seam for tests of the terms.
protocol LeaseHost {
    /// Keeps other runs from changing the setting or their claims, until `unlock`.
    ///
    /// - Throws: `TimestampingLeaseError.busy` if another run does not finish its own change soon.
    mutating func lock() throws(TimestampingLeaseError)
    /// Allows others to change the setting again.
    mutating func unlock()

    /// Replaces the claim that this run shows; nil withdraws it. It is withdrawn, too, when the process ends.
    mutating func show(_ claim: LeaseClaim?) throws(TimestampingLeaseError)
    /// The claims of other runs.
    func others() throws(TimestampingLeaseError) -> [OtherClaim]

    /// The setting in force.
    func setting() throws(TimestampingLeaseError) -> HardwareTimestampingSetting
    /// Changes the setting and returns the one that is granted.
    mutating func change(
        to setting: HardwareTimestampingSetting
    ) throws(TimestampingLeaseError) -> HardwareTimestampingSetting
    /// Returns whether a program takes part in PTP on the device.
    func hasPTPParticipant() -> Bool

    /// The note of the last change; nil if there is none.
    func note() -> LeaseNote?
    /// Replaces the note; nil removes it. Nothing relies on it, so that it may fail.
    mutating func write(_ note: LeaseNote?)
}

/// The claim of another run.
struct OtherClaim {
    let claim: LeaseClaim
    /// Tells whether its owner may say what to restore: root, this process's user, or a member of the group `afprobe`. Any
    /// other claim only keeps this process from restoring.
    let isBelieved: Bool
    /// The name of its socket.
    let name: String
}

/// A note of a setting that a run has widened. It outlives the run and helps to tell what a killed one left on.
public struct LeaseNote: Equatable, Sendable {
    /// The chain of the run's claim.
    let chain: UInt64
    /// The setting before.
    public let original: HardwareTimestampingSetting
    /// The setting since then.
    public let widened: HardwareTimestampingSetting
}

/// The reason why a lease cannot be taken or ended.
public enum TimestampingLeaseError: Error {
    /// A system call failed.
    case system(SystemError)
    /// Another process keeps the setting locked; nil if it cannot be seen.
    case busy(by: ProcessIdentity?)
    /// The device that stamps is below this interface, in another network namespace.
    case elsewhere(below: String)
    /// This bond has no active port.
    case bondWithoutActivePort(String)
    /// This interface is a bridge.
    case bridge(String)
}
