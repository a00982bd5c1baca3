import AFPacketKit
import Synchronization

/// A thread that receives and takes frames apart, and hands what it finds to the thread that measures.
///
/// Where that one does not keep up this one waits, and the kernel counts the frames that find no room meanwhile: nothing
/// is lost that is not in its drops.
final class ReceiveThread<Source: SocketSource & ~Copyable>: @unchecked Sendable {
    /// What it finds.
    enum Finding {
        case probe(FoundProbe, ReceivedProbe)
        /// How many frames had faults so far.
        case faults(FrameFaultCounts)
        case failure(SystemError)
    }

    let findings = RecordQueue<Finding>(capacity: 4096)
    /// The source's socket once more.
    let counters: PacketSocket
    /// The thread's own.
    private var source: Source
    /// The measuring thread's own.
    private var thread: WorkerThread?
    private let bell: Doorbell
    private let end: Wakeup
    private let isEnding = Atomic<Bool>(false)

    /// For how long it waits for room.
    private static var nap: Int64 { 200_000 }

    /// - Parameters:
    ///   - counters: another handle of the socket.
    ///   - bell: is rung when there is something new.
    init(_ source: consuming Source, counters: consuming PacketSocket, bell: Doorbell) throws(SystemError) {
        end = try Wakeup()
        self.source = source
        self.counters = counters
        self.bell = bell
        thread = try WorkerThread { [self] in
            // Frames are read without any power over this host.
            try? ThisProcess.keepOnly([])
            work(&self.source)
        }
    }

    /// Ends the thread, and waits for that.
    func stop() {
        isEnding.store(true, ordering: .releasing)
        end.signal()
        thread.take()?.join()
    }

    private var isStopped: Bool { isEnding.load(ordering: .acquiring) }

    private func work(_ source: inout Source) {
        var poll = PollSet()
        source.add(to: &poll, as: .frames)
        poll.add(end, as: .wakeup)
        var told = source.faults
        while !isStopped {
            do throws(SystemError) {
                try poll.wait(until: .never)
                repeat {
                    for index in 0..<(try source.receive(limit: .max)) {
                        guard let found = source.find(at: index) else { continue }
                        hand(.probe(found, source.probe(at: index, found)))
                    }
                    if source.faults != told {
                        told = source.faults
                        hand(.faults(told))
                    }
                    bell.ring()
                } while source.mayHaveMore && !isStopped
            } catch {
                hand(.failure(error))
                bell.ring()
            }
        }
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
