import AFPacketKit

/// When to colour keys and levels.
enum ColorMode: String, CaseIterable {
    case auto
    case always
    case never
}

/// What the user said about the output; the rest is decided by where it goes.
struct OutputOptions {
    /// Nil: text on a terminal, logfmt elsewhere.
    var format: LineFormat?
    var color = ColorMode.auto
    var isQuiet = false
    var isVerbose = false
}

/// The two streams that lines go to: data to standard output, diagnostics to standard error. Each line is
/// one write, as soon as it is complete.
struct Console: ~Copyable {
    private var data: Line
    private var diagnostics: Line
    private let start = MonotonicTime.now()
    /// Why standard output takes no more lines; nil while it does.
    private(set) var failure: SystemError?

    /// Whether the reader of the lines has gone, or the disk is full: there is no point in going on.
    var isClosed: Bool { failure != nil }

    /// Whether the data are read by a person.
    var isForPeople: Bool { data.format == .text }

    /// Whether the data are coloured.
    var isColored: Bool { data.isColored }

    /// What may end the waiting for a reader; nil before a run.
    private var interruption: Interruption?

    /// The line at the bottom of a terminal that tells how the run goes; nil where there is none.
    private var status: StatusLine?

    /// Whether lines show more than the keys they always have.
    let isDetailed: Bool

    init(_ options: OutputOptions = OutputOptions()) {
        func line(_ stream: StandardStream) -> Line {
            let format = options.format ?? (stream.isTerminal ? .text : .logfmt)
            let isColored =
                format == .text && options.color.isOn(isTerminal: stream.isTerminal)
            return Line(format: format, isColored: isColored)
        }
        data = line(.output)
        diagnostics = line(.error)
        isDetailed = options.isVerbose || data.format == .json
    }

    /// Writes a line of data.
    mutating func write(
        _ level: Level = .info, _ message: String, _ addFields: (inout Line) -> Void
    ) {
        guard failure == nil else { return }
        eraseStatus()
        data.begin(level, message, time: .now(), sinceStart: MonotonicTime.now() - start)
        addFields(&data)
        data.end()
        do throws(SystemError) {
            try interruption?.waitForRoom()
            try StandardStream.output.write(data.text.bytes.span)
        } catch {
            failure = error
        }
    }

    /// Lets signals end a run also while the reader of its lines does not read.
    mutating func answer(_ signals: RunSignals) { interruption = Interruption(signals) }

    /// Takes note that the reader of the lines has gone.
    mutating func close() {
        if failure == nil { failure = SystemError("write", .brokenPipe) }
    }

    /// Writes text that is no line, for people.
    mutating func write(text: String) {
        guard failure == nil else { return }
        eraseStatus()
        do throws(SystemError) { try StandardStream.output.write(Array(text.utf8).span) } catch {
            failure = error
        }
    }

    /// Writes a diagnostic line.
    mutating func report(
        _ level: Level, _ message: String, _ addFields: (inout Line) -> Void = { _ in }
    ) {
        eraseStatus()
        diagnostics.begin(level, message, time: .now(), sinceStart: MonotonicTime.now() - start)
        addFields(&diagnostics)
        diagnostics.end()
        // Nowhere is left to tell that standard error cannot be written.
        try? StandardStream.error.write(diagnostics.text.bytes.span)
    }
}

// MARK: How it goes

/// A line that is drawn again and again at the bottom of a terminal.
private struct StatusLine {
    var isShown = false
    var nextDraw = MonotonicTime(nanoseconds: 0)

    static let pause: Int64 = 250_000_000
    /// Back to the beginning of the line, and erase it. ECMA-48
    static let erasure = "\r\u{1b}[K"
}

extension Console {
    /// Keeps a line at the bottom of the terminal that tells how it goes, where lines go to one and are read by a
    /// person.
    mutating func beginStatus() {
        guard isForPeople, StandardStream.output.isTerminal, ThisProcess.environment("TERM") != "dumb"
        else { return }
        status = StatusLine()
    }

    /// When the line is to be drawn again; nil where there is none.
    var nextStatus: MonotonicTime? { status?.nextDraw }

    /// Draws it, if it is time.
    mutating func showStatus(at now: MonotonicTime, _ text: () -> String) {
        guard let shown = status, now >= shown.nextDraw else { return }
        write(text: text())
        status?.isShown = true
        status?.nextDraw = now + StatusLine.pause
    }

    /// Takes it away for good.
    mutating func endStatus() {
        eraseStatus()
        status = nil
    }

    private mutating func eraseStatus() {
        guard status?.isShown ?? false else { return }
        status?.isShown = false
        try? StandardStream.output.write(Array(StatusLine.erasure.utf8).span)
    }
}

/// Waits for room in standard output, as long as nobody asks the run to stop.
private struct Interruption: ~Copyable {
    private let signals: RunSignals
    private var poll = PollSet()
    private let room: PollSet.Member

    init(_ signals: RunSignals) {
        self.signals = signals
        var poll = PollSet()
        room = poll.addRoom(in: .output)
        _ = poll.add(signals.queue)
        self.poll = poll
    }

    /// - Throws: `SystemError` with `interrupted` where the run is to stop before there was room.
    mutating func waitForRoom() throws(SystemError) {
        while true {
            try poll.wait(until: nil)
            if poll.isReady(room) { return }
            // How it goes is not told now: standard error is likely to be the same terminal.
            if case .stop = signals.next() { throw SystemError("write", .interrupted) }
        }
    }
}

extension ColorMode {
    /// Whether to colour, by the user's choice first, then by the environment's. no-color.org,
    /// bixense.com/clicolors
    func isOn(isTerminal: Bool) -> Bool {
        func isSet(_ name: String) -> Bool {
            guard let value = ThisProcess.environment(name) else { return false }
            return !value.isEmpty && (name == "NO_COLOR" || value != "0")
        }
        switch self {
        case .always: return true
        case .never: return false
        case .auto:
            if isSet("NO_COLOR") || ThisProcess.environment("TERM") == "dumb" { return false }
            return isSet("CLICOLOR_FORCE") || isTerminal
        }
    }
}
