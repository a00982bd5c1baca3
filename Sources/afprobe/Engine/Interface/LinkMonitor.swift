import AFPacketKit

/// Detects that an interface went down, and waits until it is up again; its removal is an error.
struct LinkMonitor {
    private let reader: InterfaceReader
    private var isDown = false
    /// When to check again whether the interface is up; never while it is.
    private(set) var checkDue = MonotonicTime.never

    private static let interval: Int64 = 250_000_000

    init(_ reader: InterfaceReader) { self.reader = reader }

    /// Handles an error that says that the interface is down; throws if it was removed.
    mutating func goDown(at now: MonotonicTime, _ events: some RunEvents) throws(RunError) {
        _ = try current()
        checkDue = now + Self.interval
        guard !isDown else { return }
        isDown = true
        events.diagnosed(.linkDown(reader.interface.name))
    }

    /// Checks, if it is due, whether the interface is up again; throws if it was removed.
    mutating func check(at now: MonotonicTime, _ events: some RunEvents) throws(RunError) {
        guard now >= checkDue else { return }
        guard try current().isUp else {
            checkDue = now + Self.interval
            return
        }
        comeUp(events)
    }

    /// Records that the interface is up.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func comeUp(_ events: some RunEvents) {
        guard isDown else { return }
        isDown = false
        checkDue = .never
        events.diagnosed(.linkUp(reader.interface.name))
    }

    /// Tells whether the interface has a carrier, or does not tell.
    var hasCarrier: Bool { (try? reader.current())?.hasCarrier ?? true }

    private func current() throws(RunError) -> NetworkInterface {
        do throws(SystemError) { return try reader.current() } catch {
            throw RunError(.findInterface, error, on: reader.interface)
        }
    }
}
