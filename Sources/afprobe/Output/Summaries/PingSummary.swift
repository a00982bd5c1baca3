import AFPacketKit

struct PingSummaryOptions {
    var showsStages = false
    var drawsHistogram = false
    var percentileFile: String?
    var limits: [Limit] = []
}

extension PingSummaryOptions {
    /// Returns whether no limit was exceeded; writes a line for each exceeded one.
    func judge(_ result: PingResult, _ console: Console) -> Bool {
        let violations = limits.compactMap { $0.violation(by: result) }
        for violation in violations {
            console.log(violation)
        }
        return violations.isEmpty
    }
}

struct PingSummary: ~Copyable {
    private let options: PingSummaryOptions
    private let peer: Peer
    /// Opened before the run, which may be long.
    private let percentileFile: OutputFile?

    init(_ options: PingSummaryOptions, peer: Peer) throws(Failure) {
        self.options = options
        self.peer = peer
        percentileFile = try options.percentileFile.map { path throws(Failure) in
            do throws(SystemError) { return try OutputFile(path: path) } catch {
                throw Failure("Cannot write \(path)", error)
            }
        }
    }

    /// Writes the summary: for people as ping(8) does, with a table; else, and with -v, as lines.
    ///
    /// - Parameter reasons: the reasons for missing hardware stamps of replies.
    func write(
        _ result: PingResult, elapsed: Int64, missingHardware reasons: [MissingCount],
        facts: ResponderFacts, _ console: Console
    ) {
        let tails = result.tails(above: [.p99, .p999])
        let reasons = reasons.map(\.text)
        if !console.isForPeople || console.isDetailed {
            writeLines(result, tails, elapsed: elapsed, reasons, facts, console)
        }
        guard console.isForPeople else { return }
        console.write(
            text: PingSummaryText(
                result: result, tails: tails, peer: peer, elapsed: elapsed, missingHardware: reasons,
                facts: facts, drawsHistogram: options.drawsHistogram, style: console.style
            ).text)
    }

    private func writeLines(
        _ result: PingResult, _ tails: [Tail], elapsed: Int64, _ reasons: [String],
        _ facts: ResponderFacts, _ console: Console
    ) {
        if let bias = result.turnaroundBias {
            console.write(.warning, "PING Bias") { bias.fields.write(to: &$0) }
        }
        for tail in tails { console.write(tail, of: result.tailStages) }
        var fields = fields(result, elapsed: elapsed, reasons, console.context)
        for fact in ResponderFact.allCases { fields.add(fact.rawValue, facts[fact]?.field ?? .text(nil)) }
        fields.add("lines_dropped", .count(console.droppedLines))
        fields.add("pcap_dropped", .count(console.droppedCaptures))
        console.write(.info, "PING Summary") { fields.write(to: &$0) }
        if options.drawsHistogram, let values = result[.rtt] { console.write(values) }
    }

    /// Writes the percentile file of the round trips, if requested.
    func writePercentiles(_ result: PingResult, _ console: Console) throws(Failure) {
        guard let path = options.percentileFile else { return }
        let bytes = Array((result[.rtt] ?? Distribution()).percentileText.utf8)
        let left: Int
        do throws(SystemError) {
            switch percentileFile {
            case .some(let file): left = try console.write(bytes, to: file)
            case .none: left = 0
            }
        } catch {
            throw Failure("Cannot write \(path)", error)
        }
        guard left == 0 else {
            throw .refused(
                "Cannot write \(path)", reason: "its reader left \(left) of \(bytes.count) bytes unread",
                hint: "the distribution of the round trips is not complete there; the measurement is")
        }
    }

    private func fields(
        _ result: PingResult, elapsed: Int64, _ reasons: [String], _ context: LineContext
    ) -> Fields {
        var fields = Fields()
        for counter in Counter.allCases { fields.add(counter.name, .count(result.value(of: counter))) }
        fields.add("loss_percent", .share(result.counts[.lost], of: result.counts[.sent]))
        fields.add("host", .text(Origin.host))
        fields.add("version", .text(Origin.version))
        fields.add("interface", .text(context.interface))
        fields.add("target", .text(context.target))
        fields.add("largest_part", .text(result.largestPart?.part.name))
        fields.add("elapsed_ns", .integer(elapsed))
        fields.add("peer", .text(peer.description))
        fields.add("peer_mac", .text(context.station?.description))
        fields.add("missing_hardware_reason", .reasons(reasons))
        fields.add("rtt_clock", .text(result.roundTripClock?.name))
        fields.add("protocol", .text(result.protocolName.rawValue))
        fields.add("turnaround_clock", .text(result.toldTurnaroundClock?.name))
        fields.add("responder_resolution_ns", .count(result.resolution.coarseResolution))
        fields.add(
            "responder_separates",
            .flag(result.resolution.count == 0 ? nil : !result.resolution.isUnseparated))
        fields.add("crossing_error_ns", .integer(result.crossingError))
        fields.add("offset_ns", .integer(result.bounds.offset?.offset))
        fields.add("offset_error_ns", .integer(result.bounds.offset?.error))
        fields.add("offset_restarts", .count(result.bounds.restarts))
        for figure in result.wantedFigures { fields.add(figure, result[figure]) }
        return fields
    }
}

extension ResponderFact.Value {
    fileprivate var field: Field {
        switch self {
        case .text(let text): .text(text)
        case .number(let number): .integer(number)
        }
    }

    var words: String {
        switch self {
        case .text(let text): text
        case .number(let number): "\(number)"
        }
    }
}

extension Console {
    /// Writes the stages that slow down the slowest round trips.
    fileprivate func write(_ tail: Tail, of stages: [Figure]) {
        write(.info, "PING Tail") { tail.fields(of: stages).write(to: &$0) }
    }

    fileprivate func log(_ violation: Violation) {
        let name = "Limit exceeded"
        guard !areDiagnosticsForPeople else {
            return log(Message(.error, "\(name): \(violation.sentence(style))"))
        }
        log(.error, name) { violation.write(to: &$0) }
    }

    /// Writes the distribution of the round trips as it is drawn, a line per row.
    fileprivate func write(_ values: Distribution) {
        var reached: UInt64 = 0
        for row in HistogramDrawing(style: style, distribution: values).rows {
            reached += row.count
            write(.info, "PING Histogram") { line in
                line.integer("count", row.count)
                line.percentage("cumulative_percent", reached, of: values.count)
                line.integer("from_ns", row.range.lowerBound)
                line.percentage("share_percent", row.count, of: values.count)
                line.integer("to_ns", row.range.upperBound)
            }
        }
    }
}
