import Foundation
import Glibc
import Testing

/// The CPU scheduling of runs, by the kernel's view of their threads.
@Suite(.needs("chrt", "setpriv"))
struct SchedulingTests {
    /// The commands, and what they print once they run.
    private static let runs: [(arguments: [String], sign: String)] = [
        (["listen", "-i", "vb", "--stats", "50ms"], "RX Stats"),
        (["send", "-i", "vb", "-d", "02:00:00:00:00:01", "-I", "10ms"], "TX Recvmsg"),
        (["ping", "-i", "vb", "02:00:00:00:00:01", "-I", "10ms", "-W", "20ms"], "PING Timeout"),
    ]
    /// A CPU that this process may use.
    private static let cpu = lastAllowedCPU()

    @Test(arguments: runs)
    func realtimeIsThatOfTheThreadThatMeasures(arguments: [String], sign: String) throws {
        let hosts = try Namespaces()
        let run = try Program(hosts.far.command([Tool.afprobe] + arguments + ["--realtime=7", "--spin"]))
        try run.waitForOutput(containing: sign)
        let threads = try FileManager.default.contentsOfDirectory(
            atPath: "/proc/\(run.identifier)/task")
        // One writes lines; another of listen's turns its watch for other forms on and off.
        #expect(threads.count == (arguments[0] == "listen" ? 3 : 2))
        for thread in threads {
            let shown = try Program.run(["chrt", "-p", thread]).output
            let measures = thread == "\(run.identifier)"
            #expect(shown.contains("SCHED_FIFO") == measures, "\(shown)")
            #expect(shown.contains("priority: 7") == measures, "\(shown)")
        }
        _ = try run.interrupt()
    }

    @Test func realtimeStaysInMemoryAndAwake() throws {
        let hosts = try Namespaces()
        for (options, isExpected) in [(["--realtime"], true), ([], false)] {
            let run = try Program(
                hosts.near.command([Tool.afprobe, "listen", "-i", "va", "--stats", "50ms"] + options))
            try run.waitForOutput(containing: "RX Stats")
            #expect((try number("VmLck", ofProcess: run.identifier) > 0) == isExpected)
            let opened = openFiles(of: run.identifier).contains("/dev/cpu_dma_latency")
            let exists = FileManager.default.fileExists(atPath: "/dev/cpu_dma_latency")
            #expect(opened == (isExpected && exists))
            let result = try run.interrupt()
            let isTold = result.errors.contains("Cannot keep idle CPUs from sleeping deeply")
            #expect(isTold == (isExpected && !exists), "\(result)")
        }
    }

    @Test(arguments: runs)
    func aRunStaysOnItsCPU(arguments: [String], sign: String) throws {
        let hosts = try Namespaces()
        let run = try Program(hosts.far.command([Tool.afprobe] + arguments + ["--cpu", Self.cpu]))
        try run.waitForOutput(containing: sign)
        #expect(try status("Cpus_allowed_list", ofProcess: run.identifier) == Self.cpu)
        _ = try run.interrupt()
    }

    @Test func aCPUThatIsNotThereIsRefused() throws {
        let hosts = try Namespaces()
        let allowed = try status("Cpus_allowed_list", ofProcess: getpid())
        let result = try hosts.near.afprobe("listen", "-i", "va", "--cpu", "8191").finish()
        #expect(result.status == 3, "\(result)")
        #expect(result.errors.contains("Cannot run on CPU 8191"), "\(result)")
        #expect(result.errors.contains("this process may run on: \(allowed)"), "\(result)")
    }

    @Test func withoutTheRightRealtimeIsRefused() throws {
        let hosts = try Namespaces()
        let result = try Program(
            hosts.near.command(
                ["prlimit", "--rtprio=0", "setpriv", "--bounding-set", "-sys_nice", Tool.afprobe]
                    + ["listen", "-i", "va", "--realtime=4"])
        ).finish()
        #expect(result.status == 3, "\(result)")
        for words in [
            "Cannot run at real-time priority 4", "sched_setscheduler: Operation not permitted",
            "CAP_SYS_NICE is missing", "ulimit -r, now 0,",
        ] {
            #expect(result.errors.contains(words), "\(words): \(result)")
        }
    }

    /// A failure of lesser options is told, and does not keep a run from starting.
    @Test func aLimitOnLockedMemoryIsTold() throws {
        let hosts = try Namespaces()
        let run = try Program(
            hosts.near.command(
                ["prlimit", "--memlock=65536", "setpriv", "--bounding-set", "-ipc_lock", Tool.afprobe]
                    + ["listen", "-i", "va", "--realtime", "--stats", "50ms"]))
        try run.waitForOutput(containing: "RX Stats")
        #expect(try Program.run(["chrt", "-p", "\(run.identifier)"]).output.contains("priority: 1"))
        #expect(try status("VmLck", ofProcess: run.identifier) == "0 kB")
        let result = try run.interrupt()
        for words in [
            "level=warning msg=\"Cannot keep the program in memory\"", "CAP_IPC_LOCK is missing", "ulimit -l",
        ] {
            #expect(result.errors.contains(words), "\(words): \(result)")
        }
    }

    // MARK: What the kernel says

    private static func lastAllowedCPU() -> String {
        let list = (try? SchedulingTests().status("Cpus_allowed_list", ofProcess: getpid())) ?? "0"
        return String(list.split(whereSeparator: { "-,".contains($0) }).last ?? "0")
    }

    /// A field of /proc/PID/status.
    private func status(_ key: String, ofProcess identifier: pid_t) throws -> String {
        let text = try String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(key):") })
        return line.dropFirst(key.count + 1).trimmingCharacters(in: .whitespaces)
    }

    private func number(_ key: String, ofProcess identifier: pid_t) throws -> Int {
        try #require(Int(try status(key, ofProcess: identifier).prefix { $0.isNumber }))
    }

    private func openFiles(of identifier: pid_t) -> [String] {
        let folder = "/proc/\(identifier)/fd"
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return numbers.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
        }
    }
}
