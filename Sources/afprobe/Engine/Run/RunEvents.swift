import AFPacketKit

/// The sink of a run's events. The measuring thread calls it, so it must not wait.
///
/// Each kind of run adds events of its own. A sink is a generic parameter of its run, so that an event costs only what
/// the sink does with it; what `takes…` denies is not even prepared.
protocol RunEvents {
    /// Tells whether each frame is told; else frames are only counted.
    var takesFrames: Bool { get }
    /// Tells whether the event of a frame says why stamps are missing.
    var takesDetails: Bool { get }
    /// Tells whether frames are captured.
    var takesCaptures: Bool { get }
    /// Tells whether the reader of the events has gone: the run ends.
    var isClosed: Bool { get }

    /// A frame was sent or received.
    ///
    /// - Parameters:
    ///   - tag: the VLAN tag that the kernel took out of it.
    ///   - length: its length without that tag.
    ///   - time: its software stamp or, without one, its userspace stamp.
    func captured(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp)

    func diagnosed(_ diagnostic: Diagnostic)

    /// Hands on the events so far; called before a wait.
    func flush()

    /// The same for a run that never sleeps; the sink decides how often.
    func flush(at now: MonotonicTime)

    /// Stops taking events because their reader has gone.
    func close()
}
