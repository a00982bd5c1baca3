import AFPacketKit

struct LineFormatter: ~Copyable {
    private var data: Line
    private var diagnostics: Line
    var context: LineContext
    private let areDiagnosticsOnTerminal: Bool
    private var isStatusShown = false
    private let marksSlowReplies: Bool
    /// Made with the first reply that may be marked.
    private var slowReplies: SlowReplies?
    private var unit = RunUnit()

    /// Return to the beginning of the line and erase it. ECMA-48
    private static let erasure = "\r\u{1b}[K" as StaticString

    init(_ formats: LineFormats) {
        data = Line(
            format: formats.data, isColored: formats.isDataColored, isUnicode: formats.isUnicode)
        diagnostics = Line(
            format: formats.diagnostics, isColored: formats.areDiagnosticsColored,
            isUnicode: formats.isUnicode)
        context = formats.context
        marksSlowReplies = formats.isDataColored && !formats.context.isDetailed
        areDiagnosticsOnTerminal = formats.areDiagnosticsOnTerminal
    }

    /// Appends a record's bytes to `text`, and returns their stream.
    mutating func append(_ record: LineRecord, to text: inout TextBuffer) -> StandardStream {
        if case .context(let new) = record.content {
            context = new
            return .output
        }
        if isStatusShown, record.goesToData || areDiagnosticsOnTerminal {
            text.append(Self.erasure)
            isStatusShown = false
        }
        switch record.content {
        case .transmit(let line): append(line, record, to: &text)
        case .receive(let line): append(line, record, to: &text)
        case .ping(var line):
            line.look = look(of: line)
            append(line, record, to: &text)
        case .pingTimeout(let line): append(line, record, to: &text)
        case .finished(let stream, let bytes):
            text.append(bytes: bytes)
            return stream
        case .status(let bytes):
            text.append(bytes: bytes)
            isStatusShown = true
        case .statusEnd: break
        case .context: break
        }
        return .output
    }

    private mutating func append(
        _ content: some LineWritable, _ record: LineRecord, to text: inout TextBuffer
    ) {
        data.begin(
            content.level, content.message, time: record.time, sinceStart: record.elapsed,
            isShort: !content.isOfReference && !context.isDetailed)
        content.write(to: &data, in: context)
        data.end()
        text.append(data.text)
    }

    private mutating func look(of line: PingLine) -> PingLine.Look? {
        guard let roundTrip = line.reply.values[.rtt] else { return nil }
        var isSlow = false
        if marksSlowReplies, line.kind == .reply {
            if slowReplies == nil { slowReplies = SlowReplies() }
            isSlow = slowReplies?.record(roundTrip) ?? false
        }
        return PingLine.Look(scale: unit.scale(for: roundTrip), isSlow: isSlow)
    }

    // MARK: Lines not about a frame

    /// - Parameter isOfReference: whether the reference has such lines, too.
    mutating func line(
        _ level: Level, _ message: String, elapsed: Int64, isOfReference: Bool,
        _ addFields: (inout Line) -> Void
    ) -> [UInt8] {
        data.begin(
            level, message, time: .now(), sinceStart: elapsed,
            isShort: !isOfReference && !context.isDetailed)
        addFields(&data)
        data.end()
        return data.text.bytes
    }

    mutating func diagnosticLine(
        _ level: Level, _ message: String, elapsed: Int64, _ addFields: (inout Line) -> Void
    ) -> [UInt8] {
        diagnostics.begin(level, message, time: .now(), sinceStart: elapsed, isShort: true)
        addFields(&diagnostics)
        diagnostics.end()
        return diagnostics.text.bytes
    }

    /// A diagnostic: for people wrapped, with the remedy on lines of its own.
    mutating func diagnostic(_ message: Message, elapsed: Int64) -> [UInt8] {
        guard diagnostics.format == .text else {
            return diagnosticLine(message.level, message.text, elapsed: elapsed) { line in
                for field in message.fields { line.string(field.key, field.value) }
            }
        }
        return diagnosticLine(message.level, message.wrapped(indent: Self.prefixWidth), elapsed: elapsed) {
            _ in
        }
    }

    /// The columns of `INFO[0000] `.
    private static let prefixWidth = 11
}

struct LineFormats: Sendable {
    let data: LineFormat
    let isDataColored: Bool
    let diagnostics: LineFormat
    let areDiagnosticsColored: Bool
    /// Tells whether diagnostics go to a terminal: if there is a status line, to the same one.
    var areDiagnosticsOnTerminal = false
    /// Tells whether the locale has the µ.
    var isUnicode = true
    var context = LineContext()
}

/// Finds the slowest replies of a run while it lasts.
private struct SlowReplies {
    private var roundTrips = Distribution()
    private var limit = Int64.max

    /// Returns whether a round trip is above p99 of the run so far, and records it.
    mutating func record(_ roundTrip: Int64) -> Bool {
        let isSlow = roundTrip > limit
        roundTrips.record(roundTrip)
        // Not with each reply, because a percentile is a walk through the histogram.
        if roundTrips.count.isMultiple(of: 100) { limit = roundTrips.percentile(.p99) ?? .max }
        return isSlow
    }
}
