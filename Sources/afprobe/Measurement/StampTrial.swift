import AFPacketKit

/// A few frames of one shape, sent to see which of them come back stamped, and how late.
struct StampTrial: ~Copyable {
    /// What came of it.
    struct Outcome {
        var sent = 0
        var software = Stamped()
        var hardware = Stamped()
        /// From the first send call to the last one, in nanoseconds.
        var duration: Int64 = 0
        /// Whether the user asked to stop before the end.
        var isInterrupted = false

        /// Frames a second, from the first to the last; nil of fewer than two.
        var rate: UInt64? {
            sent > 1 && duration > 0
                ? UInt64((Double(sent - 1) * 1_000_000_000 / Double(duration)).rounded()) : nil
        }
    }

    /// The frames that got a stamp of one kind.
    struct Stamped {
        /// For each, the time from the send call until its report could be read, in nanoseconds.
        private(set) var latenesses: [Int64] = []

        var count: Int { latenesses.count }

        mutating func add(_ lateness: Int64) { latenesses.append(lateness) }

        /// The lateness that `share` of the frames did not exceed, the nearest rank; nil of none.
        func lateness(_ share: Double) -> Int64? {
            guard !latenesses.isEmpty else { return nil }
            let rank = Int((share * Double(count)).rounded(.up))
            return latenesses.sorted()[max(rank, 1) - 1]
        }
    }

    private var transmitter: Transmitter
    private let interface: NetworkInterface
    private let hopesForHardware: Bool
    /// When each frame of the trial was sent, and what of it has come back.
    private var sentAt: [MonotonicTime] = []
    private var stamps: [TransmitStamps] = []
    private var firstNumber: UInt64 = 1
    private var outcome = Outcome()

    /// - Parameter hopesForHardware: whether to wait for hardware stamps.
    init(
        on interface: NetworkInterface, _ message: ProbeMessage, in shape: FrameShape, hopesForHardware: Bool
    ) throws(Failure) {
        self.interface = interface
        self.hopesForHardware = hopesForHardware
        let size = shape.smallestSize(forPayload: ProbeMessage.length(of: message.kind))
        do throws(SystemError) {
            transmitter = try Transmitter(on: interface, message, in: shape, size: size, Handling())
        } catch {
            throw Failure("Cannot send on interface \(interface.name)", error)
        }
    }

    /// Sends `count` frames, `interval` nanoseconds apart, and waits `timeout` for the stamps of the last.
    mutating func run(
        count: Int, interval: Int64, timeout: Int64, _ signals: RunSignals
    ) throws(Failure) -> Outcome {
        outcome = Outcome()
        firstNumber += UInt64(stamps.count)
        stamps = Array(repeating: TransmitStamps(), count: count)
        sentAt = []
        do throws(SystemError) { try exchange(count, interval, timeout, signals) } catch {
            throw Failure("Cannot send on interface \(interface.name)", error, interface: interface)
        }
        outcome.sent = sentAt.count
        if let first = sentAt.first, let last = sentAt.last { outcome.duration = last - first }
        return outcome
    }

    private mutating func exchange(
        _ count: Int, _ interval: Int64, _ timeout: Int64, _ signals: RunSignals
    ) throws(SystemError) {
        var poll = PollSet()
        poll.addErrorQueue(of: transmitter.socket, as: .completions)
        poll.add(signals.queue, as: .signals)
        Scheduling.useFinestTimer()
        var due = MonotonicTime.now()
        while !isComplete(count) {
            let now = MonotonicTime.now()
            if sentAt.count < count, now >= due {
                try send()
                due = due + interval
                // Flat out means that nothing else is done meanwhile.
                if interval > 0 || sentAt.count == count { try collect() }
                continue
            }
            let end = sentAt.last.map { $0 + timeout } ?? due
            if sentAt.count == count, now >= end { return }
            let ready = try poll.wait(until: sentAt.count < count ? due : end)
            if ready.contains(.completions) {
                try collect()
                _ = transmitter.socket.takePendingError()
            }
            if ready.contains(.signals), case .stop = signals.next() {
                outcome.isInterrupted = true
                return
            }
        }
    }

    private func isComplete(_ count: Int) -> Bool {
        sentAt.count == count && outcome.software.count == count
            && (!hopesForHardware || outcome.hardware.count == count)
    }

    private mutating func send() throws(SystemError) {
        let now = MonotonicTime.now()
        transmitter.prepare(firstNumber + UInt64(sentAt.count), count: 1)
        // Where there is no room now, the next turn tries again.
        var taken = 0
        try transmitter.send(0..<1, perCall: 1, taken: &taken)
        if taken > 0 { sentAt.append(now) }
    }

    private mutating func collect() throws(SystemError) {
        repeat {
            let count = try transmitter.receiveReports()
            let now = MonotonicTime.now()
            for index in 0..<count {
                guard case .stamps(let stamps, of: let number) = transmitter.report(at: index),
                    number >= firstNumber, number - firstNumber < UInt64(sentAt.count)
                else { continue }
                take(stamps, of: Int(number - firstNumber), at: now)
            }
        } while transmitter.mayHaveMore
    }

    private mutating func take(_ reported: ReportedStamps, of index: Int, at now: MonotonicTime) {
        guard stamps[index].merge(reported) else { return }
        if reported.software != nil { outcome.software.add(now - sentAt[index]) }
        if reported.hardware != nil { outcome.hardware.add(now - sentAt[index]) }
    }
}
