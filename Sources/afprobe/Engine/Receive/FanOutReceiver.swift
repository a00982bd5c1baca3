import AFPacketKit

/// Receives probes from one interface by several threads, to which the kernel gives the frames in turn. The probes of
/// one thread are in order; the interleaving of several threads is not defined.
struct FanOutReceiver<Source: FrameSource & ~Copyable>: ProbeSource, ~Copyable {
    private let threads: [ReceiveThread<Source>]
    private let bell: Doorbell
    /// The thread whose findings are taken next.
    private var turn = 0
    private var probes = ProbeStore(capacity: 64)
    private var faultsByThread: [FrameFaultCounts]
    private var failure: SystemError?
    private var statistics = PacketStatistics()

    /// - Parameter open: opens a source that shares the frames with those of the group, and starts its thread, which
    ///   rings the bell; frames that come meanwhile may be missed.
    init(
        _ count: Int,
        open: (inout FanOutGroup, Doorbell) throws(SystemError) -> ReceiveThread<Source>
    ) throws(SystemError) {
        let bell = try Doorbell()
        var threads: [ReceiveThread<Source>] = []
        var group = FanOutGroup()
        for _ in 0..<count { threads.append(try open(&group, bell)) }
        self.bell = bell
        self.threads = threads
        faultsByThread = Array(repeating: FrameFaultCounts(), count: count)
    }

    deinit { for thread in threads { thread.stop() } }

    func watchFrames(in poll: inout PollSet) { poll.add(bell.wakeup, as: .frames) }

    mutating func receive() throws(SystemError) -> Int {
        probes.removeAll()
        if !collect() {
            bell.silence()
            // Findings from before the silence.
            _ = collect()
        }
        if probes.count == 0, let failure {
            self.failure = nil
            throw failure
        }
        return probes.count
    }

    /// Keeps a portion of the findings of the first thread that has any, and returns whether there is one.
    private mutating func collect() -> Bool {
        if failure != nil { return true }
        for _ in threads {
            let index = turn
            turn = (turn + 1) % threads.count
            guard let first = threads[index].findings.pop() else { continue }
            keep(first, of: index)
            while probes.hasRoom, failure == nil, let next = threads[index].findings.pop() {
                keep(next, of: index)
            }
            return true
        }
        return false
    }

    private mutating func keep(_ finding: ReceiveThread<Source>.Finding, of thread: Int) {
        switch finding {
        case .probe(let probe): probes.add(probe)
        case .faults(let counts): faultsByThread[thread] = counts
        case .failure(let error): failure = error
        }
    }

    var mayHaveMore: Bool { failure != nil || threads.contains { !$0.findings.isEmpty } }

    @_lifetime(borrow self)
    func probe(at index: Int, _: inout FrameFaultCounts) -> FoundProbe? { probes[index] }

    var threadFaults: FrameFaultCounts {
        faultsByThread.reduce(into: FrameFaultCounts()) { $0 += $1 }
    }

    /// The threads keep their memory, in which longer frames do not fit.
    mutating func follow(_ filter: SocketFilter, on interface: NetworkInterface) throws(SystemError) {
        for thread in threads { try thread.counters.replaceFilter(by: filter) }
    }

    mutating func readStatistics() throws(SystemError) -> PacketStatistics {
        for thread in threads { statistics += try thread.counters.takeStatistics() }
        return statistics
    }
}
