import AFPacketKit

/// Sends numbered frames of one shape, and reads their completions.
///
/// Numbers and the ledger's tokens both count from 1: a frame's number is its token.
struct Transmitter<Socket: Port & ~Copyable>: ~Copyable {
    let socket: Socket
    private let frame: ProbeFrame
    /// Frames that are sent instead of probes, one at a time.
    private let replay: ReplayFrames?
    private var batch: FrameBatch
    private var completions: MessageBatch
    private var ledger: TransmitLedger
    private var backlog = CompletionBacklog()

    /// - Parameter capacity: the maximum number of frames that wait for their completions.
    init(
        _ socket: consuming Socket, _ frame: ProbeFrame, batch: Int = 1, capacity: Int = 1024,
        hasLaunchTimes: Bool = false, replay: ReplayFrames? = nil
    ) {
        self.socket = socket
        self.frame = frame
        self.replay = replay
        self.batch = FrameBatch(of: frame.bytes.span, count: batch, hasLaunchTimes: hasLaunchTimes)
        ledger = TransmitLedger(capacity: max(capacity, 1024))
        // A tunnel's headers come back in front of the frame.
        completions = MessageBatch(
            capacity: 64, frameCapacity: max(frame.bytes.count, replay?.maxLength ?? 0) + 128)
    }

    /// Prepares the next frames, at most a batch, with a launch time on the clock of the launch times.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func prepare(count: Int, launchTime: Timestamp? = nil) {
        guard replay == nil else { return }
        frame.renumber(&batch, from: ledger.next, count: count)
        guard let launchTime else { return }
        for index in 0..<count { batch.setLaunchTime(launchTime, ofFrameAt: index) }
    }

    /// Sends prepared frames by their indices, in order.
    ///
    /// - Parameters:
    ///   - perCall: the number of frames in each call.
    ///   - taken: is increased by the number of frames taken: 0 if there is no room now.
    /// - Throws: `SystemError` of the frame after those taken, which may be sent again, or skipped.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func send(_ indices: Range<Int>, perCall: Int, taken: inout Int) throws(SystemError) {
        guard replay == nil else { return try replayNext(&taken) }
        var end = indices.lowerBound
        defer { taken += end - indices.lowerBound }
        do throws(SystemError) { try socket.send(batch, indices, perCall: perCall, taken: &end) } catch {
            ledger.sent(batch, indices.lowerBound..<end, witnessAt: frame.numberOffset)
            ledger.mayHaveFailed()
            // A qdisc refuses a launch time by this error, and by a completion later.
            guard batch.hasLaunchTimes, error.code == .noBufferSpace else { throw error }
            ledger.sent(batch, end..<end + 1, witnessAt: frame.numberOffset)
            ledger.mayHaveFailed()
            end += 1
            return
        }
        ledger.sent(batch, indices.lowerBound..<end, witnessAt: frame.numberOffset)
        // In a call for several, the next one may have failed and used up a key.
        if perCall > 1, end > indices.lowerBound, end < indices.upperBound { ledger.mayHaveFailed() }
    }

    private mutating func replayNext(_ taken: inout Int) throws(SystemError) {
        guard let replay else { return }
        let number = ledger.next
        do throws(SystemError) {
            guard try socket.send(replay.frame(number)) else { return }
        } catch {
            ledger.mayHaveFailed()
            throw error
        }
        ledger.sent(replay.frame(number))
        taken += 1
    }

    /// Skips the next frame, which could not be sent.
    mutating func skip() { ledger.failed() }

    // MARK: Completions

    /// Reads waiting completions, at most a batch or `limit`, and returns their number.
    mutating func receiveCompletions(limit: Int = .max) throws(SystemError) -> Int {
        try socket.receiveCompletions(into: &completions, limit: limit)
        if mayHaveMore { backlog.check(socket, afterReading: completions.count) } else { backlog.end() }
        return completions.count
    }

    /// Tells whether completions may be left that the last batch had no room for.
    var mayHaveMore: Bool { completions.count == completions.capacity }

    /// The number of times that the error queue was full, so that completions will have been dropped.
    var overflows: UInt64 { backlog.overflows }

    typealias Completion = TransmitterCompletion

    /// The completion at `index` of those read last.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func completion(at index: Int) -> Completion {
        ledger.completion(at: index, of: completions)
    }

    /// Returns whether the error of the network at `index` is about a request of this run.
    func isOwnError(at index: Int) -> Bool { frame.isOwn(returned: completions.frame(at: index)) }
}

extension TransmitLedger {
    /// The completion at `index` of those read last, about a frame whose number is its token.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func completion(
        at index: Int, of completions: borrowing MessageBatch
    ) -> TransmitterCompletion {
        let completion = completions[index]
        let ancillary = completion.ancillary
        guard let transmission = ancillary.transmission,
            let stamps = CompletionStamps(transmission.event, ancillary)
        else {
            if let error = ancillary.networkError {
                return .undeliverable(error, of: token(ofReturned: completion.bytes))
            }
            if ancillary.isRedirect { return .redirected }
            guard let failure = ancillary.launchFailure, let number = token(ofReturned: completion.bytes)
            else { return .unknown }
            return .notLaunched(failure, of: number)
        }
        return switch match(transmission, returned: completion.bytes) {
        case .token(let number): .stamps(stamps, of: number)
        case .contradiction: .contradiction
        case .unknown: .unknown
        }
    }
}

/// The content of a completion about a numbered frame.
enum TransmitterCompletion {
    /// Stamps of a frame.
    case stamps(CompletionStamps, of: UInt64)
    /// A frame was not sent at its launch time, and never will be.
    case notLaunched(LaunchFailure, of: UInt64)
    /// A datagram was not delivered; nil for one that is not known.
    case undeliverable(NetworkError, of: UInt64?)
    /// A router names a better one, and has forwarded the datagram.
    case redirected
    /// The frame that came back and the kernel's key of the send contradict each other.
    case contradiction
    /// It is about none of these frames.
    case unknown
}

/// Detects, from a backlog of completions, that the error queue was full before it was read.
///
/// The kernel drops a completion that finds no room, and counts it nowhere. The memory that a full batch frees tells
/// the size of a completion.
private struct CompletionBacklog {
    private(set) var overflows: UInt64 = 0
    /// The memory in use after the first batch of this backlog.
    private var used: Int?
    private var isJudged = false

    /// Records a full batch of `count` completions.
    mutating func check(_ socket: borrowing some Port & ~Copyable, afterReading count: Int) {
        guard !isJudged, let memory = try? socket.queueMemory() else { return }
        guard let before = used else {
            used = memory.used
            return
        }
        isJudged = true
        let batch = before - memory.used
        // The memory in use before the first batch, and whether one more completion would have fitted.
        if before + batch + batch / count >= memory.limit { overflows += 1 }
    }

    mutating func end() {
        used = nil
        isJudged = false
    }
}
