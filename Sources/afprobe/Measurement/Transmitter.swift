import AFPacketKit

/// What becomes of frames on this host, apart from their content.
struct Handling {
    /// The class for the packet scheduler.
    var priority: Int?
    /// Whether frames go straight to the driver.
    var bypassesScheduler = false
    /// Whether to ask for any stamps, which cost more than a third of the sending rate.
    var wantsStamps = true
    /// Whether to ask for scheduled stamps, which cost a fifth of the sending rate.
    var wantsScheduledStamps = false
    /// The clock of the frames' launch times; nil where they leave at once.
    var launchClock: ClockPair.Clock?
}

/// Sends numbered frames of one shape and reads back when they left.
struct Transmitter: ~Copyable {
    let socket: PacketSocket
    private let frame: ProbeFrame
    /// What is sent instead of probes.
    private let recorded: RecordedFrames?
    private var batch: FrameBatch
    /// The number of the first frame in the batch.
    private var first: UInt64 = 0
    private var reports: MessageBatch
    private var keys = SendKeys()
    private var latest: UInt64 = 0
    private var backlog = ReportBacklog()

    /// - Parameters:
    ///   - size: the length of every frame, without the FCS.
    ///   - batch: how many frames to make ready at once.
    ///   - recorded: frames to be sent instead of probes, one at a time.
    init(
        on interface: NetworkInterface, _ message: ProbeMessage, in shape: FrameShape, size: Int,
        _ handling: Handling, batch: Int = 1, recorded: RecordedFrames? = nil
    ) throws(SystemError) {
        var flags: TimestampingFlags = []
        if handling.wantsStamps {
            flags = [
                .transmitSoftware, .transmitHardware, .software, .rawHardware, .identifier, .transmitBoth,
            ]
        }
        if handling.wantsScheduledStamps { flags.insert(.transmitScheduled) }
        let socket = try PacketSocket.transmitter(
            on: interface, timestamping: flags, priority: handling.priority,
            bypassesScheduler: handling.bypassesScheduler, launchClock: handling.launchClock)
        self.socket = socket
        let frame = ProbeFrame(message, in: shape, size: size)
        self.frame = frame
        self.recorded = recorded
        self.batch = FrameBatch(
            of: frame.bytes.span, count: batch, hasLaunchTimes: handling.launchClock != nil)
        isSingle = batch == 1 && recorded == nil && handling.launchClock == nil
        // A tunnel's headers come back in front of the frame.
        reports = MessageBatch(
            capacity: 64, frameCapacity: max(size, recorded?.longest ?? 0) + 128)
    }

    /// Whether there is one probe at a time to be made ready and sent, without a launch time, as mostly there is: what
    /// follows is simpler then.
    let isSingle: Bool

    /// Makes the single frame ready to be sent as the probe with that number.
    @inline(__always)
    mutating func prepareSingle(_ number: UInt64) { frame.renumber(&batch, to: number) }

    /// Sends the single frame, which is ready.
    ///
    /// - Returns: false where there is no room now.
    /// - Throws: `SystemError` of send(2).
    @inline(__always)
    mutating func sendSingle(_ number: UInt64) throws(SystemError) -> Bool {
        do throws(SystemError) {
            guard try socket.send(batch.firstFrame) else { return false }
        } catch {
            keys.lose(number)
            throw error
        }
        latest = number
        return true
    }

    /// Makes the frames with the numbers from `first` on ready to be sent, at most a batch.
    ///
    /// - Parameter launchTime: when they are to leave, on the clock of the launch times.
    mutating func prepare(_ first: UInt64, count: Int, launchTime: Timestamp? = nil) {
        self.first = first
        guard recorded == nil else { return }
        frame.renumber(&batch, from: first, count: count)
        guard let launchTime else { return }
        for index in 0..<count { batch.setLaunchTime(launchTime, ofFrameAt: index) }
    }

    /// Sends some of the frames that are ready, by their indices.
    ///
    /// - Parameters:
    ///   - perCall: how many by each call.
    ///   - taken: is increased by how many were taken, which is by none where there is no room now.
    /// - Throws: `SystemError` of the frame after those taken.
    mutating func send(_ indices: Range<Int>, perCall: Int, taken: inout Int) throws(SystemError) {
        guard recorded == nil else { return try sendRecorded(indices.lowerBound, taken: &taken) }
        var end = indices.lowerBound
        defer {
            taken += end - indices.lowerBound
            if end > indices.lowerBound { latest = number(at: end - 1) }
        }
        do throws(SystemError) { try socket.send(batch, indices, perCall: perCall, taken: &end) } catch {
            keys.lose(number(at: end))
            // A qdisc refuses a launch time like this, and then says so in a report.
            guard batch.hasLaunchTimes, error.code == .noBufferSpace else { throw error }
            end += 1
            return
        }
        // Of several in one call the next one may have failed, and used up a key.
        if perCall > 1, end > indices.lowerBound, end < indices.upperBound { keys.lose(number(at: end - 1)) }
    }

    private func number(at index: Int) -> UInt64 { first + UInt64(index) }

    private mutating func sendRecorded(_ index: Int, taken: inout Int) throws(SystemError) {
        guard let recorded else { return }
        let number = number(at: index)
        do throws(SystemError) {
            guard try socket.send(recorded.frame(number)) else { return }
        } catch {
            keys.lose(number)
            throw error
        }
        latest = number
        taken += 1
    }

    /// Reads the reports that wait, as many as a batch holds, and returns how many these are.
    ///
    /// - Parameter limit: how many to take at most.
    mutating func receiveReports(limit: Int = .max) throws(SystemError) -> Int {
        try socket.receiveCompletions(into: &reports, limit: limit)
        if mayHaveMore { backlog.look(at: socket, afterReading: reports.count) } else { backlog.end() }
        return reports.count
    }

    /// Whether reports may be left that the last batch had no room for.
    var mayHaveMore: Bool { reports.count == reports.capacity }

    /// How often the error queue was found full, so that reports will have been dropped.
    var overflows: UInt64 { backlog.overflows }

    /// What a report says.
    enum Report {
        /// Stamps of a probe.
        case stamps(ReportedStamps, of: UInt64)
        /// A probe was not sent at its launch time, and never will be.
        case notLaunched(LaunchFailure, of: UInt64)
        /// The number in the frame and the kernel's number of the send contradict each other.
        case contradiction
        /// It is about no probe.
        case foreign
    }

    /// The stamps in the report at `index` of those read last, and the number of the probe; nil where it is for `report` to
    /// say what it is, which is seldom so.
    @inline(__always)
    mutating func stamps(at index: Int) -> (ReportedStamps, number: UInt64)? {
        let ancillary = reports.ancillary(at: index)
        guard recorded == nil, let report = ancillary.transmission,
            let stamps = ReportedStamps(report.event, ancillary),
            let number = frame.number(inReturned: reports.frame(at: index)),
            keys.confirm(report.key, of: number)
        else { return nil }
        return (stamps, number)
    }

    /// The report at `index` of those read last. It is the number in the frame that came back that tells which probe
    /// it is about, or the kernel's number of the send where the frame does not tell.
    @inline(never)
    mutating func report(at index: Int) -> Report {
        let ancillary = reports.ancillary(at: index)
        let told = recorded == nil ? frame.number(inReturned: reports.frame(at: index)) : nil
        guard let report = ancillary.transmission, let stamps = ReportedStamps(report.event, ancillary) else {
            guard let failure = ancillary.launchFailure, let told else { return .foreign }
            return .notLaunched(failure, of: told)
        }
        if let told { return keys.confirm(report.key, of: told) ? .stamps(stamps, of: told) : .contradiction }
        guard let number = number(of: report.key, index) else { return .foreign }
        return .stamps(stamps, of: number)
    }

    /// Which frame a report is about that has no number of ours in it.
    private mutating func number(of key: UInt32, _ index: Int) -> UInt64? {
        guard let recorded else { return keys.number(of: key, upTo: latest) }
        return recordedNumber(of: key, index, recorded)
    }

    /// Which of the recorded frames a report is about: they have no number of their own, so that it is the kernel's
    /// number of the send that tells, and the bytes that came back are the witness.
    private mutating func recordedNumber(
        of key: UInt32, _ index: Int, _ recorded: RecordedFrames
    ) -> UInt64? {
        if let number = keys.number(of: key, upTo: latest),
            recorded.isReturned(number, as: reports.frame(at: index))
        {
            return number
        }
        // A send that failed may have used up a number.
        let candidates = max(1, latest - min(latest, 1024))..<latest + 1
        guard
            let number = candidates.first(where: {
                recorded.isReturned($0, as: reports.frame(at: index))
            })
        else { return nil }
        return keys.confirm(key, of: number) ? number : nil
    }
}

/// Notices, from a backlog of reports, that the error queue was full before it was read.
///
/// The kernel drops a report that finds no room and counts it nowhere. What the reports take is learned from how much
/// memory a full batch sets free.
private struct ReportBacklog {
    private(set) var overflows: UInt64 = 0
    /// The memory in use after the first batch of this backlog.
    private var used: Int?
    private var isJudged = false

    /// Takes note of a full batch of `count` reports.
    mutating func look(at socket: borrowing PacketSocket, afterReading count: Int) {
        guard !isJudged, let memory = try? socket.queueMemory() else { return }
        guard let before = used else {
            used = memory.used
            return
        }
        isJudged = true
        let batch = before - memory.used
        // In use when the first batch was read, and whether one report more would have fitted.
        if before + batch + batch / count >= memory.limit { overflows += 1 }
    }

    mutating func end() {
        used = nil
        isJudged = false
    }
}
