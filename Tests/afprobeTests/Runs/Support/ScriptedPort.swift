@testable import AFPacketKit
@testable import afprobe

/// The kernel's side of a socket: what was sent, what waits to be read, and which calls fail.
final class ScriptedSocket {
    /// A frame that was handed over.
    struct Sent {
        /// Nanoseconds since the script began.
        let at: Int64
        let bytes: [UInt8]
        /// The key of its completions.
        let key: UInt32
        /// The stamps that the call asks for; nil for those that the socket was opened with.
        let flags: TimestampingFlags?
        /// Its place among the frames sent, from 1.
        let serial: Int
    }

    /// The outcome of a call.
    enum Outcome {
        case taken
        /// EAGAIN until so many nanoseconds later.
        case full(for: Int64)
        case failed(ErrorCode, usesKey: Bool = true)
    }

    /// A completion's delays after the send, in nanoseconds: of each stamp, and until it can be read; nil for none.
    struct Stamps {
        var scheduled: Int64?
        var software: Int64?
        var hardware: Int64?
        /// Until the completions can be read; nil for as soon as the stamp was taken.
        var readable: Int64?

        static let none = Stamps()
        static let software = Stamps(software: 500)
        static let all = Stamps(scheduled: 200, software: 500, hardware: 900)
    }

    typealias Message = (bytes: [UInt8], ancillary: Ancillary)

    unowned var network: ScriptedNetwork!
    private(set) var sent: [Sent] = []
    /// The outcomes of single calls, by their number from 1; the others are taken.
    var outcomes: [Int: Outcome] = [:]
    /// The stamps of each frame, by its serial number.
    var stamps: (Int) -> Stamps = { _ in .software }
    /// Tells whether frames are stamped at the qdisc without asking for each.
    var recordsScheduled = true
    /// Called with each frame once it was taken.
    var whenSent: (Sent) -> Void = { _ in }
    /// The key of the next frame, as the kernel counts.
    var nextKey: UInt32 = 0
    /// Tells whether the kernel counts at all: 4.19 gives every frame of a packet socket the key 0.
    var countsKeys = true
    /// Tells whether the kernel takes keys from the program.
    var takesKeys = true
    /// The error queue's memory that one completion takes, and all of it.
    var completionSize = 768
    var queueLimit = 8 << 20
    /// Completions that found no room.
    private(set) var dropped = 0
    private(set) var hasRoom = true
    private(set) var calls = 0
    fileprivate(set) var frames: [Message] = []
    fileprivate(set) var completions: [Message] = []
    /// Thrown once by the next receive call.
    var receiveError: ErrorCode?
    /// SO_ERROR, which keeps poll(2) from waiting.
    fileprivate(set) var hasStoppedHardwareStamps = false
    /// The number of filters after the first.
    fileprivate(set) var filters = 0
    var pendingError: ErrorCode?
    var statistics = PacketStatistics()
    /// The calls that read, in their order.
    fileprivate(set) var reads: [String] = []

    // MARK: Sending

    fileprivate func send(
        _ bytes: [UInt8], _ flags: TimestampingFlags? = nil, key explicit: UInt32? = nil
    ) throws(SystemError) -> Bool {
        network.happen()
        calls += 1
        guard hasRoom else { return false }
        switch outcomes[calls] ?? outcomeOfLink {
        case .taken: break
        case .full(let duration):
            hasRoom = false
            network.after(duration) { self.hasRoom = true }
            return false
        case .failed(let code, let usesKey):
            if usesKey { nextKey &+= 1 }
            throw SystemError("send", code)
        }
        take(bytes, flags, takesKeys ? explicit : nil)
        return true
    }

    private var outcomeOfLink: Outcome {
        switch network.link {
        case .up: .taken
        case .down: .failed(.networkDown, usesKey: false)
        case .gone: .failed(.noSuchAddress, usesKey: false)
        }
    }

    private func take(_ bytes: [UInt8], _ flags: TimestampingFlags?, _ explicit: UInt32?) {
        let key = explicit ?? (countsKeys ? nextKey : 0)
        if explicit == nil { nextKey &+= 1 }
        let frame = Sent(at: network.elapsed, bytes: bytes, key: key, flags: flags, serial: sent.count + 1)
        sent.append(frame)
        complete(frame, stamps(frame.serial))
        whenSent(frame)
    }

    // MARK: Completions

    /// Has the completions of a frame that has just been sent come, each at its time.
    private func complete(_ frame: Sent, _ stamps: Stamps) {
        let (system, nic) = (network.realTime, network.nicTime)
        let isScheduled = frame.flags?.contains(.transmitScheduled) ?? recordsScheduled
        if let delay = stamps.scheduled, isScheduled {
            let stamp = Timestamp(nanoseconds: system.nanoseconds + delay)
            complete(frame, .scheduled, software: stamp, after: stamps.readable ?? delay)
        }
        if let delay = stamps.software {
            let stamp = Timestamp(nanoseconds: system.nanoseconds + delay)
            complete(frame, .sent, software: stamp, after: stamps.readable ?? delay)
        }
        if let delay = stamps.hardware, let nic {
            let stamp = Timestamp(nanoseconds: nic.nanoseconds + delay)
            complete(frame, .sent, hardware: stamp, after: stamps.readable ?? delay)
        }
    }

    /// Has one completion of a frame come.
    func complete(
        _ frame: Sent, _ event: TransmitCompletion.Event, software: Timestamp? = nil,
        hardware: Timestamp? = nil, key: UInt32? = nil, after delay: Int64 = 0
    ) {
        let words = Ancillary(
            software: software, hardware: hardware,
            transmission: TransmitCompletion(event: event, key: key ?? frame.key))
        network.after(delay) { self.complete(frame.bytes, words) }
    }

    /// Puts a message into the error queue, if that has room.
    func complete(_ bytes: [UInt8], _ words: Ancillary) {
        guard (completions.count + 1) * completionSize <= queueLimit else {
            dropped += 1
            return
        }
        completions.append((bytes, words))
    }

    // MARK: Receiving

    /// Has a frame come, its stamps being what the kernel says.
    func receive(_ bytes: [UInt8], _ words: Ancillary) { frames.append((bytes, words)) }

    fileprivate func read(into batch: inout MessageBatch, limit: Int) throws(SystemError) {
        network.happen()
        if let error = receiveError {
            receiveError = nil
            throw SystemError("recvmmsg", error)
        }
        dropHardwareStamps(&frames)
        Self.move(&frames, into: &batch, limit, at: network.realTime)
    }

    fileprivate func readCompletions(into batch: inout MessageBatch, limit: Int) {
        network.happen()
        dropHardwareStamps(&completions)
        Self.move(&completions, into: &batch, limit, at: network.realTime)
    }

    /// The kernel leaves them out when a message is read.
    private func dropHardwareStamps(_ messages: inout [Message]) {
        guard hasStoppedHardwareStamps else { return }
        for index in messages.indices { messages[index].1.hardware = nil }
    }

    private static func move(
        _ queue: inout [Message], into batch: inout MessageBatch, _ limit: Int, at time: Timestamp
    ) {
        let count = min(queue.count, limit, batch.capacity)
        batch.fill(with: Array(queue.prefix(count)), receivedAt: time)
        queue.removeFirst(count)
    }
}

/// A port whose kernel is a script.
struct ScriptedPort: Port, ~Copyable {
    let socket: ScriptedSocket
    private let network: ScriptedNetwork

    init(_ socket: ScriptedSocket) {
        self.socket = socket
        network = socket.network
    }

    func monotonicTime() -> MonotonicTime { network.readClock() }
    func coarseTime() -> MonotonicTime { network.now }
    func realTime() -> Timestamp { network.realTime }

    func update(_ pair: inout ClockPair) {
        let (time, system) = (network.now.nanoseconds, network.realTime.nanoseconds)
        // The kernel's and its offset to TAI: nobody has told it.
        pair.take(reading: pair.clock == .monotonic ? time : system, between: time, and: time)
    }

    func sleep(until time: MonotonicTime) throws(SystemError) {
        network.advance(to: time + network.oversleep)
    }

    func send(_ frame: Span<UInt8>) throws(SystemError) -> Bool { try socket.send(frame.array) }

    func send(
        _ frame: Span<UInt8>, recording flags: TimestampingFlags, key: UInt32?
    ) throws(SystemError) -> Bool {
        try socket.send(frame.array, flags, key: key)
    }

    var takesKeys: Bool { socket.takesKeys }

    func send(
        _ batch: borrowing FrameBatch, _ indices: Range<Int>, perCall: Int, taken: inout Int
    ) throws(SystemError) {
        var next = indices.lowerBound
        defer { taken += next - indices.lowerBound }
        while next < indices.upperBound {
            let (first, end) = (next, min(next + perCall, indices.upperBound))
            while next < end {
                do throws(SystemError) {
                    guard try socket.send(batch.frame(at: next).array) else { return }
                } catch {
                    // Behind a frame that was taken an error is not told. sendmmsg(2)
                    guard next == first else { return }
                    throw error
                }
                next += 1
            }
        }
    }

    func receiveCompletions(into batch: inout MessageBatch, limit: Int) throws(SystemError) {
        socket.reads.append("completions")
        socket.readCompletions(into: &batch, limit: limit)
    }

    func receive(into batch: inout MessageBatch, limit: Int) throws(SystemError) {
        socket.reads.append("frames")
        try socket.read(into: &batch, limit: limit)
    }

    func receiveWaiting(into batch: inout MessageBatch) throws(SystemError) {
        socket.reads.append("frames, waiting")
        network.waitForFrame()
        try socket.read(into: &batch, limit: .max)
    }

    func receiveOne(into batch: inout MessageBatch) throws(SystemError) {
        socket.reads.append("a frame, waiting")
        network.waitForFrame()
        try socket.read(into: &batch, limit: 1)
    }

    func receiveOne(into batch: inout MessageBatch, polls: Int) throws(SystemError) {
        socket.reads.append("a frame, \(polls) looks")
        try socket.read(into: &batch, limit: 1)
    }

    func takePendingError() -> ErrorCode? {
        defer { socket.pendingError = nil }
        return socket.pendingError
    }

    func takeStatistics() throws(SystemError) -> PacketStatistics {
        defer { socket.statistics = PacketStatistics() }
        return socket.statistics
    }

    func queueMemory() throws(SystemError) -> (used: Int, limit: Int) {
        (socket.completions.count * socket.completionSize, socket.queueLimit)
    }

    func watchFrames(in poll: inout PollSet, as name: PollSet.Members) {}
    func watchCompletions(in poll: inout PollSet) {}
    func replaceFilter(by filter: SocketFilter) throws(SystemError) { socket.filters += 1 }
    func stopHardwareStamps() { socket.hasStoppedHardwareStamps = true }
}
