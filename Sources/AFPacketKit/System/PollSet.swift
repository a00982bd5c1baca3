internal import CShim
import Glibc

/// Waits for several descriptors at once. poll(2)
///
/// Each has a name, and a wait returns the names of the ready ones:
///
///     extension PollSet.Members {
///         static let frames = Self(rawValue: 1 << 0)
///         static let wakeup = Self(rawValue: 1 << 1)
///     }
///
///     var poll = PollSet()
///     poll.add(socket, as: .frames)
///     poll.add(wakeup, as: .wakeup)
///     let ready = try poll.wait(until: .now() + 1_000_000_000)
///     if ready.contains(.frames) { try socket.receive(into: &batch) }
///
/// Only the descriptors' numbers are kept: their owners must outlive the set.
public struct PollSet: ~Copyable {
    /// Names of descriptors in a set: one bit each, of sixteen.
    public struct Members: OptionSet, Hashable, Sendable {
        /// The bits.
        public let rawValue: UInt16

        /// Creates names from their bits.
        @inlinable
        public init(rawValue: UInt16) { self.rawValue = rawValue }
    }

    /// The descriptors, each at the index of its name's bit. poll(2) skips negative ones in between.
    private var entries = Slab(repeating: Self.nobody, count: UInt16.bitWidth)
    /// The number of entries up to the last descriptor.
    private var count = 0

    /// The names in use, and those of sockets polled for room to send.
    @usableFromInline private(set) var members: Members = []
    @usableFromInline private(set) var writable: Members = []

    /// The descriptors that waits leave out.
    private var paused: Members = []

    private static var nobody: pollfd { pollfd(fd: -1, events: 0, revents: 0) }

    /// Creates an empty set.
    public init() {}

    /// Adds a socket, polled for received frames.
    ///
    /// - Parameter name: a single name that the set does not use yet.
    public mutating func add(_ socket: borrowing TimestampedSocket, as name: Members) {
        add(socket.descriptor.rawValue, events: POLLIN, as: name)
    }

    /// Adds a socket, polled for its error queue only (POLLERR, which is always reported).
    public mutating func addErrorQueue(of socket: borrowing TimestampedSocket, as name: Members) {
        add(socket.descriptor.rawValue, events: 0, as: name)
    }

    /// Adds a socket's descriptor, polled for its error queue only.
    mutating func addErrorQueue(of socket: borrowing Descriptor, as name: Members) {
        add(socket.rawValue, events: 0, as: name)
    }

    /// Adds a queue of signals.
    package mutating func add(_ signals: borrowing SignalQueue, as name: Members) {
        add(signals.descriptor.rawValue, events: POLLIN, as: name)
    }

    /// Adds a wake-up from another thread.
    public mutating func add(_ wakeup: borrowing Wakeup, as name: Members) {
        add(wakeup.descriptor.rawValue, events: POLLIN, as: name)
    }

    /// Adds a watch of links.
    public mutating func add(_ links: borrowing LinkWatch, as name: Members) {
        add(links.descriptor, events: POLLIN, as: name)
    }

    /// Adds a standard stream, which becomes ready when its reader closes it.
    package mutating func addReader(of stream: StandardStream, as name: Members) {
        add(stream.rawValue, events: 0, as: name)
    }

    /// Adds a stream, polled for room to write: a line's worth, if it is a pipe or a terminal.
    package mutating func addRoom(in stream: StandardStream, as name: Members) {
        add(stream.rawValue, events: POLLOUT, as: name)
    }

    /// Adds a capture file, polled for room to write.
    package mutating func addRoom(in file: borrowing CaptureOutput, as name: Members) {
        add(file.descriptor.rawValue, events: POLLOUT, as: name)
    }

    /// Adds a file, polled for room to write.
    package mutating func addRoom(in file: borrowing OutputFile, as name: Members) {
        add(file.descriptor.rawValue, events: POLLOUT, as: name)
    }

    private mutating func add(_ descriptor: CInt, events: CInt, as name: Members) {
        let index = Self.index(of: name)
        precondition(!members.contains(name), "the set has a descriptor of that name already")
        members.insert(name)
        entries[index] = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        count = max(count, index + 1)
    }

    private static func index(of name: Members) -> Int {
        precondition(name.rawValue.nonzeroBitCount == 1, "a descriptor has a single name")
        return name.rawValue.trailingZeroBitCount
    }

    /// Starts or stops polling for room to send on the socket of that name, which must be in the set.
    @inlinable
    public mutating func watchWritability(of name: Members, _ watched: Bool) {
        precondition(members.contains(name), "the set has no descriptor of that name")
        // Called before each wait, and the answer seldom changes.
        if writable.contains(name) != watched { changeWritability(of: name, watched) }
    }

    @usableFromInline @inline(never)
    mutating func changeWritability(of name: Members, _ watched: Bool) {
        let index = Self.index(of: name)
        writable.formSymmetricDifference(name)
        let event = Int16(POLLOUT)
        if watched { entries[index].events |= event } else { entries[index].events &= ~event }
    }

    /// Leaves the descriptors of some names out of waits, and no others, from now on.
    public mutating func pause(_ names: Members) {
        // Called before each wait, and the answer seldom changes.
        if names != paused { changePaused(to: names) }
    }

    @inline(never)
    private mutating func changePaused(to names: Members) {
        let changed = names.symmetricDifference(paused).intersection(members)
        paused = names
        // poll(2) skips negative descriptors.
        for index in 0..<count where changed.contains(Members(rawValue: 1 << UInt16(index))) {
            entries[index].fd = ~entries[index].fd
            entries[index].revents = 0
        }
    }

    /// Sleeps until a descriptor is ready or the deadline has come; not at all if it has passed already.
    ///
    /// - Parameters:
    ///   - deadline: the latest time to wake up.
    ///   - now: the current time, if the caller knows it, which saves reading the clock. The wait may be longer by its
    ///     age.
    /// - Returns: the names of the ready descriptors: they have data, room, or an error to be read. None at the
    ///   deadline, or if a signal ended the wait.
    /// - Throws: `SystemError` of ppoll(2).
    @discardableResult
    public mutating func wait(
        until deadline: MonotonicTime, from now: MonotonicTime = .now()
    ) throws(SystemError) -> Members {
        guard deadline != .never else { return try poll(-1) ?? [] }
        var now = now
        while true {
            let left = max(0, deadline - now)
            // The kernel's timeout may be late by a thousandth, by five thousandths for a nice process, except with
            // real-time priority. So a long wait ends early, and the rest is waited for again.
            let isLast = left <= Self.exactWait
            guard let ready = try poll(isLast ? left : left - left / 128) else { return [] }
            if isLast || !ready.isEmpty { return ready }
            now = .now()
        }
    }

    /// The max wait, in nanoseconds, that the kernel ends within some microseconds.
    private static let exactWait: Int64 = 1_000_000

    /// Calls ppoll(2) once.
    ///
    /// - Parameter timeout: in nanoseconds; none if it is negative.
    /// - Returns: the names of the ready descriptors; nil if a signal ended the wait.
    private mutating func poll(_ timeout: Int64) throws(SystemError) -> Members? {
        let ready = unsafe cshim_ppoll(
            entries.address(of: 0), CUnsignedInt(truncatingIfNeeded: count), timeout)
        guard ready >= 0 else { return try failed() }
        return ready == 0 ? [] : readyMembers
    }

    private var readyMembers: Members {
        var bits: UInt16 = 0
        for index in 0..<count where entries[index].revents != 0 { bits |= 1 << index }
        return Members(rawValue: bits)
    }

    @inline(never)
    private func failed() throws(SystemError) -> Members? {
        let error = SystemError.last("ppoll")
        guard error.code == .interrupted else { throw error }
        return nil
    }
}
