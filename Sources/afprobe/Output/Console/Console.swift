import AFPacketKit

/// The two streams that lines go to: data to standard output, diagnostics to standard error.
///
/// At first lines are written at once. For a run they are handed to a thread that writes them as soon as it can, so that
/// nothing the reader does holds up what is measured.
final class Console {
    private let formats: LineFormats
    private var formatter: LineFormatter
    private var writer: LineWriter?
    /// Whether something has been handed to the writer that it may not have been told of.
    private var hasNews = false
    private var nextFlush = MonotonicTime(nanoseconds: 0)
    private var signals: RunSignals?
    private let start = MonotonicTime.now()
    private var directFailure: SystemError?
    /// Why the capture file is not complete.
    private(set) var captureFailure: SystemError?
    /// Lines that found no room, because the reader was too slow.
    private(set) var droppedLines: UInt64 = 0
    /// Frames that found no room on their way to the capture file; nil where there is none.
    private(set) var droppedCaptures: UInt64?
    /// When to draw the status line again; nil without one.
    private var statusDue: MonotonicTime?
    /// Whether frames get no lines.
    let isQuiet: Bool
    /// Which keys the line of a reply has.
    var replyDetail = PingLine.Detail.usual

    /// Whether the data are read by a person.
    var isForPeople: Bool { formats.data == .text }

    /// Whether the data are coloured.
    var isColored: Bool { formats.isDataColored }

    /// Whether lines show more than the keys they always have.
    var isDetailed: Bool { formats.isDetailed }

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
            isDetailed: options.isVerbose || format(.output) == .json)
        formatter = LineFormatter(formats)
        isQuiet = options.isQuiet
    }

    /// Why standard output takes no more lines; nil while it does.
    var failure: SystemError? { directFailure ?? writer?.failure }

    /// Whether the reader of the lines has gone, or the disk is full: there is no point in going on.
    var isClosed: Bool { directFailure != nil || writer?.hasFailed ?? false }

    /// Takes note that the reader of the lines has gone.
    func close() {
        if failure == nil { directFailure = SystemError("write", .brokenPipe) }
    }

    // MARK: Lines

    /// Writes the line of a frame.
    func write(_ content: LineRecord.Content) {
        var record = LineRecord(content)
        record.time = .now()
        record.elapsed = MonotonicTime.now() - start
        hand(record)
    }

    /// Writes a line of data that comes now and then.
    func write(
        _ level: Level = .info, _ message: String, _ addFields: (inout Line) -> Void
    ) {
        let bytes = formatter.line(level, message, elapsed: MonotonicTime.now() - start, addFields)
        hand(LineRecord(.finished(.output, bytes)))
    }

    /// Writes text that is no line, for people.
    func write(text: String) {
        hand(LineRecord(.finished(.output, Array(text.utf8))))
    }

    /// Writes a diagnostic line.
    func report(
        _ level: Level, _ message: String, _ addFields: (inout Line) -> Void = { _ in }
    ) {
        let bytes = formatter.diagnosticLine(level, message, elapsed: MonotonicTime.now() - start, addFields)
        hand(LineRecord(.finished(.error, bytes)))
    }

    /// Writes a message in words.
    func report(_ message: Message) {
        report(message.level, message.text) { line in
            for field in message.fields { line.string(field.key, field.value) }
        }
    }

    /// Writes the line about a failure.
    func report(_ failure: Failure) { report(Message(failure)) }

    private func hand(_ record: consuming LineRecord) {
        if let writer {
            var isLine = true
            if case .status = record.content { isLine = false }
            hasNews = true
            if !writer.push(record), isLine { droppedLines += 1 }
            return
        }
        var text = TextBuffer()
        let stream = formatter.append(record, to: &text)
        if stream == .output, failure != nil { return }
        // After a run the signals are still taken: nothing else would end the wait for a reader that does not read.
        if let signals {
            var wait = OutputWait(signals)
            guard wait.waitForRoom(in: stream) else { return }
        }
        do throws(SystemError) { try stream.write(text.span) } catch {
            if stream == .output { directFailure = error }
        }
    }

    // MARK: Runs

    /// Has the lines of a run written by a thread of its own, and signals handled by the run.
    ///
    /// - Parameter path: the file that frames are captured to; nil if they are not.
    func begin(capturingTo path: String? = nil) throws(Failure) -> RunSignals {
        // While signals still end the program: to open a pipe waits for its reader.
        let file: CaptureOutput?
        if let path {
            file = try openCapture(path)
            droppedCaptures = 0
        } else {
            file = nil
        }
        do throws(RunError) {
            let signals = try RunSignals()
            do throws(SystemError) { writer = try LineWriter(formats, capturing: file) } catch {
                throw RunError(.startWriter, error)
            }
            self.signals = signals
            return signals
        } catch {
            throw Failure(error)
        }
    }

    private func openCapture(_ path: String) throws(Failure) -> CaptureOutput {
        do throws(PcapError) { return try CaptureOutput(path: path) } catch {
            throw .pcap(error, of: "--pcap", "Cannot write captures to \(path)", status: .refused)
        }
    }

    /// Hands a frame over to be captured.
    ///
    /// - Parameters:
    ///   - tag: the VLAN tag that the kernel took out of it.
    ///   - length: how long it was without that tag.
    func captured(_ frame: Span<UInt8>, tag: VLANTag?, length: Int, at time: Timestamp) {
        guard let dropped = droppedCaptures, let writer else { return }
        hasNews = true
        if !writer.push(frame, tag: tag, length: length, at: time) { droppedCaptures = dropped + 1 }
    }

    /// Has what has been handed over written: to be called before a wait, and now and then.
    func flush() {
        guard hasNews else { return }
        hasNews = false
        writer?.wake()
    }

    /// The same, for a thread that never sleeps, now and then: the writer may have to run on its CPU, and what is needed for
    /// the next frame leaves the caches then.
    func flush(at now: MonotonicTime) {
        guard hasNews, now >= nextFlush || writer?.isFilling ?? false else { return }
        nextFlush = now + Self.flushPause
        flush()
    }

    /// 20 ms, which nobody sees.
    private static let flushPause: Int64 = 20_000_000

    /// Waits for room for the lines that sum a run up, which are not to be dropped.
    func awaitRoom() {
        if let writer, let signals {
            var wait = OutputWait(signals)
            writer.waitForRoom(&wait)
        }
        endStatus()
    }

    /// Waits until all lines are written.
    func finish() {
        guard let writer, let signals else { return }
        var wait = OutputWait(signals)
        writer.finish(&wait)
        if directFailure == nil { directFailure = writer.failure }
        captureFailure = writer.captureFailure
        self.writer = nil
    }
}

// MARK: How it goes

extension Console {
    /// Keeps a line at the bottom of the terminal that tells how it goes, where lines go to one and are read by a
    /// person.
    func beginStatus() {
        guard isForPeople, StandardStream.output.isTerminal, ThisProcess.environment("TERM") != "dumb"
        else { return }
        statusDue = MonotonicTime(nanoseconds: 0)
    }

    private static let statusPause: Int64 = 250_000_000

    /// When the line is to be drawn again.
    var nextStatus: MonotonicTime { statusDue ?? .never }

    /// Draws it, if it is time.
    func showStatus(at now: MonotonicTime, _ text: () -> String) {
        guard let due = statusDue, now >= due else { return }
        hand(LineRecord(.status(Array(text().utf8))))
        statusDue = now + Self.statusPause
    }

    /// Takes it away for good.
    private func endStatus() {
        guard statusDue != nil else { return }
        hand(LineRecord(.statusEnd))
        statusDue = nil
    }
}

extension Console {
    /// Fails if lines could not be written, unless it was the reader who had enough of them, or the user.
    func checkOutput() throws(Failure) {
        if let captureFailure { throw .captureIncomplete(captureFailure) }
        guard let failure, ![.brokenPipe, .interrupted].contains(failure.code) else { return }
        throw .refused("Cannot write to standard output", reason: "\(failure)")
    }
}
