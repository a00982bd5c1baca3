internal import CShim
import Glibc

/// CPU scheduling of the calling thread. sched(7)
package enum Scheduling {
    /// The priorities of SCHED_FIFO, the highest last. sched_get_priority_max(2)
    package static let realtimePriorities: ClosedRange<Int> = 1...99

    /// The possible numbers of a CPU.
    package static let cpuNumbers: Range<Int> = 0..<Int(CSHIM_CPU_COUNT)

    /// Makes the kernel end this thread's sleeps on time and not up to 50 µs late, its default; real-time threads have
    /// no such slack. PR_SET_TIMERSLACK, prctl(2)
    package static func useFinestTimer() {
        cshim_set_timer_slack(1)
    }

    /// Gives this thread real-time priority: it runs before all ordinary threads, until it waits. SCHED_FIFO,
    /// sched_setscheduler(2)
    ///
    /// - Parameter priority: one of `realtimePriorities`; the kernel's interrupt threads have 50.
    /// - Throws: `SystemError` of `sched_setscheduler`: `notPermitted` without CAP_SYS_NICE if RLIMIT_RTPRIO is lower
    ///   than the priority, or if the control group has no real-time share.
    package static func runInRealTime(priority: Int) throws(SystemError) {
        var parameters = sched_param(sched_priority: CInt(priority))
        let result = ThisProcess.using([.sysNice]) { unsafe sched_setscheduler(0, SCHED_FIFO, &parameters) }
        guard result == 0 else { throw .last("sched_setscheduler") }
    }

    /// Keeps this thread on one CPU. sched_setaffinity(2)
    ///
    /// - Throws: `SystemError` of `sched_setaffinity`: `invalidArgument` if there is no such CPU or the process may
    ///   not use it, cpuset(7).
    package static func run(onCPU number: Int) throws(SystemError) {
        precondition(cpuNumbers.contains(number), "no kernel has so many CPUs")
        guard cshim_run_on_cpu(CUnsignedInt(number)) == 0 else { throw .last("sched_setaffinity") }
    }

    /// The numbers of the CPUs that this thread may run on, in ascending order. sched_getaffinity(2)
    ///
    /// - Throws: `SystemError` of sched_getaffinity(2).
    package static func allowedCPUs() throws(SystemError) -> [Int] {
        var allowed = [Bool](repeating: false, count: cpuNumbers.count)
        let result = unsafe allowed.withUnsafeMutableBufferPointer {
            unsafe cshim_allowed_cpus($0.baseAddress, CUnsignedInt($0.count))
        }
        guard result == 0 else { throw .last("sched_getaffinity") }
        return cpuNumbers.filter { allowed[$0] }
    }

    /// The max priority without CAP_SYS_NICE; 0 is none. RLIMIT_RTPRIO, getrlimit(2)
    package static var realtimePriorityLimit: Int {
        var limit = rlimit()
        unsafe getrlimit(cshim_RLIMIT_RTPRIO, &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Locks all current memory of the process, so that no access has to wait for a disk. MCL_CURRENT, mlockall(2)
    ///
    /// Later allocations are not locked: without CAP_IPC_LOCK, which a process may drop, the limit on locked memory
    /// would make them fail.
    /// - Throws: `SystemError` of `mlockall`: `notPermitted` or `outOfMemory` without CAP_IPC_LOCK if RLIMIT_MEMLOCK
    ///   is less than the process needs.
    package static func lockMemory() throws(SystemError) {
        let result = ThisProcess.using([.ipcLock]) { mlockall(CInt(MCL_CURRENT)) }
        guard result == 0 else { throw .last("mlockall") }
    }
}

/// Keeps the CPUs out of idle states with long wake-up times, as long as it exists; an idle CPU then uses more power.
/// /dev/cpu_dma_latency, Documentation/power/pm_qos_interface.rst in the kernel's sources
package struct CPULatencyRequest: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Limits the wake-up time of every CPU to `microseconds`; 0 makes idle CPUs spin.
    ///
    /// - Throws: `SystemError` of `open(/dev/cpu_dma_latency)`: `accessDenied` to all but root on most systems,
    ///   `noSuchFile` in containers that do not have the device; or of `write`.
    package init(microseconds: Int32) throws(SystemError) {
        let descriptor = try unsafe Descriptor(
            "open(/dev/cpu_dma_latency)", open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC))
        let bytes = unsafe withUnsafeBytes(of: microseconds) { unsafe Array($0) }
        try writeAll(bytes.span, to: descriptor.rawValue)
        self.descriptor = descriptor
    }
}
