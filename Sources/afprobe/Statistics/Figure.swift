/// The figures that ping measures.
enum Figure: Int, CaseIterable {
    /// From the request's departure to the reply's arrival.
    case rtt
    /// The part of it outside the responder.
    case network
    /// The part of it inside the responder.
    case turnaround
    /// From the request's send call to the receive call of its reply, as the application sees it.
    case total

    // The stages. Of a frame going out: `send` from the send call to the qdisc, `qdisc` on to the driver, `tx_nic` on
    // to the wire; of one coming in: `rx_nic` from the wire to the kernel, `wakeup` on to the application. The
    // request's first.
    case requestSend
    case requestQdisc
    case requestTxNIC
    case requestRxNIC
    case requestWakeup
    /// From the responder's receive call to its send call.
    case respond
    case replySend
    case replyQdisc
    case replyTxNIC
    case replyRxNIC
    case replyWakeup
    /// Both ways between the two NICs: one way alone would need synchronised clocks.
    case wire
    /// Both ways between the two kernels, NICs and wire: used if the NICs do not stamp.
    case link
    // Figures that need the two hosts' clocks to be synchronised.
    case requestOneWay
    case replyOneWay

    /// The stages in the order a round trip passes them, `wire` where it is passed first. They sum up to the total.
    static let stages: [Figure] = [
        .requestSend, .requestQdisc, .requestTxNIC, .wire, .requestRxNIC, .requestWakeup, .respond,
        .replySend, .replyQdisc, .replyTxNIC, .replyRxNIC, .replyWakeup,
    ]

    /// The name in keys, limits and tables.
    var name: String {
        switch self {
        case .rtt: "rtt"
        case .network: "network"
        case .turnaround: "turnaround"
        case .requestSend: "request_send"
        case .requestQdisc: "request_qdisc"
        case .requestTxNIC: "request_tx_nic"
        case .requestRxNIC: "request_rx_nic"
        case .requestWakeup: "request_wakeup"
        case .respond: "respond"
        case .replySend: "reply_send"
        case .replyQdisc: "reply_qdisc"
        case .replyTxNIC: "reply_tx_nic"
        case .replyRxNIC: "reply_rx_nic"
        case .replyWakeup: "reply_wakeup"
        case .total: "total"
        case .wire: "wire"
        case .link: "link"
        case .requestOneWay: "request_one_way"
        case .replyOneWay: "reply_one_way"
        }
    }
}

extension Figure {
    /// The stages between a driver and the wire.
    static let stagesOfNICs: [Figure] = [.requestTxNIC, .requestRxNIC, .replyTxNIC, .replyRxNIC]

    /// The stages that the responder's own stamps bound.
    static let stagesOfResponder: [Figure] = [
        .requestRxNIC, .requestWakeup, .respond, .replySend, .replyQdisc, .replyTxNIC,
    ]
}

/// The statistics of a figure's values. The names stand in limits and tables and, with `_` for `.`, in keys.
enum Statistic: String, CaseIterable {
    case min
    case mean
    case p50
    case p90
    case p95
    case p99
    case p999 = "p99.9"
    case max
    case stddev
    /// p95 − p50.
    case spread
    /// Of consecutive values. RFC 3550
    case jitter

    /// The number of values that it needs.
    var neededCount: UInt64 {
        switch self {
        case .min, .mean, .p50, .max, .stddev: 1
        case .p90: Percentile.p90.neededCount
        case .p95: Percentile.p95.neededCount
        case .p99: Percentile.p99.neededCount
        case .p999: Percentile.p999.neededCount
        case .spread: Percentile.p95.neededCount
        case .jitter: 2
        }
    }
}

/// The figures of one round trip, as far as they could be measured; inline, without allocation.
struct FigureValues {
    // A literal, not init(repeating:), which is a loop: "ping, with follow-ups: user instructions".
    private var values: InlineArray<19, Int64> = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    private var present: UInt32 = 0

    /// In nanoseconds; nil if it could not be measured.
    subscript(figure: Figure) -> Int64? {
        @inline(__always)  // "ping, with follow-ups: user instructions"
        get { present & 1 &<< figure.rawValue == 0 ? nil : values.span[figure.rawValue] }
        set {
            let bit = 1 &<< figure.rawValue as UInt32
            guard let newValue else {
                present &= ~bit
                return
            }
            values[figure.rawValue] = newValue
            present |= bit
        }
    }

    /// Adds the figures that every exchange has.
    @inline(__always)  // "ping, with follow-ups: user instructions"
    mutating func add(roundTrip: Int64?, turnaround: Int64?) {
        self[.rtt] = roundTrip
        self[.turnaround] = turnaround
        if let roundTrip, let turnaround { self[.network] = roundTrip &- turnaround }
    }
}
