internal import CShim
import Glibc
internal import Synchronization

/// A socket whose messages have the kernel's stamps: one for Ethernet frames (`PacketSocket`) or for datagrams
/// (`DatagramSocket`).
///
/// Calls do not wait, which is for `PollSet`; only `receiveWaiting` and `receiveOne` wait, for callers with nothing else
/// to wait for.
public struct TimestampedSocket: ~Copyable, Sendable {
    let descriptor: Descriptor
    /// The timestamping flags in force.
    public let timestamping: TimestampingFlags
    /// Tells whether errors of the network may be pending, which any call then reports once.
    let isDatagram: Bool
    /// Tells whether this is a raw ICMP socket: it also gets what is for other sockets of this host, replies and errors.
    public let isRawICMP: Bool
    private let toldDrops = Atomic<UInt32>(0)
    private let refusesKeys = Atomic<Bool>(false)

    func start(on interface: NetworkInterface) throws(SystemError) {
        try descriptor.bind(to: interface, protocol: UInt16(ETH_P_ALL))
    }

    /// Turns the receiving of a packet socket off or on. It waits until no CPU still uses what it changes: some 10 ms. A
    /// socket that receives nothing costs the other frames of the interface nothing, which a filter does.
    ///
    /// - Parameter interface: the one that the socket is bound to.
    /// - Throws: `SystemError` of bind(2).
    public func setReceiving(_ receives: Bool, on interface: NetworkInterface) throws(SystemError) {
        // Without a protocol, bind(2) keeps the one before. No frame has this one, which is reserved.
        try descriptor.bind(to: interface, protocol: receives ? UInt16(ETH_P_ALL) : 0xffff)
    }

    init(
        descriptor: consuming Descriptor, timestamping: TimestampingFlags, isDatagram: Bool = false,
        isRawICMP: Bool = false
    ) {
        self.isRawICMP = isRawICMP
        self.descriptor = descriptor
        self.timestamping = timestamping
        self.isDatagram = isDatagram
    }

    /// Duplicates the socket's descriptor, so that another thread can read its counters. dup(2)
    ///
    /// - Throws: `SystemError` of fcntl(2).
    public func duplicate() throws(SystemError) -> TimestampedSocket {
        TimestampedSocket(
            descriptor: try Descriptor("F_DUPFD_CLOEXEC", cshim_duplicate(descriptor.rawValue)),
            timestamping: timestamping, isDatagram: isDatagram, isRawICMP: isRawICMP)
    }

    /// Replaces the filter. Frames that this host sends are left out, as before.
    ///
    /// - Throws: `SystemError` of setsockopt(2).
    public func replaceFilter(by filter: SocketFilter) throws(SystemError) {
        try filter.ofIncoming.attach(to: descriptor)
    }

    /// Replaces the content of `batch` by the waiting frames, if any.
    ///
    /// - Parameter limit: the max number of frames.
    /// - Throws: `SystemError` of recvmmsg(2): once with `networkDown` when the interface goes down, after which the
    ///   socket stays open and receives again when it is up.
    public func receive(into batch: inout MessageBatch, limit: Int = .max) throws(SystemError) {
        // MSG_TRUNC returns the true length of a frame that does not fit.
        do throws(SystemError) {
            try batch.receive(from: descriptor, flags: CInt(MSG_TRUNC), limit: limit)
        } catch  where isPending(error) {}
    }

    /// Has the socket report no hardware stamps from now on, not even of frames that wait already.
    public func stopHardwareStamps() {
        // It fails for no flags that were in force.
        _ = try? descriptor.setTimestamping(
            timestamping.subtracting([.rawHardware, .transmitHardware, .receiveHardware]))
    }

    /// The max time, in nanoseconds, of a call that waits.
    public static let maxWait: Int64 = 50_000_000

    /// Replaces the content of `batch` by the waiting frames or, if there are none, by the first to come within
    /// `maxWait`; by none if none come. It saves a wake-up in poll(2).
    ///
    /// - Throws: `SystemError` as `receive`.
    public func receiveWaiting(into batch: inout MessageBatch) throws(SystemError) {
        do throws(SystemError) {
            try batch.receive(from: descriptor, flags: CInt(MSG_TRUNC), isWaiting: true)
        } catch  where isPending(error) {}
    }

    /// Replaces the content of `batch` by one frame, like `receiveWaiting`.
    ///
    /// - Throws: `SystemError` as `receive`.
    public func receiveOne(into batch: inout MessageBatch) throws(SystemError) {
        do throws(SystemError) {
            try batch.receiveOne(from: descriptor, flags: CInt(MSG_TRUNC), isWaiting: true)
        } catch  where isPending(error) {}
    }

    /// Replaces the content of `batch` by one frame; by none if none came.
    ///
    /// - Parameter polls: the max number of polls for it. Polling here finds it sooner than a caller's loop.
    /// - Throws: `SystemError` as `receive`.
    public func receiveOne(into batch: inout MessageBatch, polls: Int) throws(SystemError) {
        do throws(SystemError) {
            try batch.receiveOne(from: descriptor, flags: CInt(MSG_TRUNC), polls: polls)
        } catch  where isPending(error) {}
    }

    /// Replaces the content of `batch` by the waiting transmit completions, if any.
    ///
    /// - Throws: `SystemError` of recvmmsg(2).
    /// - Parameter limit: the max number of completions.
    public func receiveCompletions(into batch: inout MessageBatch, limit: Int = .max) throws(SystemError) {
        try batch.receive(from: descriptor, flags: CInt(MSG_ERRQUEUE), limit: limit)
    }

    /// Takes the pending error, which makes poll(2) report the socket as ready when neither a frame nor a completion
    /// waits; nil if there is none. SO_ERROR
    public func takePendingError() -> ErrorCode? {
        var code: CInt = 0
        guard (try? descriptor.getOption("SO_ERROR", SOL_SOCKET, SO_ERROR, into: &code)) != nil, code != 0
        else { return nil }
        return ErrorCode(rawValue: code)
    }

    /// Hands a frame, from the destination address on, to the kernel.
    ///
    /// - Returns: false if there is no room now (EAGAIN) and the frame was not taken.
    /// - Throws: `SystemError` of send(2): `networkDown`, `noSuchAddress` when the interface has gone,
    ///   `messageTooLong`, `noBufferSpace` when a queue was full and dropped the frame.
    public func send(_ frame: Span<UInt8>) throws(SystemError) -> Bool {
        try repeating {
            unsafe frame.withUnsafeBufferPointer {
                unsafe cshim_send(descriptor.rawValue, $0.baseAddress, $0.count)
            }
        } > 0
    }

    /// Hands a frame to the kernel and requests the stamps in `flags`, which are transmit flags only and override the
    /// socket's. Only frames with stamps get a key (`TransmitCompletion.key`).
    ///
    /// - Parameter key: the key of the frame's completions; nil lets the kernel count. The kernel also counts if it
    ///   does not take keys, as before Linux 6.13: then `takesKeys` is false from the first such send on. The socket
    ///   must have been opened with the flag `identifier`. SCM_TS_OPT_ID, Documentation/networking/timestamping.rst in
    ///   the kernel's sources
    /// - Returns: false if there is no room now.
    /// - Throws: `SystemError` as the other `send`.
    public func send(
        _ frame: Span<UInt8>, recording flags: TimestampingFlags, key: UInt32? = nil
    ) throws(SystemError) -> Bool {
        guard let key, takesKeys else { return try sendRecording(frame, flags, key: nil) }
        do throws(SystemError) {
            return try sendRecording(frame, flags, key: key)
        } catch  where error.code == .invalidArgument {
            // If the kernel refused the frame and not the key, it refuses the frame again.
            let isTaken = try sendRecording(frame, flags, key: nil)
            refusesKeys.store(true, ordering: .relaxed)
            return isTaken
        }
    }

    /// Tells whether the kernel takes keys; true until a send has shown otherwise.
    public var takesKeys: Bool { !refusesKeys.load(ordering: .relaxed) }

    private func sendRecording(
        _ frame: Span<UInt8>, _ flags: TimestampingFlags, key: UInt32?
    ) throws(SystemError) -> Bool {
        var number = key ?? 0
        return try repeating {
            unsafe withUnsafePointer(to: &number) { number in
                unsafe frame.withUnsafeBufferPointer {
                    unsafe cshim_send_recording(
                        descriptor.rawValue, $0.baseAddress, $0.count, flags.rawValue,
                        key == nil ? nil : number)
                }
            }
        } > 0
    }

    /// Hands the frames at some indices of a batch to the kernel, in their order.
    ///
    /// - Parameters:
    ///   - perCall: the number of frames per call, 1 or more.
    ///   - taken: is increased by the number of frames taken: fewer than all if there is no room for more now. If a
    ///     call takes several, the next one may also have failed and used up a key (`TransmitCompletion.key`) all the
    ///     same; sending it again tells.
    /// - Throws: `SystemError` as the other `send`, of the frame after those taken.
    public func send(
        _ batch: borrowing FrameBatch, _ indices: Range<Int>, perCall: Int, taken: inout Int
    ) throws(SystemError) {
        precondition(indices.lowerBound >= 0 && indices.upperBound <= batch.count, "there are no such frames")
        precondition(perCall > 0, "a call sends one frame at least")
        // The call for one frame is simpler and costs less.
        let areSingle = perCall == 1 && !batch.hasLaunchTimes
        var next = indices.lowerBound
        var hasRepeated = false
        defer { taken += next - indices.lowerBound }
        while next < indices.upperBound {
            let end = areSingle ? next &+ 1 : next + min(perCall, indices.upperBound - next)
            let sent =
                areSingle
                ? unsafe batch.send(frameAt: next, to: descriptor)
                : unsafe batch.sendTogether(next..<end, to: descriptor)
            if sent < 0 {
                guard try wasInterrupted(orPending: !hasRepeated) else { return }
                hasRepeated = true
                continue
            }
            next &+= sent
            if next < end { return }
        }
    }

    /// Repeats a call that was interrupted.
    ///
    /// - Returns: the call's result; 0 if there is no room now.
    private func repeating(_ send: () -> Int) throws(SystemError) -> Int {
        var hasRepeated = false
        while true {
            let result = send()
            if result >= 0 { return result }
            guard try wasInterrupted(orPending: !hasRepeated) else { return 0 }
            hasRepeated = true
        }
    }

    /// Returns whether an error may be about an earlier datagram, of which the error queue tells more.
    private func isPending(_ error: SystemError) -> Bool {
        guard isDatagram else { return false }
        return [
            ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENOPROTOOPT, EPROTO, EACCES, EMSGSIZE, ENONET,
            EOPNOTSUPP, EREMOTEIO,
        ].contains(error.code.rawValue)
    }

    /// Returns whether the call that just failed was interrupted; if not, there is no room now.
    ///
    /// - Parameter orPending: whether to return true also if the error may be about an earlier datagram.
    @inline(never)
    private func wasInterrupted(orPending: Bool) throws(SystemError) -> Bool {
        let error = SystemError.last("send")
        if orPending, isPending(error) { return true }
        switch error.code {
        case .interrupted: return true
        case .wouldBlock: return false
        default: throw error
        }
    }

    /// The used and the max memory in bytes of the socket's queues. If the error queue has no room left, the kernel
    /// silently drops completions. SO_MEMINFO, Linux 4.12
    ///
    /// - Throws: `SystemError` of getsockopt(2).
    public func queueMemory() throws(SystemError) -> (used: Int, limit: Int) {
        // SK_MEMINFO_RMEM_ALLOC and SK_MEMINFO_RCVBUF, linux/sock_diag.h
        var words = SIMD16<UInt32>()
        try descriptor.getOption("SO_MEMINFO", SOL_SOCKET, SO_MEMINFO, into: &words)
        return (Int(words[0]), Int(words[1]))
    }

    /// Reads and resets the socket's counters. PACKET_STATISTICS
    ///
    /// - Throws: `SystemError` of getsockopt(2).
    public func takeStatistics() throws(SystemError) -> PacketStatistics {
        guard !isDatagram else { return try takeDrops() }
        var counts = tpacket_stats_v3()
        try descriptor.getOption("PACKET_STATISTICS", SOL_PACKET, PACKET_STATISTICS, into: &counts)
        return PacketStatistics(
            packets: UInt64(counts.tp_packets), drops: UInt64(counts.tp_drops),
            queueFreezes: UInt64(counts.tp_freeze_q_cnt))
    }

    /// The drops of a datagram socket, whose messages the kernel does not count. SK_MEMINFO_DROPS, linux/sock_diag.h
    private func takeDrops() throws(SystemError) -> PacketStatistics {
        var words = SIMD16<UInt32>()
        try descriptor.getOption("SO_MEMINFO", SOL_SOCKET, SO_MEMINFO, into: &words)
        let told = toldDrops.exchange(words[8], ordering: .relaxed)
        return PacketStatistics(packets: 0, drops: UInt64(words[8] &- told), queueFreezes: 0)
    }
}
