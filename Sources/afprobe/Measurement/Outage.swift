import AFPacketKit

/// A time in which frames cannot be sent: told once, survived, and not spent on trying without a pause.
struct Outage {
    /// When sending may be tried again.
    private(set) var retryAt = MonotonicTime(nanoseconds: 0)
    private var isReported = false

    /// How long to leave an interface alone that is down.
    private static let pause: Int64 = 100_000_000

    /// Takes note of a frame that could not be sent.
    ///
    /// - Throws: `Failure` where there is no point in going on.
    mutating func begin(
        _ error: SystemError, sending interface: NetworkInterface, _ console: inout Console
    ) throws(Failure) {
        switch error.code {
        case .noBufferSpace:
            // The frame was dropped on the way to the NIC; the next one may find room.
            return
        case .networkDown, .noSuchAddress, .noSuchDevice:
            if !isReported { try interface.reportDown(&console) }
            isReported = true
            retryAt = .now() + Self.pause
        default:
            throw Failure("Cannot send on interface \(interface.name)", error, interface: interface)
        }
    }

    /// A frame was sent.
    mutating func end() { isReported = false }
}
