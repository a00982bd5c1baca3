import AFPacketKit

/// How the measuring thread is to be scheduled, so that other programs do not hold it up.
struct CPUSchedulingOptions {
    /// The real-time priority; nil for an ordinary thread.
    var priority: Int?
    /// The CPU to stay on.
    var cpu: Int?

    /// Before every ordinary thread, and after the kernel's own real-time threads.
    static let defaultPriority = Scheduling.realtimePriorities.lowerBound
}

/// The CPU scheduling of a run, for as long as this value exists: of the measuring thread, not of the one that writes.
struct CPUScheduling: ~Copyable {
    private let latency: CPULatencyRequest?

    /// Schedules the calling thread. Everything must have been opened, for what is in memory now stays there, and no
    /// capability given up.
    init(_ options: CPUSchedulingOptions, _ events: some RunEvents) throws(RunError) {
        if let cpu = options.cpu {
            do throws(SystemError) { try Scheduling.run(onCPU: cpu) } catch {
                throw RunError(.runOnCPU(cpu), error)
            }
        }
        guard let priority = options.priority else {
            latency = nil
            return
        }
        do throws(SystemError) { try Scheduling.runInRealTime(priority: priority) } catch {
            throw RunError(.runInRealTime(priority), error)
        }
        // Real-time scheduling is of use without these, too.
        do throws(SystemError) { try Scheduling.lockMemory() } catch {
            events.diagnosed(.memoryNotLocked(error))
        }
        latency = Self.keepAwake(events)
    }

    private static func keepAwake(_ events: some RunEvents) -> CPULatencyRequest? {
        do throws(SystemError) { return try CPULatencyRequest(microseconds: 0) } catch {
            events.diagnosed(.cpusMaySleep(error))
            return nil
        }
    }
}
