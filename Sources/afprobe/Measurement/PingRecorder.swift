import AFPacketKit

/// Records what has become of each request of a `ping` run: in figures, counts and lines.
struct PingRecorder {
    var result: PingResult
    private let peer: MACAddress
    private let isQuiet: Bool
    private let detail: PingLine.Detail
    /// Exchanges that wait for the run's clock to be chosen: longer, perhaps, than the window keeps them.
    private var undecided: [(number: UInt64, exchange: Exchange)] = []

    init(_ plan: PingPlan, _ result: PingResult, _ detail: PingLine.Detail) {
        self.result = result
        self.detail = detail
        peer = plan.transmit.shape.destination
        isQuiet = plan.transmit.isQuiet
    }

    /// Takes an exchange of which nothing more is waited for.
    ///
    /// - Parameter exchange: only read, and inout so that it is read where it stands: it is large.
    @inline(__always)
    mutating func settle(_ exchange: inout Exchange, _ number: UInt64, _ console: inout Console) {
        guard exchange.hasReply else {
            result.tally.lost += 1
            if !isQuiet { console.write(.pingTimeout(PingTimeoutLine(number: number, peer: peer))) }
            return
        }
        if !exchange.hasFollowUp { result.tally.missingFollowUps += 1 }
        guard result.roundTripClock != nil || result.chooseClock(by: &exchange) else {
            undecided.append((number, exchange))
            return
        }
        if !undecided.isEmpty { decide(&console) }
        record(&exchange, number, &console)
    }

    /// Records what still waits for the run's clock, there being nothing more to wait for.
    mutating func complete(_ console: inout Console) { decide(&console) }

    @inline(never)
    private mutating func decide(_ console: inout Console) {
        var waiting = undecided
        undecided = []
        for index in waiting.indices { record(&waiting[index].exchange, waiting[index].number, &console) }
    }

    @inline(__always)
    private mutating func record(
        _ exchange: inout Exchange, _ number: UInt64, _ console: inout Console
    ) {
        let clock = result.record(&exchange)
        if !isQuiet { write(exchange, number, clock, &console) }
    }

    @inline(never)
    private func write(
        _ exchange: borrowing Exchange, _ number: UInt64, _ clock: StampClock?, _ console: inout Console
    ) {
        console.write(
            .ping(
                PingLine(
                    message: "PING Reply", detail: detail, number: number, peer: peer,
                    exchange: copy exchange, values: result.latest,
                    roundTripClock: clock, turnaroundClock: result.turnaroundClock)))
    }

    // MARK: Replies that are in no figure

    /// Takes a further reply to a request.
    mutating func takeDuplicate(
        _ number: UInt64, of request: TransmitStamps, received: ReceiveStamps, _ console: inout Console
    ) {
        result.tally.duplicates += 1
        write("PING Duplicate", number, request, received, &console)
    }

    /// Takes a reply that came after the time-out.
    mutating func takeLate(
        _ number: UInt64, of request: TransmitStamps, received: ReceiveStamps, _ console: inout Console
    ) {
        result.tally.late += 1
        write("PING Late", number, request, received, &console)
    }

    /// Writes the line of such a reply, with its time on the best clock it has.
    private func write(
        _ message: String, _ number: UInt64, _ request: TransmitStamps, _ received: ReceiveStamps,
        _ console: inout Console
    ) {
        guard !isQuiet else { return }
        var exchange = Exchange(sent: request)
        exchange.replyReceived = received
        let clock = exchange.bestRoundTripClock
        var values = FigureValues()
        values.begin(roundTrip: exchange.roundTrip(by: clock), turnaround: nil)
        console.write(
            .ping(
                PingLine(
                    message: message, detail: .usual, number: number, peer: peer,
                    exchange: exchange, values: values, roundTripClock: clock, turnaroundClock: nil)))
    }

    /// Tells it once; where two hosts have the address it may be so with every reply.
    @inline(never)
    func reportOtherResponder(_ console: inout Console) {
        guard result.tally.responder.restarts == 1 else { return }
        console.report(.warning, "Another responder answers for \(peer) than before") { line in
            line.string("hint", "it was restarted; or two hosts have this address")
        }
    }
}
