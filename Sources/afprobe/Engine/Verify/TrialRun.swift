import AFPacketKit

struct TrialOutcome {
    /// The frames that got a stamp of one kind.
    struct Stamped {
        /// For each, nanoseconds from the send call until its completion could be read.
        private(set) var latenesses: [Int64] = []

        var count: Int { latenesses.count }

        mutating func add(_ lateness: Int64) { latenesses.append(lateness) }

        /// The lateness that `share` of the frames did not exceed (nearest rank); nil if there are none.
        func lateness(_ share: Double) -> Int64? {
            guard !latenesses.isEmpty else { return nil }
            let rank = Int((share * Double(count)).rounded(.up))
            return latenesses.sorted()[max(rank, 1) - 1]
        }
    }

    var sent = 0
    var software = Stamped()
    var hardware = Stamped()
    var arrivals = Arrivals()
    /// Nanoseconds from the first send call to the last.
    var duration: Int64 = 0

    /// Frames a second, from the first to the last; nil if fewer than two were sent.
    var rate: UInt64? {
        sent > 1 && duration > 0
            ? UInt64((Double(sent - 1) * 1_000_000_000 / Double(duration)).rounded()) : nil
    }
}

/// The number of frames of a trial, their interval, and the stamp timeout.
struct TrialPlan {
    let count: Int
    /// Nanoseconds between frames; 0 is flat out.
    let interval: Int64
    /// Nanoseconds to wait after the last frame.
    let timeout: Int64
}

/// A run that sends a few frames of one shape and records which are stamped, and how late.
struct TrialRun<Socket: Port & ~Copyable, Events: RunEvents>: Run, ~Copyable {
    let events: Events
    private let interface: NetworkInterface
    private var transmitter: Transmitter<Socket>
    /// Receives the frames, or the answers to them.
    private var receiver: Receiver<Socket>
    /// Tells whether the receiver is to get the frames, or the answers to them.
    private let isWitnessed: Bool
    private let message: ProbeMessage
    private let shape: FrameShape
    private let awaitsHardware: Bool
    private var plan = TrialPlan(count: 0, interval: 0, timeout: 0)
    private var due = MonotonicTime(nanoseconds: 0)
    /// The send time and the stamps of each frame of the trial.
    private var sentAt: [MonotonicTime] = []
    private var stamps: [TransmitStamps] = []
    /// Which frames, or answers to them, and which follow-ups have arrived.
    private var hasArrived: [Bool] = []
    private var hasFollowUp: [Bool] = []
    private var firstNumber: UInt64 = 1
    private var faults = FrameFaultCounts()
    private(set) var outcome = TrialOutcome()

    /// - Parameter message: the content of the frames; its number is 0.
    init(
        _ socket: consuming Socket, _ receiver: consuming Receiver<Socket>, isWitnessed: Bool,
        _ message: ProbeMessage,
        in shape: FrameShape, on interface: NetworkInterface, awaitsHardware: Bool, _ events: Events
    ) {
        let size = shape.smallestSize(forPayload: ProbeMessage.length(of: message.kind))
        transmitter = Transmitter(socket, ProbeFrame(message, in: shape, size: size))
        self.receiver = receiver
        self.isWitnessed = isWitnessed
        self.message = message
        self.shape = shape
        self.interface = interface
        self.awaitsHardware = awaitsHardware
        self.events = events
    }

    /// Prepares a trial; several may run one after the other over the same sockets.
    mutating func begin(_ plan: TrialPlan) {
        Scheduling.useFinestTimer()
        self.plan = plan
        firstNumber += UInt64(stamps.count)
        stamps = Array(repeating: TransmitStamps(), count: plan.count)
        hasArrived = Array(repeating: false, count: plan.count)
        hasFollowUp = hasArrived
        sentAt = []
        outcome = TrialOutcome()
        due = transmitter.socket.monotonicTime()
    }

    // MARK: The loop

    var spins: Bool { false }
    var isWaitingForRoom: Bool { false }
    var housekeepingDue: MonotonicTime { .never }
    mutating func keepHouse(at now: MonotonicTime) {}
    func tellStatus() {}

    func watch(in poll: inout PollSet) -> Bool {
        transmitter.socket.watchCompletions(in: &poll)
        receiver.watchFrames(in: &poll)
        return true
    }

    mutating func step(at now: MonotonicTime) throws(RunError) -> RunStep {
        if sentAt.count < plan.count {
            guard now >= due else { return .wait(until: due) }
            try send(at: now)
            due = due + plan.interval
            // Flat out, completions are read only after the last frame.
            if plan.interval > 0 || sentAt.count == plan.count { try handleCompletions(.all) }
            return .again
        }
        let end = sentAt.last.map { $0 + plan.timeout } ?? due
        return isComplete || now >= end ? .end : .wait(until: end)
    }

    private var isComplete: Bool {
        outcome.software.count == plan.count && (!awaitsHardware || outcome.hardware.count == plan.count)
            && (!isWitnessed || outcome.arrivals.areComplete(plan.count, answers: message.kind == .request))
    }

    private mutating func send(at now: MonotonicTime) throws(RunError) {
        transmitter.prepare(count: 1)
        // If there is no room now, the next turn tries again.
        var taken = 0
        do throws(SystemError) { try transmitter.send(0..<1, perCall: 1, taken: &taken) } catch {
            throw RunError(.send, error, on: interface)
        }
        guard taken > 0 else { return }
        sentAt.append(now)
        outcome.sent += 1
        outcome.duration = now - sentAt[0]
    }

    mutating func handleCompletions(_ read: CompletionsRead) throws(RunError) {
        do throws(SystemError) {
            repeat {
                let count = try transmitter.receiveCompletions()
                let now = transmitter.socket.monotonicTime()
                for index in 0..<count { merge(transmitter.completion(at: index), at: now) }
            } while transmitter.mayHaveMore
            if read == .ready { _ = transmitter.socket.takePendingError() }
        } catch {
            throw RunError(.readCompletions, error, on: interface)
        }
    }

    private mutating func merge(_ completion: Transmitter<Socket>.Completion, at now: MonotonicTime) {
        guard case .stamps(let stamps, of: let number) = completion, let index = index(of: number),
            self.stamps[index].merge(stamps)
        else { return }
        if stamps.software != nil { outcome.software.add(now - sentAt[index]) }
        if stamps.hardware != nil { outcome.hardware.add(now - sentAt[index]) }
    }

    /// The index of a frame of this trial; nil if it is of an earlier one.
    private func index(of number: UInt64) -> Int? {
        guard number >= firstNumber, number - firstNumber < UInt64(sentAt.count) else { return nil }
        return Int(number - firstNumber)
    }

    mutating func handleFrames(_ read: FramesRead) throws(RunError) {
        do throws(SystemError) {
            for index in 0..<(try receiver.receive()) {
                guard let probe = receiver.probe(at: index, &faults)?.read() else { continue }
                count(probe)
            }
        } catch {
            throw RunError(.receive, error, on: interface)
        }
    }

    /// Counts a frame of the trial where another interface receives it, or the answer of a peer; each once. An echo of
    /// what was sent is no answer.
    private mutating func count(_ probe: ReceivedProbe) {
        let kind = probe.message.kind
        let isExpected =
            message.kind == .request
            ? (kind == .reply || kind == .followUp) && probe.shape.source == shape.destination
            : kind == message.kind && probe.shape.source == shape.source
        guard isExpected, probe.message.session == message.session,
            let index = index(of: probe.message.number),
            !(kind == .followUp ? hasFollowUp[index] : hasArrived[index])
        else { return }
        if kind == .followUp { hasFollowUp[index] = true } else { hasArrived[index] = true }
        outcome.arrivals.count(probe)
    }
}
