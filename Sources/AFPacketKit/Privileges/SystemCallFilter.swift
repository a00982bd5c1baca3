internal import CShim

/// The filter of the process's system calls: those of a run, and no others. seccomp(2)
///
/// Other calls fail with EPERM and are counted: a C library of another version may try one that is not known here, and
/// go on without it. Calls that only an intruder makes, such as execve(2) and ptrace(2), kill the process.
package enum SystemCallFilter {
    /// Puts the filter in force for all threads to come, for good. Call it before any thread is started.
    ///
    /// It is no condition of a run, only a second line of defence: programs built for a sanitizer or with
    /// AFPROBE_NO_SYSTEM_CALL_FILTER have none, nor have kernels without seccomp.
    package static func begin() { _ = cshim_filter_system_calls(0) }

    /// Like `begin`, and lets the process signal a child.
    package static func begin(with child: borrowing ChildProcess) {
        _ = cshim_filter_system_calls(child.identifier)
    }

    /// The calls that were denied so far.
    package struct Denials: Hashable, Sendable {
        package let count: UInt64
        /// The number of the latest call. syscalls(2)
        package let latest: CInt
    }

    /// The calls that were denied so far; nil if none was.
    package static func denials() -> Denials? {
        var latest: CInt = 0
        let count = unsafe cshim_denied_calls(&latest)
        return count > 0 ? Denials(count: UInt64(count), latest: latest) : nil
    }
}
