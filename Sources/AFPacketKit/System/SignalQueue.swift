internal import CShim
import Glibc

/// A signal that the program handles. signal(7)
package enum Signal: CInt, Sendable {
    /// SIGHUP
    case hangUp = 1
    /// SIGINT
    case interrupt = 2
    /// SIGQUIT
    case quit = 3
    /// SIGTERM
    case terminate = 15
}

/// Signals received synchronously: they wait in a descriptor until the program reads them. signalfd(2)
package struct SignalQueue: ~Copyable, Sendable {
    let descriptor: Descriptor

    /// Blocks the signals and queues them from now on. Must be created before any thread is started.
    ///
    /// - Throws: `SystemError` of sigprocmask(2) or signalfd(2).
    package init(_ signals: [Signal]) throws(SystemError) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        guard unsafe sigprocmask(SIG_BLOCK, &set, nil) == 0 else { throw .last("sigprocmask") }
        descriptor = try unsafe Descriptor(
            "signalfd", signalfd(-1, &set, CInt(SFD_NONBLOCK | SFD_CLOEXEC)))
    }

    /// The oldest waiting signal; nil if there is none.
    package func next() -> Signal? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard unsafe read(descriptor.rawValue, &info, size) == size else { return nil }
        return Signal(rawValue: CInt(info.ssi_signo))
    }

    /// Returns whether the process was started with a signal ignored. sigaction(2)
    package static func isIgnored(_ signal: Signal) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(signal.rawValue, nil, &action) == 0 else { return false }
        return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Makes write(2) return errors for a closed pipe (SIGPIPE) and a file at its size limit (SIGXFSZ), instead of
    /// signals that end the process.
    package static func ignoreOutputErrors() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }
}
