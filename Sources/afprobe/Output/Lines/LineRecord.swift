import AFPacketKit

/// The content of a line, of fixed size, so that the measuring thread formats nothing.
struct LineRecord {
    enum Content {
        case transmit(TransmitLine)
        case receive(ReceiveLine)
        case ping(PingLine)
        case pingTimeout(PingTimeoutLine)
        /// A formatted line that is not about a frame.
        case finished(StandardStream, [UInt8])
        /// The status line at the bottom of the terminal.
        case status([UInt8])
        case statusEnd
    }

    /// Time of the line, on CLOCK_REALTIME.
    var time = Timestamp(nanoseconds: 0)
    /// Nanoseconds since the start of the program.
    var elapsed: Int64 = 0
    var content: Content

    init(_ content: Content) { self.content = content }

    var goesToData: Bool { if case .finished(.error, _) = content { false } else { true } }
}

/// Content that writes itself, keys in ascending order.
protocol LineWritable {
    var level: Level { get }
    var message: String { get }
    func write(to line: inout Line, isDetailed: Bool)
}
