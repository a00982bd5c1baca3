import AFPacketKit

/// Does a run: at the priority asked for, with the capabilities it needs, until there is a reason to end; then waits until
/// there is room for the summary.
///
/// - Parameter lease: the setting that may have to be restored at the end.
/// - Returns: why the run failed; it is summed up all the same.
func carryOut(
    _ run: inout some Run & ~Copyable, _ scheduling: CPUSchedulingOptions,
    under lease: borrowing HardwareLease,
    _ signals: RunSignals, _ console: Console
) throws(RunError) -> RunError? {
    let scheduling = try CPUScheduling(scheduling, console)
    try dropPrivileges(keepingThoseOf: lease)
    var failure: RunError?
    do throws(RunError) {
        try run.begin()
        var loop = RunLoop(PolledSources(of: run, signals))
        _ = try loop.run(&run)
    } catch { failure = error }
    _ = consume scheduling
    console.awaitRoom()
    return failure
}

/// Gives up the capabilities that a run does not need any more, now that its sockets, clocks and files are open: frames from
/// the network are read without any power over this host.
///
/// - Parameter lease: the setting that may have to be put back at the end, which takes a capability.
private func dropPrivileges(keepingThoseOf lease: borrowing HardwareLease) throws(RunError) {
    do throws(SystemError) { try ThisProcess.keepOnly(lease.mayHaveToRestore() ? [.netAdmin] : []) } catch {
        throw RunError(.dropCapabilities, error)
    }
}
