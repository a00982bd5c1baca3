import AFPacketKit

/// Runs at the requested priority with the needed capabilities until the run ends; then waits until there is room for
/// the summary.
///
/// - Parameter lease: the setting that may have to be restored at the end.
/// - Returns: the reason of a failure; the summary is written all the same.
func carryOut(
    _ run: inout some Run & ~Copyable, _ scheduling: CPUSchedulingOptions,
    under lease: borrowing HardwareLease,
    _ signals: RunSignals, _ console: Console
) throws(RunError) -> RunError? {
    let scheduling = try CPUScheduling(scheduling, console)
    try dropPrivileges(keepingThoseOf: lease)
    var failure: RunError?
    do throws(RunError) {
        var loop = RunLoop(PolledSources(of: run, signals, linkMayChange: lease.mayChangeDevice()))
        try loop.catchUp(&run)
        try run.begin()
        _ = try loop.run(&run)
    } catch { failure = error }
    _ = consume scheduling
    console.awaitRoom()
    return failure
}

/// Drops the capabilities that a run no longer needs once its sockets, clocks and files are open: frames from the
/// network are then parsed without privileges.
///
/// - Parameter lease: the setting that may have to be restored at the end, which takes a capability. It is kept, and not
///   in force until then.
private func dropPrivileges(keepingThoseOf lease: borrowing HardwareLease) throws(RunError) {
    ThisProcess.forbidNewPrivileges()
    do throws(SystemError) { try ThisProcess.keepOnly(lease.mayHaveToRestore() ? [.netAdmin] : []) } catch {
        throw RunError(.dropCapabilities, error)
    }
}
