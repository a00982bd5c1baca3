import AFPacketKit
import Testing

@testable import afprobe

@Suite struct LineFormatterTests {
    /// The bytes that a stream gets of some records, one after the other.
    private func written(
        to wanted: StandardStream, areDiagnosticsOnTerminal: Bool, _ contents: [LineRecord.Content]
    ) -> String {
        let formats = LineFormats(
            data: .text, isDataColored: false, diagnostics: .text, areDiagnosticsColored: false,
            areDiagnosticsOnTerminal: areDiagnosticsOnTerminal)
        var formatter = LineFormatter(formats)
        var output = ""
        for content in contents {
            var text = TextBuffer()
            let stream = formatter.append(LineRecord(content), to: &text)
            if stream == wanted { output += text.string }
        }
        return output
    }

    private let contents: [LineRecord.Content] = [
        .status(Array("1".utf8)), .finished(.error, Array("warning\n".utf8)), .status(Array("2".utf8)),
        .finished(.output, Array("data\n".utf8)),
    ]

    @Test func aLineTakesTheStatusOfItsTerminalAway() {
        let erasure = "\r\u{1b}[K"
        #expect(
            written(to: .output, areDiagnosticsOnTerminal: true, contents) == "12\(erasure)data\n")
        #expect(written(to: .error, areDiagnosticsOnTerminal: true, contents) == "\(erasure)warning\n")
    }

    @Test func aLineInAFileLeavesTheStatusAlone() {
        let erasure = "\r\u{1b}[K"
        #expect(
            written(to: .output, areDiagnosticsOnTerminal: false, contents)
                == "1\(erasure)2\(erasure)data\n")
        #expect(written(to: .error, areDiagnosticsOnTerminal: false, contents) == "warning\n")
    }
}
