import AFPacketKit

/// Receives probes from one interface by several threads, to each of which the kernel gives the frames in turn. What each
/// of them finds is in its order; how that of different threads is interleaved is nobody's promise.
struct FanOutReceiver<Source: SocketSource & ~Copyable>: ProbeSource, ~Copyable {
    private let threads: [ReceiveThread<Source>]
    private let bell: Doorbell
    /// Whose findings are looked at first.
    private var turn = 0
    private var probes: [(found: FoundProbe, probe: ReceivedProbe)] = []
    private var faultsByThread: [FrameFaultCounts]
    private var failure: SystemError?

    private(set) var statistics = PacketStatistics()

    /// How many findings are taken from one thread at a time.
    private static var portion: Int { 64 }

    /// - Parameters:
    ///   - count: how many threads.
    ///   - filter: what to receive; frames that come while the threads are started may be missed.
    ///   - open: opens a source with the filter it is given.
    init(
        _ count: Int, taking filter: SocketFilter, open: (SocketFilter) throws(SystemError) -> Source
    ) throws(SystemError) {
        let bell = try Doorbell()
        var threads: [ReceiveThread<Source>] = []
        var group = FanOutGroup()
        for _ in 0..<count {
            let source = try open(.rejectAll)
            let counters = try source.join(&group, taking: filter)
            threads.append(try ReceiveThread(source, counters: counters, bell: bell))
        }
        self.bell = bell
        self.threads = threads
        faultsByThread = Array(repeating: FrameFaultCounts(), count: count)
        probes.reserveCapacity(Self.portion)
    }

    deinit { for thread in threads { thread.stop() } }

    func add(to poll: inout PollSet, as name: PollSet.Members) { poll.add(bell.wakeup, as: name) }

    /// The threads hand over probes alone; the command refuses to capture the frames.
    func capture(at index: Int, to console: inout Console) {}

    mutating func receive(limit _: Int) throws(SystemError) -> Int {
        probes.removeAll(keepingCapacity: true)
        if !collect() {
            bell.silence()
            // What was found before it fell silent.
            _ = collect()
        }
        if probes.isEmpty, let failure {
            self.failure = nil
            throw failure
        }
        return probes.count
    }

    /// Takes a portion of the findings of the first thread that has any.
    ///
    /// - Returns: whether there is one.
    private mutating func collect() -> Bool {
        if failure != nil { return true }
        for _ in threads {
            let index = turn
            turn = (turn + 1) % threads.count
            guard let first = threads[index].findings.pop() else { continue }
            take(first, of: index)
            while probes.count < Self.portion, failure == nil, let next = threads[index].findings.pop() {
                take(next, of: index)
            }
            return true
        }
        return false
    }

    private mutating func take(_ finding: ReceiveThread<Source>.Finding, of thread: Int) {
        switch finding {
        case .probe(let found, let probe): probes.append((found, probe))
        case .faults(let counts): faultsByThread[thread] = counts
        case .failure(let error): failure = error
        }
    }

    var mayHaveMore: Bool { failure != nil || threads.contains { !$0.findings.isEmpty } }

    mutating func find(at index: Int) -> FoundProbe? { probes[index].found }

    /// Each thread has its own times.
    var userspace: Timestamp { probes.last?.probe.userspace ?? Timestamp(nanoseconds: 0) }

    func ancillary(at index: Int) -> Ancillary { probes[index].probe.ancillary }

    mutating func answer(
        _: FoundProbe, at index: Int, by responder: inout Responder, _ console: inout Console
    ) {
        let probe = probes[index].probe
        guard let session = probe.message.session else { return }
        let request = ProbeRequest(
            number: probe.message.number, flags: probe.message.flags, session: session, size: probe.size)
        responder.answer(request, from: nil, probe.ancillary, probe.userspace, &console) { probe.shape }
    }

    func probe(at index: Int, _: FoundProbe) -> ReceivedProbe { probes[index].probe }

    var faults: FrameFaultCounts { faultsByThread.reduce(into: FrameFaultCounts()) { $0 += $1 } }

    mutating func updateStatistics() throws(SystemError) {
        for thread in threads { statistics += try thread.counters.takeStatistics() }
    }
}
