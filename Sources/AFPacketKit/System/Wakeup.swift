internal import CShim
import Glibc

/// Wakes a thread that waits in a `PollSet`. eventfd(2)
public struct Wakeup: ~Copyable, Sendable {
    let descriptor: Descriptor

    /// Creates a wake-up.
    ///
    /// - Throws: `SystemError` of eventfd(2).
    public init() throws(SystemError) {
        descriptor = try Descriptor("eventfd", eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)))
    }

    /// Wakes the waiting thread, or ends its next wait at once.
    public func signal() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor.rawValue, &one, 8)
    }

    /// Clears the wake-ups so far.
    public func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor.rawValue, &count, 8)
    }
}
