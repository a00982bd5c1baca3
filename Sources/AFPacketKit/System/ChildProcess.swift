internal import CShim
import Glibc

/// A program that runs beside this one and ends with it at the latest. posix_spawn(3)
///
/// This process reads its standard output; its input and diagnostics are the null device.
package struct ChildProcess: ~Copyable {
    let identifier: pid_t
    private let output: Descriptor

    /// Starts a program with this process's environment and namespaces.
    ///
    /// - Parameter arguments: without the program's own name.
    /// - Throws: `SystemError` of the call that failed.
    package init(path: String, arguments: [String]) throws(SystemError) {
        var ends: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw .last("socketpair") }
        let output = try Descriptor("socketpair", ends[0])
        let input = try Descriptor("socketpair", ends[1])
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, input.rawValue, 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // It has signals of its own, whatever this process blocks or ignores; but nohup(1) is for both.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        if SignalQueue.isIgnored(.hangUp) { unsafe sigdelset(&all, SIGHUP) }
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var child = pid_t()
        let code = unsafe posix_spawn(&child, path, &actions, &attributes, words, environ)
        guard code == 0 else { throw SystemError("posix_spawn", ErrorCode(rawValue: code)) }
        identifier = child
        self.output = output
    }

    /// Waits until the program has written something.
    ///
    /// - Returns: false if it ended without output.
    package func waitForOutput() -> Bool {
        var byte: UInt8 = 0
        while true {
            let count = unsafe read(output.rawValue, &byte, 1)
            if count >= 0 || errno != EINTR { return count > 0 }
        }
    }

    /// The way a program ended.
    package enum Ending: Hashable, Sendable {
        /// With this exit status.
        case exited(CInt)
        /// By this signal, by its name in signal(7).
        case killed(String)
    }

    /// The way the program ended; nil while it runs.
    package func ending() -> Ending? {
        // It stays to be waited for.
        var information = unsafe siginfo_t()
        guard unsafe waitid(P_PID, id_t(identifier), &information, WEXITED | WNOHANG | WNOWAIT) == 0,
            unsafe information.si_signo == SIGCHLD
        else { return nil }
        let status = unsafe cshim_child_status(&information)
        guard unsafe information.si_code != CLD_EXITED else { return .exited(status) }
        let name = unsafe strsignal(status).map { unsafe String(cString: $0) }
        return .killed(name ?? "signal \(status)")
    }

    deinit {
        kill(identifier, SIGTERM)
        if !endsInTime() { kill(identifier, SIGKILL) }
        waitpid(identifier, nil, 0)
    }

    /// Waits for the end of the program, at most for half a second: a stopped process does not end by SIGTERM, and this
    /// one has to end within a second.
    private func endsInTime() -> Bool {
        let end = MonotonicTime.now() + 500_000_000
        // Its end closes its side.
        var entry = pollfd(fd: output.rawValue, events: 0, revents: 0)
        while true {
            let left = end - .now()
            guard left > 0 else { return false }
            if unsafe cshim_ppoll(&entry, 1, left) > 0 { return true }
        }
    }
}
