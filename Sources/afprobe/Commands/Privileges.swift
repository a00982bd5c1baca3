import AFPacketKit

/// Gives up the capabilities that a run does not need any more, now that its sockets, clocks and files are open: frames from
/// the network are read without any power over this host.
///
/// - Parameter lease: the setting that may have to be put back at the end, which takes a capability.
func dropPrivileges(keepingThoseOf lease: borrowing HardwareLease) throws(RunError) {
    do throws(SystemError) { try ThisProcess.keepOnly(lease.mayHaveToRestore() ? [.netAdmin] : []) } catch {
        throw RunError(.dropCapabilities, error)
    }
}
