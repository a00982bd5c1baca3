internal import CShim
import Glibc

/// The running process and its privileges.
public enum ThisProcess {
    /// A capability. capabilities(7)
    public enum Capability: CInt, Sendable {
        /// Set up interfaces and the NIC's timestamping.
        case netAdmin = 12
        /// Open packet sockets.
        case netRaw = 13
        /// Lock any amount of memory.
        case ipcLock = 14
        /// Run at any priority.
        case sysNice = 23
    }

    /// Returns whether a capability is in force; false also if that cannot be read. capget(2)
    public static func has(_ capability: Capability) -> Bool {
        cshim_effective_capabilities() & 1 << UInt64(capability.rawValue) != 0
    }

    /// Replaces the process by another program with the same arguments. Returns if it may not be executed. execve(2)
    package static func execute(_ path: String) {
        guard unsafe access(path, X_OK) == 0 else { return }
        unsafe execv(path, cshim_arguments())
    }

    /// The arguments, without the program's name.
    package static var arguments: [String] {
        var arguments: [String] = []
        guard var next = unsafe cshim_arguments() else { return [] }
        while let argument = unsafe next.pointee {
            unsafe arguments.append(FileName.text(argument))
            unsafe next += 1
        }
        return Array(arguments.dropFirst())
    }

    /// Returns whether there is a file of this path. access(2)
    package static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The path by which the program was executed, as it was given to execve(2); nil if the kernel does not tell.
    package static var executedPath: String? {
        unsafe cshim_executed_path().map { unsafe String(cString: $0) }
    }

    /// Drops all capabilities of the calling thread but these, for good, and has none of them in force: `using` puts one
    /// in force for a call. What is open already stays open. capset(2)
    ///
    /// - Throws: `SystemError` of capset(2).
    package static func keepOnly(_ capabilities: [Capability]) throws(SystemError) {
        guard cshim_keep_capabilities(set(of: capabilities)) == 0 else { throw .last("capset") }
    }

    private static func set(of capabilities: [Capability]) -> UInt64 {
        capabilities.reduce(UInt64(0)) { $0 | 1 << UInt64($1.rawValue) }
    }

    /// Has capabilities that `keepOnly` has kept in force during a call.
    package static func using<Result: ~Copyable, Failure>(
        _ capabilities: [Capability], _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let before = cshim_effective_capabilities()
        let wanted = before | set(of: capabilities)
        guard wanted != before else { return try body() }
        // Without them the call says what it lacks.
        _ = cshim_set_effective_capabilities(wanted)
        defer { _ = cshim_set_effective_capabilities(before) }
        return try body()
    }

    /// Forbids the calling thread, and those that it starts, more privileges by the programs that they execute. prctl(2),
    /// PR_SET_NO_NEW_PRIVS
    package static func forbidNewPrivileges() { _ = cshim_forbid_new_privileges() }

    /// Gives the calling thread its own descriptor table: a descriptor that one thread closes stays open in the other.
    ///
    /// While threads share a table, the kernel counts references to a descriptor in every system call that uses one.
    /// unshare(2), CLONE_FILES
    /// - Throws: `SystemError` of unshare(2).
    package static func unshareDescriptors() throws(SystemError) {
        guard cshim_unshare_descriptors() == 0 else { throw .last("unshare") }
    }

    /// The path of the program's executable, for advice on how to grant it a capability; nil if it cannot be read.
    /// /proc/self/exe, proc(5)
    package static var executablePath: String? {
        let capacity = Int(PATH_MAX)
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: capacity)
        defer { unsafe buffer.deallocate() }
        let length = unsafe readlink("/proc/self/exe", buffer, capacity)
        guard length > 0 else { return nil }
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: buffer, count: length), as: UTF8.self)
    }

    /// Exits with a status.
    package static func exit(_ status: CInt) -> Never {
        Glibc.exit(status)
    }

    /// The value of an environment variable; nil if it is not set. getenv(3)
    package static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
