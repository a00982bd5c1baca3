import AFPacketKit

/// Receives what a run tells, as it happens. The measuring thread calls it: it must not wait.
///
/// Each kind of run has events of its own on top of these. A sink is a generic parameter of its run, so that an event costs
/// what the sink does with it and no more; what `takes…` denies is not even prepared.
protocol RunEvents {
    /// Whether each frame is told; else frames are only counted.
    var takesFrames: Bool { get }
    /// Whether the event of a frame says why stamps are missing.
    var takesDetails: Bool { get }
    /// Whether frames are captured.
    var takesCaptures: Bool { get }
    /// Whether nobody takes events any more: the run ends.
    var isClosed: Bool { get }

    /// A frame was sent or received.
    ///
    /// - Parameters:
    ///   - tag: the VLAN tag that the kernel took out of it.
    ///   - length: how long it was without that tag.
    ///   - time: its software stamp or, without one, its userspace stamp.
    func captured(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp)

    /// Something that the user should know came up.
    func diagnosed(_ diagnostic: Diagnostic)

    /// Hands on what has been told: called before a wait.
    func flush()

    /// The same, for a run that never sleeps: as often as the sink thinks fit.
    func flush(at now: MonotonicTime)

    /// Stops taking events, for their reader has gone.
    func close()
}
