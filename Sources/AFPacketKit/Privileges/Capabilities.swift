internal import CShim
import Glibc

/// Capabilities of the calling thread. A program lowers them at its start; the calls that need one raise it for
/// themselves, so that everything between them runs without.
extension ThisProcess {
    /// A capability. capabilities(7)
    public enum Capability: CInt, Sendable {
        /// Open any file, as root expects it. CAP_DAC_OVERRIDE
        case openAnyFile = 1
        /// Bind ports below 1024.
        case netBindService = 10
        /// Set up interfaces and the NIC's timestamping.
        case netAdmin = 12
        /// Open packet sockets.
        case netRaw = 13
        /// Lock any amount of memory.
        case ipcLock = 14
        /// Create namespaces.
        case sysAdmin = 21
        /// Run at any priority.
        case sysNice = 23
    }

    /// Returns whether the calling thread may use a capability, in force or not; false also if that cannot be read.
    /// capget(2)
    public static func has(_ capability: Capability) -> Bool {
        cshim_permitted_capabilities() & set(of: [capability]) != 0
    }

    /// Puts all capabilities of the calling thread, and of those that it starts, out of force. Calls that need one put
    /// it in force while they last. capset(2)
    package static func lowerCapabilities() { _ = cshim_set_effective_capabilities(0) }

    /// Drops all capabilities of the calling thread but these, for good, and has none of them in force. What is open
    /// already stays open. capset(2)
    ///
    /// - Throws: `SystemError` of capset(2).
    package static func keepOnly(_ capabilities: [Capability]) throws(SystemError) {
        guard cshim_keep_capabilities(set(of: capabilities)) == 0 else { throw .last("capset") }
    }

    private static func set(of capabilities: [Capability]) -> UInt64 {
        capabilities.reduce(UInt64(0)) { $0 | 1 << UInt64($1.rawValue) }
    }

    /// Has those of some capabilities that the calling thread may use in force during a call. Without them, the call
    /// tells what it lacks.
    package static func using<Result: ~Copyable, Failure>(
        _ capabilities: [Capability], _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let before = cshim_effective_capabilities()
        let wanted = before | (set(of: capabilities) & cshim_permitted_capabilities())
        guard wanted != before else { return try body() }
        _ = cshim_set_effective_capabilities(wanted)
        defer {
            // The reason of a failure of the call.
            let reason = errno
            _ = cshim_set_effective_capabilities(before)
            errno = reason
        }
        return try body()
    }

    /// Forbids the calling thread, and those that it starts, more privileges by the programs that they execute. prctl(2),
    /// PR_SET_NO_NEW_PRIVS
    package static func forbidNewPrivileges() { _ = cshim_forbid_new_privileges() }
}
