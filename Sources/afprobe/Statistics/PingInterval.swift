/// The figures of one interval of a run of `ping`.
struct PingInterval {
    /// The counts of the interval.
    private(set) var counts = Counts()
    private(set) var figures: [(figure: Figure, distribution: Distribution)] = []
    /// Nanoseconds from its begin to its end.
    private(set) var length: Int64 = 0
    /// The totals when it began.
    private var before = Counts()

    init() { clear() }

    private mutating func clear() {
        figures = [.rtt, .network, .turnaround].map { ($0, Distribution()) }
    }

    subscript(figure: Figure) -> Distribution? { figures.first { $0.figure == figure }?.distribution }

    /// The counters that an interval is told by.
    static let counters: [Counter] = [.sent, .received, .lost, .late, .duplicates, .failed]

    var isEmpty: Bool { Self.counters.allSatisfy { counts[$0] == 0 } }

    mutating func record(_ values: borrowing FigureValues) {
        for index in figures.indices {
            if let value = values[figures[index].figure] { figures[index].distribution.record(value) }
        }
    }

    /// Ends the interval.
    ///
    /// - Parameter totals: the counts since the run began. A reply that came late was lost before, so that a count may
    ///   have become smaller: it is then 0.
    mutating func end(_ totals: Counts, after length: Int64) {
        self.length = length
        for counter in Self.counters {
            counts[counter] = totals[counter] - min(before[counter], totals[counter])
        }
    }

    /// Begins the next one.
    mutating func begin(_ totals: Counts) {
        before = totals
        clear()
    }
}
