import AFPacketKit

/// Notices probes of other forms than a run takes: those that its own filter rejects, though they come from afprobe.
///
/// The kernel looks for them with a filter that rejects at once what the run takes, so that those frames cost no more
/// than a few of its instructions: TODO.
struct OtherFormWatch<Socket: Port & ~Copyable>: ~Copyable {
    private let socket: Socket
    private var batch: MessageBatch
    private let carrier: ProbeCarrier
    private var interface: NetworkInterface
    private var found: UInt64 = 0
    private var told: OtherForm.Kinds = []
    /// When to look again after more have come than one look reads; nil if none have.
    private(set) var pauseEnd: MonotonicTime?

    /// Nanoseconds between two looks at a flood.
    private static var pause: Int64 { 100_000_000 }

    init(
        _ socket: consuming Socket, _ carrier: ProbeCarrier, on interface: NetworkInterface,
        tellsOutgoing: Bool = false
    ) {
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
        pauseEnd = batch.count == batch.capacity ? now + Self.pause : nil
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
        self.init(socket, carrier, on: interface, tellsOutgoing: tellsOutgoing)
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
