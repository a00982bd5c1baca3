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

    /// What may end the waiting for a reader; nil before a run.
    private var interruption: Interruption?

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
        do throws(SystemError) { try StandardStream.output.write(Array(text.utf8).span) } catch {
            failure = error
        }
    }

    /// Writes a diagnostic line.
    mutating func report(
        _ level: Level, _ message: String, _ addFields: (inout Line) -> Void = { _ in }
    ) {
        diagnostics.begin(level, message, time: .now(), sinceStart: MonotonicTime.now() - start)
        addFields(&diagnostics)
        diagnostics.end()
        // Nowhere is left to tell that standard error cannot be written.
        try? StandardStream.error.write(diagnostics.text.bytes.span)
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
