import AFPacketKit
import Synchronization

/// A thread that receives and parses frames, and hands the probes that it finds to the measuring thread.
///
/// If the measuring thread does not keep up, this one waits. The kernel counts the frames that find no room meanwhile
/// as drops, so that each lost frame is counted.
final class ReceiveThread<Source: FrameSource & ~Copyable>: @unchecked Sendable {
    enum Finding {
        case probe(StoredProbe)
        /// The faults of all frames so far.
        case faults(FrameFaultCounts)
        case failure(SystemError)
    }

    let findings = RecordQueue<Finding>(capacity: 4096)
    /// A duplicate of the source's socket.
    let counters: TimestampedSocket
    /// Used by this thread only.
    private var source: Source
    /// Used by the measuring thread only.
    private var thread: WorkerThread?
    private let bell: Doorbell
    private let end: Wakeup
    private let isEnding = Atomic<Bool>(false)

    /// Nanoseconds to wait for room.
    private static var nap: Int64 { 200_000 }

    /// - Parameter bell: is rung when there is something new.
    init(_ source: consuming Source, counters: consuming TimestampedSocket, bell: Doorbell)
        throws(SystemError)
    {
        end = try Wakeup()
        self.source = source
        self.counters = counters
        self.bell = bell
        thread = try WorkerThread { [self] in
            work(&self.source)
        }
    }

    func stop() {
        isEnding.store(true, ordering: .releasing)
        end.signal()
        thread.take()?.join()
    }

    private var isStopped: Bool { isEnding.load(ordering: .acquiring) }

    private func work(_ source: inout Source) {
        var poll = PollSet()
        source.watchFrames(in: &poll)
        poll.add(end, as: .wakeup)
        var faults = FrameFaultCounts()
        while !isStopped {
            do throws(SystemError) {
                try poll.wait(until: .never)
                repeat {
                    try findProbes(&source, &faults)
                    bell.ring()
                } while source.mayHaveMore && !isStopped
            } catch {
                hand(.failure(error))
                bell.ring()
            }
        }
    }

    private func findProbes(_ source: inout Source, _ faults: inout FrameFaultCounts) throws(SystemError) {
        let before = faults
        for index in 0..<(try source.receive()) {
            if let probe = source.probe(at: index, &faults) { hand(.probe(StoredProbe(probe))) }
        }
        if faults != before { hand(.faults(faults)) }
    }

    private func hand(_ finding: Finding) {
        while !findings.push(finding), !isStopped {
            bell.ring()
            var poll = PollSet()
            poll.add(end, as: .wakeup)
            _ = try? poll.wait(until: .now() + Self.nap)
        }
    }
}
