import Glibc

/// A thread with a single task, and without capabilities: threads parse frames and write for readers. pthreads(7)
package struct WorkerThread: ~Copyable, Sendable {
    private let thread: pthread_t

    /// The work of the new thread.
    private final class Errand {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts the thread, which inherits the blocked signals and the CPU scheduling of its creator.
    ///
    /// - Throws: `SystemError` of pthread_create(3).
    package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var thread = pthread_t()
        let errand = unsafe Unmanaged.passRetained(Errand(body))
        let code = unsafe pthread_create(
            &thread, nil,
            { errand in
                guard let errand = unsafe errand else { return nil }
                try? ThisProcess.keepOnly([])
                ThisProcess.forbidNewPrivileges()
                unsafe Unmanaged<Errand>.fromOpaque(errand).takeRetainedValue().body()
                return nil
            }, unsafe errand.toOpaque())
        guard code == 0 else {
            unsafe errand.release()
            throw SystemError("pthread_create", ErrorCode(rawValue: code))
        }
        self.thread = thread
        requireSpareMemory()
    }

    /// Waits for the thread's end.
    package consuming func join() { pthread_join(thread, nil) }
}
