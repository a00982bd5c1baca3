import AFPacketKit

/// The copy of the program that Debian's package installs for the members of a group. It has file capabilities, and
/// nobody else may execute it.
enum PrivilegedCopy {
    private static let path = "/usr/libexec/afprobe/afprobe"
    private static let group = "afprobe"

    /// Executes the copy in place of this process if that adds capabilities and the user may; else returns.
    static func takeOver() {
        // The copy itself may lack them, too: on a file system without set-user-ID bits, for instance.
        guard !ThisProcess.has(.netRaw), ThisProcess.executedPath != path else { return }
        ThisProcess.execute(path)
    }

    /// The advice to a user who lacks a capability; nil if there is no copy.
    static var advice: String? {
        guard ThisProcess.exists(path) else { return nil }
        if ThisProcess.executedPath == path {
            return "its file capabilities are not in force: "
                + "is no_new_privs set, or its file system mounted nosuid?"
        }
        return "become a member of the group \(group) and log in again: sudo usermod -aG \(group) USER"
    }
}
