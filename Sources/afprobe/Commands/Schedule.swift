import AFPacketKit

/// What the user asks for so that a run is not held up by others on this host.
struct ScheduleRequest {
    /// The priority of a real-time thread; nil for an ordinary one.
    var priority: Int?
    /// The CPU to stay on.
    var cpu: Int?

    /// Before every ordinary thread, and after the kernel's own real-time threads.
    static let usualPriority = Scheduling.realtimePriorities.lowerBound
}

/// How a run is scheduled, for as long as it takes: the thread that measures, not the one that writes.
struct Schedule: ~Copyable {
    private let latency: CPULatencyRequest?

    /// Schedules the calling thread. Everything must have been opened, for what is in memory now stays there, and no
    /// capability given up.
    init(_ request: ScheduleRequest, _ console: inout Console) throws(Failure) {
        if let cpu = request.cpu {
            do throws(SystemError) { try Scheduling.run(onCPU: cpu) } catch {
                throw Failure("Cannot run on CPU \(cpu)", error)
            }
        }
        guard let priority = request.priority else {
            latency = nil
            return
        }
        do throws(SystemError) { try Scheduling.runInRealTime(priority: priority) } catch {
            throw Failure("Cannot run in real time at priority \(priority)", error)
        }
        // Real-time scheduling is of use without these, too.
        do throws(SystemError) { try Scheduling.lockMemory() } catch {
            console.report(Failure("Cannot keep the program in memory", error), as: .warning)
        }
        latency = Self.keepAwake(&console)
    }

    private static func keepAwake(_ console: inout Console) -> CPULatencyRequest? {
        do throws(SystemError) { return try CPULatencyRequest(microseconds: 0) } catch {
            console.report(Failure("Cannot keep idle CPUs from sleeping deeply", error), as: .warning)
            return nil
        }
    }
}
