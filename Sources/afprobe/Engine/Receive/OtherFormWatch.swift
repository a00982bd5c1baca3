import AFPacketKit
import Synchronization

/// Notices probes of other forms than a run takes: those that its own filter rejects, though they come from afprobe.
///
/// A second socket with a filter costs every frame of the interface time in the kernel. So it rests while the run takes
/// many probes.
struct OtherFormWatch<Socket: Port & ~Copyable>: ~Copyable {
    private let socket: Socket
    private var batch: MessageBatch
    private var taken: ListenForm
    private var found: UInt64 = 0
    private var told: OtherForm.Kinds = []
    private let tellsOutgoing: Bool
    private let setReceiving: (Bool) -> Void
    private(set) var isReceiving = true
    /// The number of probes that the run had taken when they were last compared with the time, and that time.
    private var probesTaken: UInt64 = 0
    private var comparedAt = MonotonicTime(nanoseconds: 0)
    /// When to look again after more have come than one look reads; never if none have.
    private var pauseEnd = MonotonicTime.never
    /// The end of its rest, if the run takes few probes by then; never while it receives.
    private var restEnd = MonotonicTime.never

    /// Nanoseconds between two looks at a flood.
    private static var pause: Int64 { 100_000_000 }
    /// The number of probes that are many if they come within a second.
    private static var many: UInt64 { 500 }
    private static var second: Int64 { 1_000_000_000 }
    /// The size of the queue in bytes. The kernel doubles it, and counts more than 512 bytes for the smallest frame.
    private static var queueSize: Int { 1 << 18 }

    /// - Parameter setReceiving: turns the receiving off and on, without waiting for the kernel.
    init(
        _ socket: consuming Socket, _ taken: ListenForm,
        tellsOutgoing: Bool = false, setReceiving: @escaping (Bool) -> Void
    ) {
        self.setReceiving = setReceiving
        self.socket = socket
        self.taken = taken
        self.tellsOutgoing = tellsOutgoing
        batch = Self.batch(mtu: taken.interface.mtu, tellsOutgoing)
    }

    func watch(in poll: inout PollSet) { socket.watchFrames(in: &poll, as: .otherForms) }

    /// Reads some of the probes that have come, and tells the first of each form.
    mutating func read(at now: MonotonicTime, _ events: some RunEvents) {
        // That the interface is down is told by the run's own socket.
        try? socket.receive(into: &batch, limit: .max)
        for index in 0..<batch.count {
            guard let form = Self.form(of: batch[index], unlike: taken.carrier) else { continue }
            found += 1
            tell(form, events)
        }
        pauseEnd = batch.count == batch.capacity ? now + Self.pause : .never
    }

    /// Tells whether more have come than one look reads.
    var isPaused: Bool { pauseEnd != .never }

    /// When to attend next.
    var due: MonotonicTime { min(pauseEnd, restEnd) }

    /// The number of probes taken by the run from which on to attend, whatever the time.
    var limit: UInt64 { isReceiving ? probesTaken + Self.many : .max }

    /// Does what is due.
    ///
    /// - Parameter probes: the number of probes that the run has taken.
    mutating func attend(at now: MonotonicTime, probes: UInt64) {
        if now >= pauseEnd { pauseEnd = .never }
        guard isReceiving ? probes >= limit : now >= restEnd else { return }
        let isToReceive =
            isReceiving ? now - comparedAt >= Self.second : probes - probesTaken < Self.many
        (probesTaken, comparedAt) = (probes, now)
        restEnd = isToReceive ? .never : now + Self.second
        guard isReceiving != isToReceive else { return }
        isReceiving = isToReceive
        setReceiving(isToReceive)
    }

    /// The form of the probe in a frame; nil if there is none.
    private static func form(of frame: ReceivedFrame, unlike carrier: ProbeCarrier) -> OtherForm? {
        guard !frame.isOutgoing else { return nil }
        do throws(FrameFault) {
            let probe = try FoundProbe(frame, at: Timestamp(nanoseconds: 0))
            // Answers to this host's own pings have the form of its requests.
            guard probe.kind == .probe || probe.kind == .request else { return nil }
            return OtherForm(of: probe, unlike: carrier)
        } catch {
            return nil
        }
    }

    private mutating func tell(_ form: OtherForm, _ events: some RunEvents) {
        guard told.insert(form.kind).inserted else { return }
        events.diagnosed(.otherForm(form, taken: taken))
    }

    /// Watches for the frames of another filter: the interface has changed.
    mutating func follow(_ filter: SocketFilter, on interface: NetworkInterface) {
        if interface.mtu > taken.interface.mtu { batch = Self.batch(mtu: interface.mtu, tellsOutgoing) }
        taken.interface = interface
        try? socket.replaceFilter(by: filter)
    }

    private static func batch(mtu: Int, _ tellsOutgoing: Bool) -> MessageBatch {
        MessageBatch(capacity: 16, frameCapacity: min(mtu, 65_535) + 22, tellsOutgoing: tellsOutgoing)
    }

    /// Reads what is left, and returns the number of probes of other forms, those included that found no room in the
    /// queue.
    mutating func finish(_ events: some RunEvents) -> UInt64 {
        var batchesLeft = Self.queueSize / 256 / batch.capacity
        repeat {
            batchesLeft -= 1
            read(at: .never, events)
        } while batch.count == batch.capacity && batchesLeft > 0
        return found + ((try? socket.takeStatistics().drops) ?? 0)
    }
}

extension OtherFormWatch where Socket == TimestampedSocket {
    /// Opens the socket. It must be opened after the run's own: the kernel hands a frame over to the last one first, and
    /// copies it for each but the last that accepts it.
    init(
        _ taken: ListenForm, _ filter: SocketFilter
    ) throws(SystemError) {
        let interface = taken.interface
        let socket = try PacketSocket.receiver(
            on: interface, filter: filter, timestamping: [], queueSize: Self.queueSize)
        let tellsOutgoing = socket.receivesOutgoing
        let control = try ReceiveSwitch(try socket.duplicate(), on: interface)
        self.init(socket, taken, tellsOutgoing: tellsOutgoing) { control.set($0) }
    }
}

/// Turns the receiving of a socket off and on in a thread of its own, because the kernel makes the caller wait. The thread
/// lasts as long as the switch: it is started before the run's CPU scheduling is set, which it would inherit.
private final class ReceiveSwitch {
    private final class Shared: Sendable {
        /// A duplicate of the socket.
        let socket: TimestampedSocket
        let change: Wakeup
        let isOn = Atomic<Bool>(true)
        let isEnding = Atomic<Bool>(false)

        init(_ socket: consuming TimestampedSocket) throws(SystemError) {
            change = try Wakeup()
            self.socket = socket
        }
    }

    private let shared: Shared
    private var thread: WorkerThread?

    init(_ socket: consuming TimestampedSocket, on interface: NetworkInterface) throws(SystemError) {
        let shared = try Shared(socket)
        self.shared = shared
        thread = try WorkerThread {
            try? ThisProcess.keepOnly([])
            ThisProcess.forbidNewPrivileges()
            var poll = PollSet()
            poll.add(shared.change, as: .wakeup)
            var isReceiving = true
            while !shared.isEnding.load(ordering: .acquiring) {
                let isOn = shared.isOn.load(ordering: .acquiring)
                if isOn != isReceiving, (try? shared.socket.setReceiving(isOn, on: interface)) != nil {
                    isReceiving = isOn
                }
                _ = try? poll.wait(until: .never)
                shared.change.clear()
            }
        }
    }

    deinit {
        shared.isEnding.store(true, ordering: .releasing)
        shared.change.signal()
        thread.take()?.join()
    }

    func set(_ receives: Bool) {
        shared.isOn.store(receives, ordering: .releasing)
        shared.change.signal()
    }
}

extension SocketFilter {
    /// Accepts probes and requests, in whatever form, that another filter rejects.
    static func otherForms(than taken: SocketFilter) -> SocketFilter {
        let pattern = PayloadPattern(
            start: ProbeMessage.magic, gaps: PTPHeader.Form.allCases.map(\.length),
            except: PayloadPattern.Exception(
                word: ProbeMessage.fieldsMagic, at: ProbeMessage.fieldsOffset,
                bytes: [ProbeMessage.Kind.reply, .followUp].map(\.rawValue), at: ProbeMessage.kindOffset))
        return taken.inverted.and(.payloads(pattern))
    }
}
