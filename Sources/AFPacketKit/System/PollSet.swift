internal import CShim
import Glibc

/// Waits for several descriptors at once. poll(2)
///
/// Only the descriptors' numbers are kept: their owners must outlive the set.
public struct PollSet: ~Copyable {
    /// A descriptor's place in the set.
    public struct Member: Sendable {
        let index: Int
    }

    private var entries: Slab<pollfd>
    private var count = 0

    /// A set with room for `capacity` descriptors.
    public init(capacity: Int = 4) {
        entries = Slab(repeating: pollfd(), count: capacity)
    }

    /// Adds a socket that is watched for frames that have arrived.
    public mutating func add(_ socket: borrowing PacketSocket) -> Member {
        add(socket.descriptor.rawValue, events: POLLIN)
    }

    /// Adds a socket that is watched for its error queue alone (POLLERR, which needs no asking).
    public mutating func addErrorQueue(of socket: borrowing PacketSocket) -> Member {
        add(socket.descriptor.rawValue, events: 0)
    }

    /// Adds a queue of signals.
    public mutating func add(_ signals: borrowing SignalQueue) -> Member {
        add(signals.descriptor.rawValue, events: POLLIN)
    }

    /// Adds what another thread wakes this one by.
    public mutating func add(_ wakeup: borrowing Wakeup) -> Member {
        add(wakeup.descriptor.rawValue, events: POLLIN)
    }

    /// Adds standard output, which becomes ready when its reader goes away.
    public mutating func addReader(of stream: StandardStream) -> Member {
        add(stream.rawValue, events: 0)
    }

    /// Adds a stream that is watched for room to write: a line's worth, where it is a pipe or a terminal.
    public mutating func addRoom(in stream: StandardStream) -> Member {
        add(stream.rawValue, events: POLLOUT)
    }

    private mutating func add(_ descriptor: CInt, events: CInt) -> Member {
        precondition(
            count < entries.count, "a poll set of \(entries.count) has no room for another descriptor")
        entries[count] = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        count += 1
        return Member(index: count - 1)
    }

    /// Watches, or stops watching, whether the member's socket takes another frame.
    public mutating func watchWritability(of member: Member, _ watched: Bool) {
        let event = Int16(POLLOUT)
        if watched { entries[member.index].events |= event } else { entries[member.index].events &= ~event }
    }

    /// Sleeps until a member is ready or the time has come; at once if it has come already.
    ///
    /// - Parameters:
    ///   - deadline: when to wake up at the latest.
    ///   - now: a reading of the clock, which saves another one. The wait may be longer by as much as it is old.
    /// - Returns: whether a member is ready.
    /// - Throws: `SystemError` of ppoll(2). A signal only ends the wait early.
    @discardableResult
    public mutating func wait(
        until deadline: MonotonicTime, from now: MonotonicTime = .now()
    ) throws(SystemError) -> Bool {
        guard deadline != .never else { return try poll(-1) == .ready }
        var now = now
        while true {
            let left = max(0, deadline - now)
            // The kernel takes its time: up to a thousandth of the timeout, or five where the process is nice, unless its
            // schedule is that of real time. So a long wait ends early, and the rest of it is waited for again.
            let isLast = left <= Self.exactWait
            switch try poll(isLast ? left : left - left / 128) {
            case .ready: return true
            case .interrupted: return false
            case .nothing: if isLast { return false }
            }
            now = .now()
        }
    }

    /// In nanoseconds, how long a wait is at most for the kernel to end it within some microseconds.
    private static let exactWait: Int64 = 1_000_000

    private enum Outcome {
        case ready
        case nothing
        case interrupted
    }

    /// - Parameter timeout: in nanoseconds; without end where it is negative.
    private mutating func poll(_ timeout: Int64) throws(SystemError) -> Outcome {
        let ready = unsafe cshim_ppoll(
            entries.address(of: 0), CUnsignedInt(truncatingIfNeeded: count), timeout)
        return ready < 0 ? try failed() : ready > 0 ? .ready : .nothing
    }

    @inline(never)
    private mutating func failed() throws(SystemError) -> Outcome {
        let error = SystemError.last("ppoll")
        guard error.code == .interrupted else { throw error }
        for index in 0..<count { entries[index].revents = 0 }
        return .interrupted
    }

    /// Whether the last wait found anything for this member: data, room, or an error to be read.
    public func isReady(_ member: Member) -> Bool {
        entries[member.index].revents != 0
    }
}
