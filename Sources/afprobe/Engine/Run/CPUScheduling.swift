import AFPacketKit

/// CPU scheduling of the measuring thread, so that other programs do not delay it.
struct CPUSchedulingOptions {
    /// The real-time priority; nil for an ordinary thread.
    var priority: Int?
    /// The CPU to stay on.
    var cpu: Int?

    /// Above every ordinary thread, below the kernel's own real-time threads.
    static let defaultPriority = Scheduling.realtimePriorities.lowerBound
}

/// CPU scheduling of the measuring thread, not of the writer thread, while this value exists.
struct CPUScheduling: ~Copyable {
    private let latency: CPULatencyRequest?

    /// Schedules the calling thread. It locks the memory in use, so everything must be open; capabilities must not have
    /// been dropped.
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
        // Real-time scheduling is useful without these, too.
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
