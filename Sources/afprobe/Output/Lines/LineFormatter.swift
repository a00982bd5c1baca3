import AFPacketKit

struct LineFormatter: ~Copyable {
    private var data: Line
    private var diagnostics: Line
    private let isDetailed: Bool
    private let areDiagnosticsOnTerminal: Bool
    private var isStatusShown = false

    /// Return to the beginning of the line and erase it. ECMA-48
    private static let erasure = "\r\u{1b}[K" as StaticString

    init(_ formats: LineFormats) {
        data = Line(format: formats.data, isColored: formats.isDataColored)
        diagnostics = Line(format: formats.diagnostics, isColored: formats.areDiagnosticsColored)
        isDetailed = formats.isDetailed
        areDiagnosticsOnTerminal = formats.areDiagnosticsOnTerminal
    }

    /// Appends a record's bytes to `text`, and returns their stream.
    mutating func append(_ record: LineRecord, to text: inout TextBuffer) -> StandardStream {
        if isStatusShown, record.goesToData || areDiagnosticsOnTerminal {
            text.append(Self.erasure)
            isStatusShown = false
        }
        switch record.content {
        case .transmit(let line): append(line, record, to: &text)
        case .receive(let line): append(line, record, to: &text)
        case .ping(let line): append(line, record, to: &text)
        case .pingTimeout(let line): append(line, record, to: &text)
        case .finished(let stream, let bytes):
            text.append(bytes: bytes)
            return stream
        case .status(let bytes):
            text.append(bytes: bytes)
            isStatusShown = true
        case .statusEnd: break
        }
        return .output
    }

    private mutating func append(
        _ content: some LineWritable, _ record: LineRecord, to text: inout TextBuffer
    ) {
        data.begin(content.level, content.message, time: record.time, sinceStart: record.elapsed)
        content.write(to: &data, isDetailed: isDetailed)
        data.end()
        text.append(data.text)
    }

    // MARK: Lines not about a frame

    mutating func line(
        _ level: Level, _ message: String, elapsed: Int64, _ addFields: (inout Line) -> Void
    ) -> [UInt8] {
        data.begin(level, message, time: .now(), sinceStart: elapsed)
        addFields(&data)
        data.end()
        return data.text.bytes
    }

    mutating func diagnosticLine(
        _ level: Level, _ message: String, elapsed: Int64, _ addFields: (inout Line) -> Void
    ) -> [UInt8] {
        diagnostics.begin(level, message, time: .now(), sinceStart: elapsed)
        addFields(&diagnostics)
        diagnostics.end()
        return diagnostics.text.bytes
    }
}

struct LineFormats: Sendable {
    let data: LineFormat
    let isDataColored: Bool
    let diagnostics: LineFormat
    let areDiagnosticsColored: Bool
    /// Tells whether diagnostics go to a terminal: if there is a status line, to the same one.
    var areDiagnosticsOnTerminal = false
    /// Tells whether lines show optional keys.
    let isDetailed: Bool
}
