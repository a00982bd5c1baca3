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
        /// Holds for the records that follow.
        case context(LineContext)
    }

    /// Time of the line, on CLOCK_REALTIME.
    var time = Timestamp(nanoseconds: 0)
    /// Nanoseconds since the start of the program.
    var elapsed: Int64 = 0
    var content: Content

    init(_ content: Content) { self.content = content }

    var goesToData: Bool { if case .finished(.error, _) = content { false } else { true } }

    /// Tells whether it is a line, and not the status or what holds for other records.
    var isLine: Bool {
        switch content {
        case .status, .statusEnd, .context: false
        default: true
        }
    }
}

/// Content that writes itself: keys in ascending order, but in a short line the most important first.
protocol LineWritable {
    var level: Level { get }
    var message: String { get }
    /// Tells whether the reference has such lines too, which therefore are whole in every format.
    var isOfReference: Bool { get }
    func write(to line: inout Line, in context: LineContext)
}

/// The values that all lines of a run have in common.
struct LineContext: Sendable {
    /// Tells whether lines show optional keys.
    var isDetailed = false
    var interface: String?
    /// The target of ping, as it was given.
    var target: String?
    /// The MAC address of a target that was given by its IP address or its name; nil if it is not looked up.
    var station: MACAddress?
    /// The clock that stamps are on unless a line says otherwise.
    var clock: StampClock?
}
