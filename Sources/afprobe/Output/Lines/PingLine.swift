import AFPacketKit

struct PingLine: LineWritable {
    enum Kind {
        case reply, late, duplicate
    }

    /// The parts of a short line that the lines before it decide.
    struct Look {
        let scale: DurationScale
        /// Tells whether the reply is slow for the run.
        let isSlow: Bool
    }

    let kind: Kind
    let detail: Detail
    let reply: PingReply
    /// Set when the line is written.
    var look: Look?

    enum Detail {
        case usual
        /// Adds the stages.
        case stages
        /// Adds the stages and all stamps.
        case everything
    }

    private enum Content {
        case interface, peer, probe, target
        case roundTripClock, turnaroundClock
        /// A duration for people, in text only.
        case readable(Figure)
        case nanoseconds(Figure)
        case stamp(@Sendable (Exchange) -> Timestamp?)
    }

    var level: Level { .info }
    var isOfReference: Bool { false }
    var message: String {
        switch kind {
        case .reply: "PING Reply"
        case .late: "PING Late"
        case .duplicate: "PING Duplicate"
        }
    }

    func write(to line: inout Line, in context: LineContext) {
        guard !line.isShort else { return writeShort(to: &line, in: context) }
        let fields =
            switch detail {
            case .usual: Self.usualFields
            case .stages: Self.stageFields
            case .everything: Self.allFields
            }
        for (key, content) in fields {
            switch content {
            case .interface: line.string(key, context.interface)
            case .target: line.string(key, context.target)
            case .peer: line.peer(key, reply.peer)
            case .probe: line.integer(key, reply.number)
            case .roundTripClock: line.string(key, reply.roundTripClock?.name)
            case .turnaroundClock:
                line.string(key, reply.values[.turnaround].flatMap { _ in reply.turnaroundClock?.name })
            case .readable(let figure): line.readableDuration(key, reply.values[figure])
            case .nanoseconds(let figure): line.integer(key, reply.values[figure])
            case .stamp(let stamp): line.integer(key, stamp(reply.exchange)?.nanoseconds)
            }
        }
    }

    /// For people: the figures in one unit, so that they add up.
    private func writeShort(to line: inout Line, in context: LineContext) {
        let roundTrip = reply.values[.rtt]
        let scale = look?.scale ?? DurationScale(largest: roundTrip?.magnitude ?? 0, digits: 4)
        line.integer("probe", reply.number)
        line.duration("rtt", roundTrip, in: scale, isEmphasised: look?.isSlow ?? false)
        if reply.roundTripClock != context.clock {
            line.string("clock", reply.roundTripClock?.name ?? "none")
        }
        // Without a turnaround it is the round trip once more.
        guard reply.values[.turnaround] != nil else { return }
        line.duration("network", reply.values[.network], in: scale)
        line.duration("turnaround", reply.values[.turnaround], in: scale)
    }

    private typealias Field = (key: StaticString, content: Content)

    private static let usualFields = sorted(usual)
    private static let stageFields = sorted(usual + stages)
    private static let allFields = sorted(usual + stages + stamps)

    private static func sorted(_ fields: [Field]) -> [Field] {
        fields.sorted { $0.key.description.utf8.lexicographicallyPrecedes($1.key.description.utf8) }
    }

    private static var usual: [Field] {
        [
            ("interface", .interface), ("network", .readable(.network)),
            ("network_ns", .nanoseconds(.network)), ("peer", .peer),
            ("probe", .probe), ("rtt", .readable(.rtt)), ("rtt_clock", .roundTripClock),
            ("rtt_ns", .nanoseconds(.rtt)), ("sent_ns", .stamp { $0.requestSent.userspace }),
            ("target", .target), ("turnaround", .readable(.turnaround)),
            ("turnaround_clock", .turnaroundClock), ("turnaround_ns", .nanoseconds(.turnaround)),
        ]
    }

    private static var stages: [Field] {
        [
            ("request_send_ns", .nanoseconds(.requestSend)),
            ("request_qdisc_ns", .nanoseconds(.requestQdisc)),
            ("request_tx_nic_ns", .nanoseconds(.requestTxNIC)), ("wire_ns", .nanoseconds(.wire)),
            ("link_ns", .nanoseconds(.link)), ("request_rx_nic_ns", .nanoseconds(.requestRxNIC)),
            ("request_wakeup_ns", .nanoseconds(.requestWakeup)), ("respond_ns", .nanoseconds(.respond)),
            ("reply_send_ns", .nanoseconds(.replySend)), ("reply_qdisc_ns", .nanoseconds(.replyQdisc)),
            ("reply_tx_nic_ns", .nanoseconds(.replyTxNIC)), ("reply_rx_nic_ns", .nanoseconds(.replyRxNIC)),
            ("reply_wakeup_ns", .nanoseconds(.replyWakeup)), ("total_ns", .nanoseconds(.total)),
            ("request_one_way_ns", .nanoseconds(.requestOneWay)),
            ("reply_one_way_ns", .nanoseconds(.replyOneWay)),
        ]
    }

    private static var stamps: [Field] {
        [
            ("request_sent_userspace_ns", .stamp { $0.requestSent.userspace }),
            ("request_sent_scheduled_ns", .stamp { $0.requestSent.scheduled }),
            ("request_sent_software_ns", .stamp { $0.requestSent.software }),
            ("request_sent_hardware_ns", .stamp { $0.requestSent.hardware }),
            ("request_received_hardware_ns", .stamp { $0.requestReceived.hardware }),
            ("request_received_software_ns", .stamp { $0.requestReceived.software }),
            ("request_received_userspace_ns", .stamp { $0.requestReceived.userspace }),
            ("reply_sent_userspace_ns", .stamp { $0.replySent.userspace }),
            ("reply_sent_scheduled_ns", .stamp { $0.replySent.scheduled }),
            ("reply_sent_software_ns", .stamp { $0.replySent.software }),
            ("reply_sent_hardware_ns", .stamp { $0.replySent.hardware }),
            ("reply_received_hardware_ns", .stamp { $0.replyReceived.hardware }),
            ("reply_received_software_ns", .stamp { $0.replyReceived.software }),
            ("reply_received_userspace_ns", .stamp { $0.replyReceived.userspace }),
        ]
    }
}

struct PingTimeoutLine: LineWritable {
    let number: UInt64
    let peer: Peer
    /// The time of the request's send call.
    let sent: Timestamp?

    var level: Level { .warning }
    var message: String { "PING Timeout" }
    var isOfReference: Bool { false }

    func write(to line: inout Line, in context: LineContext) {
        guard !line.isShort else { return line.integer("probe", number) }
        line.string("interface", context.interface)
        line.peer("peer", peer)
        line.integer("probe", number)
        line.integer("sent_ns", sent?.nanoseconds)
        line.string("target", context.target)
    }
}
