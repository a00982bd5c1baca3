import AFPacketKit

/// Counts the probes that a run's own filter rejects because of their EtherType, port, VLAN tags or destination, and
/// tells the first of each kind.
///
/// A second socket with a filter costs every frame of the interface time in the kernel. So it rests while the run takes
/// many probes.
struct OtherFormWatch<Socket: Port & ~Copyable>: ~Copyable {
    /// The way the watch goes on.
    private enum State {
        case receiving
        /// The queue is not read until then: a batch was full.
        case pausing(until: MonotonicTime)
        /// The socket receives nothing until then.
        case resting(until: MonotonicTime)
    }

    private let socket: Socket
    private var batch: MessageBatch
    private var taken: ListenForm
    private var found: UInt64 = 0
    private var told: OtherForm.Kinds = []
    private let setReceiving: (Bool) -> Void
    private var state = State.receiving
    /// The number of probes that the run had taken when they were last compared with the time, and that time.
    private var probesTaken: UInt64 = 0
    private var comparedAt = MonotonicTime(nanoseconds: 0)

    /// Nanoseconds between two batches of a flood.
    private static var pause: Int64 { 100_000_000 }
    /// The number of probes that are many if they come within a second.
    private static var many: UInt64 { 500 }
    private static var second: Int64 { 1_000_000_000 }
    /// The size of the queue in bytes. The kernel doubles it, and counts more than 512 bytes for the smallest frame.
    private static var queueSize: Int { 1 << 18 }

    /// - Parameter setReceiving: turns the receiving off and on, without waiting for the kernel.
    init(_ socket: consuming Socket, _ taken: ListenForm, setReceiving: @escaping (Bool) -> Void) {
        self.setReceiving = setReceiving
        self.socket = socket
        self.taken = taken
        batch = MessageBatch(capacity: 16, frameCapacity: taken.interface.maxFrameLength)
    }

    func watch(in poll: inout PollSet) { socket.watchFrames(in: &poll, as: .otherForms) }

    /// Reads a batch of the probes that have come, and tells the first of each kind.
    mutating func read(at now: MonotonicTime, _ events: some RunEvents) {
        // The run's own socket tells that the interface is down.
        try? socket.receive(into: &batch, limit: .max)
        for index in 0..<batch.count {
            guard let form = Self.form(of: batch[index], unlike: taken.carrier) else { continue }
            found += 1
            tell(form, events)
        }
        if batch.count == batch.capacity, case .receiving = state {
            state = .pausing(until: now + Self.pause)
        }
    }

    /// The members of the run's poll set to leave out: while it pauses, its socket is mostly ready.
    var paused: PollSet.Members {
        if case .pausing = state { .otherForms } else { [] }
    }

    /// The end of a pause or a rest; never while it receives.
    var due: MonotonicTime {
        switch state {
        case .receiving: .never
        case .pausing(let end), .resting(let end): end
        }
    }

    /// The number of probes taken by the run from which on it may rest.
    var limit: UInt64 { isResting ? .max : probesTaken + Self.many }

    /// Ends a pause or a rest that is over, and begins a rest if the run takes many probes.
    ///
    /// - Parameter probes: the number of probes that the run has taken.
    mutating func attend(at now: MonotonicTime, probes: UInt64) {
        if case .pausing(let end) = state, now >= end { state = .receiving }
        let takesMany: Bool
        switch state {
        case .resting(let end):
            guard now >= end else { return }
            takesMany = probes - probesTaken >= Self.many
        case .receiving, .pausing:
            guard probes >= limit else { return }
            takesMany = now - comparedAt < Self.second
        }
        (probesTaken, comparedAt) = (probes, now)
        let wasResting = isResting
        if takesMany { state = .resting(until: now + Self.second) } else if wasResting { state = .receiving }
        if takesMany != wasResting { setReceiving(!takesMany) }
    }

    private var isResting: Bool {
        if case .resting = state { true } else { false }
    }

    /// The form of the probe in a frame; nil if there is none.
    private static func form(of frame: ReceivedFrame, unlike carrier: ProbeCarrier) -> OtherForm? {
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
        batch.makeRoom(for: interface)
        taken.interface = interface
        try? socket.replaceFilter(by: filter)
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
    init(_ taken: ListenForm, _ filter: SocketFilter) throws(SystemError) {
        let interface = taken.interface
        let socket = try PacketSocket.receiver(
            on: interface, filter: filter, timestamping: [], queueSize: Self.queueSize)
        let control = try ReceiveSwitch(try socket.duplicate(), on: interface)
        self.init(socket, taken) { control.set($0) }
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
