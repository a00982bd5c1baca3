import AFPacketKit

/// Collects the bytes of lines and writes waiting lines together.
struct LineDrain: ~Copyable {
    private var formatter: LineFormatter
    private var text = TextBuffer(capacity: 2 * maxSize)
    private var stream = StandardStream.output
    /// The max bytes of one write.
    private var limit = StandardStream.output.atomicWriteSize ?? maxSize
    private var hasFailed = false

    private static let maxSize = 1 << 16

    init(_ formats: LineFormats) { formatter = LineFormatter(formats) }

    mutating func append(_ record: LineRecord, _ failing: (SystemError) -> Void) {
        let before = text.count
        let destination = formatter.append(record, to: &text)
        // Lines of two programs in one pipe must not be cut: earlier text is written first if both would exceed the
        // limit.
        guard destination != stream || text.count > limit else { return }
        if before > 0 {
            hasFailed = !write(text.span.extracting(0..<before), failing)
            text.removeFirst(before)
        }
        if destination != stream {
            stream = destination
            limit = stream.atomicWriteSize ?? Self.maxSize
        }
    }

    mutating func flush(_ failing: (SystemError) -> Void) {
        guard text.count > 0 else { return }
        hasFailed = !write(text.span, failing)
        text.clear()
    }

    /// - Returns: whether standard output still accepts lines.
    private func write(_ bytes: Span<UInt8>, _ failing: (SystemError) -> Void) -> Bool {
        if stream == .output, hasFailed { return false }
        do throws(SystemError) { try stream.write(bytes) } catch {
            // A failure of standard error cannot be shown anywhere.
            guard stream == .output else { return !hasFailed }
            failing(error)
            return false
        }
        return !hasFailed
    }
}
