internal import CShim
import Glibc

/// The means to wake a thread that waits in a `PollSet`. eventfd(2)
public struct Wakeup: ~Copyable, Sendable {
    let descriptor: Descriptor

    /// - Throws: `SystemError` of eventfd(2).
    public init() throws(SystemError) {
        descriptor = try Descriptor("eventfd", eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)))
    }

    /// Wakes whoever waits, now or next.
    public func signal() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor.rawValue, &one, 8)
    }

    /// Takes the wake-ups so far as answered.
    public func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor.rawValue, &count, 8)
    }
}
