import AFPacketKit

/// The two streams of lines: data on standard output, diagnostics on standard error.
///
/// Outside a run, lines are written at once. During a run, a thread writes them, so that a slow reader does not delay
/// the measurement.
final class Console {
    private var formats: LineFormats
    private var formatter: LineFormatter
    private var writer: LineWriter?
    private var captures: CaptureWriter?
    /// Tells whether the writer may not have been woken for the latest records.
    private var hasNews = false
    private var nextFlush = MonotonicTime(nanoseconds: 0)
    private var signals: RunSignals?
    private let start = MonotonicTime.now()
    private var directFailure: SystemError?
    /// The reason why the capture file is incomplete.
    private(set) var captureFailure: SystemError?
    /// Lines dropped because the reader was too slow.
    private(set) var droppedLines: UInt64 = 0
    /// Frames that the capture file lacks; nil if there is none.
    private(set) var droppedCaptures: UInt64?
    /// The time to redraw the status line; nil without one.
    private var statusDue: MonotonicTime?
    /// Tells whether frames get no lines.
    private(set) var isQuiet: Bool
    /// The unit of the lines about intervals.
    var intervalUnit = RunUnit()
    /// The table of a verification so far.
    var verifyTable: VerifyTable?
    /// The keys in the line of a reply.
    var replyDetail = PingLine.Detail.usual

    /// Tells whether the data lines are for people.
    var isForPeople: Bool { formats.data == .text }

    /// Leaves out the lines about frames, of which people would see thousands; -v wants them all the same.
    func spareFrames() {
        if isForPeople, !isDetailed { isQuiet = true }
    }

    var areDiagnosticsForPeople: Bool { formats.diagnostics == .text }

    var isColored: Bool { formats.isDataColored }

    /// Tells whether lines show optional keys.
    var isDetailed: Bool { formats.context.isDetailed }

    /// The values that the lines of a run have in common.
    var context: LineContext {
        get { formats.context }
        set {
            formats.context = newValue
            formatter.context = newValue
            if writer != nil { hand(LineRecord(.context(newValue))) }
        }
    }

    var style: TextStyle { TextStyle(isUnicode: formats.isUnicode, isColored: isColored) }

    init(_ options: OutputOptions = OutputOptions()) {
        func format(_ stream: StandardStream) -> LineFormat {
            options.format ?? (stream.isTerminal ? .text : .logfmt)
        }
        func isColored(_ stream: StandardStream) -> Bool {
            format(stream) == .text && options.color.isOn(isTerminal: stream.isTerminal)
        }
        formats = LineFormats(
            data: format(.output), isDataColored: isColored(.output), diagnostics: format(.error),
            areDiagnosticsColored: isColored(.error),
            areDiagnosticsOnTerminal: StandardStream.error.isTerminal,
            isUnicode: TextStyle.ofLocale(isColored: false).isUnicode,
            context: LineContext(isDetailed: options.isVerbose || format(.output) == .json))
        formatter = LineFormatter(formats)
        isQuiet = options.isQuiet
    }

    /// The reason why standard output accepts no more lines; nil while it does.
    var failure: SystemError? { directFailure ?? writer?.failure }

    /// Tells whether the reader of the lines has gone or the disk is full, so that the run should end.
    var isClosed: Bool { directFailure != nil || writer?.hasFailed ?? false }

    /// Tells whether the user has asked to stop the run.
    var isAskedToStop: Bool { signals?.stops ?? 0 > 0 }

    /// Records that the reader of the lines has gone.
    func close() {
        if failure == nil { directFailure = SystemError("write", .brokenPipe) }
    }

    // MARK: Lines

    func write(_ content: LineRecord.Content) {
        var record = LineRecord(content)
        record.time = .now()
        record.elapsed = MonotonicTime.now() - start
        hand(record)
    }

    /// Writes a data line that is not about a frame.
    ///
    /// - Parameter isOfReference: whether the reference has such lines, too.
    func write(
        _ level: Level = .info, _ message: String, isOfReference: Bool = false,
        _ addFields: (inout Line) -> Void
    ) {
        let bytes = formatter.line(
            level, message, elapsed: MonotonicTime.now() - start, isOfReference: isOfReference, addFields)
        hand(LineRecord(.finished(.output, bytes)))
    }

    /// Writes text for people, not as a line.
    func write(text: String) {
        hand(LineRecord(.finished(.output, Array(text.utf8))))
    }

    func log(
        _ level: Level, _ message: String, _ addFields: (inout Line) -> Void = { _ in }
    ) {
        let bytes = formatter.diagnosticLine(level, message, elapsed: MonotonicTime.now() - start, addFields)
        hand(LineRecord(.finished(.error, bytes)))
    }

    func log(_ message: Message) {
        let bytes = formatter.diagnostic(message, elapsed: MonotonicTime.now() - start)
        hand(LineRecord(.finished(.error, bytes)))
    }

    func log(_ failure: Failure) { log(Message(failure)) }

    private func hand(_ record: consuming LineRecord) {
        if let writer {
            let isLine = record.isLine
            hasNews = true
            if !writer.push(record), isLine { droppedLines += 1 }
            return
        }
        var text = TextBuffer()
        let stream = formatter.append(record, to: &text)
        if stream == .output, failure != nil { return }
        // After a run, signals still have to be handled: nothing else ends the wait for a reader that does not read.
        if let signals {
            var wait = OutputWait(signals)
            guard wait.waitForRoom(in: stream) else { return }
        }
        do throws(SystemError) { try stream.write(text.span) } catch {
            if stream == .output { directFailure = error }
        }
    }

    // MARK: Runs

    /// Starts the writing thread of a run, and lets the run handle signals.
    ///
    /// - Parameter path: the capture file; nil if frames are not captured.
    func begin(capturingTo path: String? = nil) throws(Failure) -> RunSignals {
        // Opened while signals still end the program: opening a pipe waits for its reader.
        let file: CaptureOutput?
        if let path {
            file = try openCapture(path)
            droppedCaptures = 0
        } else {
            file = nil
        }
        do throws(RunError) {
            let signals = try RunSignals()
            do throws(SystemError) {
                let captures: CaptureWriter? = if let file { try CaptureWriter(file) } else { nil }
                writer = try LineWriter(formats)
                self.captures = captures
            } catch {
                throw RunError(.startWriter, error)
            }
            self.signals = signals
            return signals
        } catch {
            throw Failure(error)
        }
    }

    /// Writes bytes to a file; waits for the reader of a pipe until the user asks to stop.
    ///
    /// - Returns: the number of bytes that are not written.
    func write(_ bytes: [UInt8], to file: borrowing OutputFile) throws(SystemError) -> Int {
        guard let signals else { return bytes.count }
        // The lines do not wait for this reader.
        flush()
        var wait = OutputWait(signals)
        var written = try file.write(bytes.span)
        while written < bytes.count, wait.waitForRoom(in: file, watching: UInt64(written)) {
            written += try file.write(bytes.span.extracting(written...))
        }
        return bytes.count - written
    }

    private func openCapture(_ path: String) throws(Failure) -> CaptureOutput {
        do throws(SystemError) { return try CaptureOutput(path: path) } catch {
            throw .refused(
                "Cannot write captures to \(path)", reason: "\(error.code)",
                hint: "name a file, or a pipe, where you may write")
        }
    }

    /// Queues a frame for the capture file.
    func captured(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) {
        guard let dropped = droppedCaptures, let captures else { return }
        hasNews = true
        if !captures.push(frame, tag: tag, length: length, at: time) { droppedCaptures = dropped + 1 }
    }

    /// Wakes the writer for queued records. Called before a wait, and now and then.
    func flush() {
        guard hasNews else { return }
        hasNews = false
        writer?.wake()
        captures?.wake()
    }

    /// Like `flush`, for a thread that never sleeps, at most once per pause: the writer may run on the same CPU and
    /// evict from the caches what the next frame needs.
    func flush(at now: MonotonicTime) {
        guard hasNews, now >= nextFlush || isFilling else { return }
        nextFlush = now + Self.flushPause
        flush()
    }

    private var isFilling: Bool { writer?.isFilling ?? false || captures?.isFilling ?? false }

    /// 20 ms, too short for a person to notice.
    private static let flushPause: Int64 = 20_000_000

    /// Waits for room for the lines of the summary, which must not be dropped, and for the capture file, so that its
    /// losses are in the summary.
    func awaitRoom() {
        // The lines so far do not wait for the reader of the captures.
        flush()
        finishCaptures()
        if let writer, let signals {
            var wait = OutputWait(signals)
            writer.waitForRoom(&wait)
        }
        endStatus()
    }

    private func finishCaptures() {
        guard let captures, let signals else { return }
        var wait = OutputWait(signals)
        let left = captures.finish(&wait)
        captureFailure = captures.failure
        if let dropped = droppedCaptures { droppedCaptures = dropped + left }
        self.captures = nil
    }

    func finish() {
        finishCaptures()
        guard let writer, let signals else { return }
        var wait = OutputWait(signals)
        writer.finish(&wait)
        if directFailure == nil { directFailure = writer.failure }
        self.writer = nil
    }
}

// MARK: Status line

extension Console {
    /// Starts the status line at the bottom of the terminal, if data lines go to a terminal and are for people.
    func beginStatus() {
        guard isForPeople, StandardStream.output.isTerminal, ThisProcess.environment("TERM") != "dumb"
        else { return }
        statusDue = MonotonicTime(nanoseconds: 0)
    }

    private static let statusPause: Int64 = 250_000_000

    var nextStatus: MonotonicTime { statusDue ?? .never }

    /// Redraws the status line if it is time.
    func showStatus(at now: MonotonicTime, _ text: () -> String) {
        guard let due = statusDue, now >= due else { return }
        hand(LineRecord(.status(Array(text().utf8))))
        statusDue = now + Self.statusPause
    }

    private func endStatus() {
        guard statusDue != nil else { return }
        hand(LineRecord(.statusEnd))
        statusDue = nil
    }
}

extension Console {
    /// Fails if lines could not be written, unless the reader or the user ended the output.
    func checkOutput() throws(Failure) {
        if let captureFailure { throw .captureIncomplete("\(captureFailure)") }
        if let droppedCaptures, droppedCaptures > 0 { throw .captureTooSlow(lacks: droppedCaptures) }
        guard let failure, ![.brokenPipe, .interrupted].contains(failure.code) else { return }
        throw .refused("Cannot write to standard output", reason: "\(failure)")
    }
}
