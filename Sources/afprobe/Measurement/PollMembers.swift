import AFPacketKit

/// The names of all that a run waits for.
extension PollSet.Members {
    /// Frames that have arrived.
    static var frames: Self { Self(rawValue: 1 << 0) }
    /// The error queue with the transmit completions.
    static var completions: Self { Self(rawValue: 1 << 1) }
    static var signals: Self { Self(rawValue: 1 << 2) }
    /// The reader of standard output.
    static var reader: Self { Self(rawValue: 1 << 3) }
    /// Room in a standard stream.
    static var room: Self { Self(rawValue: 1 << 4) }
    /// Another thread.
    static var wakeup: Self { Self(rawValue: 1 << 5) }
}
