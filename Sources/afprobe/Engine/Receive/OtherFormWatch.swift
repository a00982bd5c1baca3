import AFPacketKit

/// Notices probes of other forms than a run takes: those that its own filter rejects, though they come from afprobe.
///
/// A second socket with a filter costs every frame of the interface some 0.15 µs in the kernel, which is 5 % of the rate
/// of a sender on the same CPU. So it rests while the run takes many probes.
struct OtherFormWatch<Socket: Port & ~Copyable>: ~Copyable {
    private let socket: Socket
    private var batch: MessageBatch
    private let carrier: ProbeCarrier
    private var interface: NetworkInterface
    private var found: UInt64 = 0
    private var told: OtherForm.Kinds = []
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
    /// Probes in a second that are many, of which the watch would be a cost; a tenth of them are few.
    private static var many: UInt64 { 500 }
    private static var second: Int64 { 1_000_000_000 }

    /// - Parameter setReceiving: turns the receiving off and on, without waiting for the kernel.
    init(
        _ socket: consuming Socket, _ carrier: ProbeCarrier, on interface: NetworkInterface,
        tellsOutgoing: Bool = false, setReceiving: @escaping (Bool) -> Void
    ) {
        self.setReceiving = setReceiving
        self.socket = socket
        self.carrier = carrier
        self.interface = interface
        batch = MessageBatch(
            capacity: 16, frameCapacity: min(interface.mtu, 65_535) + 22, tellsOutgoing: tellsOutgoing)
    }

    func watch(in poll: inout PollSet) { socket.watchFrames(in: &poll, as: .otherForms) }

    /// Reads some of the probes that have come, and tells the first of each form.
    mutating func read(at now: MonotonicTime, _ events: some RunEvents) {
        // That the interface is down is told by the run's own socket.
        try? socket.receive(into: &batch, limit: .max)
        for index in 0..<batch.count {
            guard let form = Self.form(of: batch[index], unlike: carrier) else { continue }
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
            isReceiving ? now - comparedAt >= Self.second : probes - probesTaken < Self.many / 10
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
        events.diagnosed(.otherForm(form, taken: ListenForm(interface: interface, carrier: carrier)))
    }

    /// Watches for the frames of another filter: the interface has changed.
    mutating func follow(_ filter: SocketFilter, on interface: NetworkInterface) {
        self.interface = interface
        try? socket.replaceFilter(by: filter)
    }

    /// Reads what is left, and returns the number of probes of other forms, those included that found no room in the
    /// queue.
    mutating func finish(_ events: some RunEvents) -> UInt64 {
        var batchesLeft = batchesInATurn
        repeat {
            batchesLeft -= 1
            read(at: .never, events)
        } while batch.count == batch.capacity && batchesLeft > 0
        return found + ((try? socket.takeStatistics().drops) ?? 0)
    }
}

extension OtherFormWatch where Socket == TimestampedSocket {
    /// The size of the queue in bytes: room for some 200 frames.
    private static var queueSize: Int { 1 << 18 }

    /// Opens the socket. It must be opened after the run's own: the kernel hands a frame over to the last one first, and
    /// copies it for each but the last that accepts it.
    init(
        on interface: NetworkInterface, _ carrier: ProbeCarrier, _ filter: SocketFilter
    ) throws(SystemError) {
        let socket = try PacketSocket.receiver(
            on: interface, filter: filter, timestamping: [], queueSize: Self.queueSize)
        let tellsOutgoing = socket.receivesOutgoing
        let control = ReceiveSwitch(try socket.duplicate(), on: interface)
        self.init(socket, carrier, on: interface, tellsOutgoing: tellsOutgoing) { control.set($0) }
    }
}

/// Turns the receiving of a socket off and on, in threads of their own: the kernel makes the caller wait.
private final class ReceiveSwitch {
    /// A duplicate of the socket, which lasts as long as a thread uses it.
    private final class Shared: Sendable {
        let socket: TimestampedSocket
        init(_ socket: consuming TimestampedSocket) { self.socket = socket }
    }

    private let shared: Shared
    private let interface: NetworkInterface
    private var thread: WorkerThread?

    init(_ socket: consuming TimestampedSocket, on interface: NetworkInterface) {
        shared = Shared(socket)
        self.interface = interface
    }

    deinit { thread.take()?.join() }

    func set(_ receives: Bool) {
        // Ended long since: it is turned on only after a silence.
        thread.take()?.join()
        let (shared, interface) = (shared, interface)
        thread = try? WorkerThread { try? shared.socket.setReceiving(receives, on: interface) }
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
