import AFPacketKit

/// Looks an interface up by its name.
func lookUpInterface(_ name: String) throws(Failure) -> NetworkInterface {
    do throws(SystemError) { return try NetworkInterface(named: name) } catch {
        throw .noInterface(name, error)
    }
}

/// Looks an interface up and checks that frames can go through it.
func openInterface(_ name: String, _ console: Console) throws(Failure) -> NetworkInterface {
    let found = try lookUpInterface(name)
    guard found.isEthernet else { throw .notEthernet(found) }
    guard found.isUp else { throw .isDown(found) }
    if !found.hasCarrier { console.diagnosed(.noCarrier(name)) }
    return found
}

/// Keeps the kernel from answering the datagrams to a port with ICMP port unreachable.
func guardPort(_ port: UInt16, _ events: some RunEvents) throws(RunError) -> PortGuard? {
    do throws(SystemError) { return try PortGuard(port: port) } catch
        where error.code == .addressInUse || error.code == .accessDenied
    {
        events.diagnosed(.portNotGuarded(port, error.code))
        return nil
    } catch {
        throw RunError(.guardPort(port), error)
    }
}

/// Does what may fail as a run does, in the words of the output.
func reportingFailures<Result: ~Copyable>(
    _ body: () throws(RunError) -> Result
) throws(Failure) -> Result {
    do throws(RunError) { return try body() } catch { throw Failure(error) }
}
