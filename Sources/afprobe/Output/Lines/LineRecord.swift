import AFPacketKit

/// What a line is made from: all that it takes, in a place of fixed size, so that the thread that measures has nothing
/// to format.
struct LineRecord {
    enum Content {
        case transmit(TransmitLine)
        case receive(ReceiveLine)
        case ping(PingLine)
        case pingTimeout(PingTimeoutLine)
        /// What has been formatted already: lines that come now and then.
        case finished(StandardStream, [UInt8])
        /// A line at the bottom of the terminal.
        case status([UInt8])
        /// Takes that line away.
        case statusEnd
    }

    /// When the line was written, on CLOCK_REALTIME.
    var time = Timestamp(nanoseconds: 0)
    /// Nanoseconds since the start of the program.
    var elapsed: Int64 = 0
    var content: Content

    init(_ content: Content) { self.content = content }

    /// Whether it goes to standard output.
    var goesToData: Bool { if case .finished(.error, _) = content { false } else { true } }
}

/// A record that writes itself, its keys in ascending order.
protocol LineWritable {
    var level: Level { get }
    var message: String { get }
    func write(to line: inout Line, isDetailed: Bool)
}
