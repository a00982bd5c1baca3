import AFPacketKit

func lookUpInterface(_ name: String) throws(Failure) -> NetworkInterface {
    do throws(SystemError) { return try NetworkInterface(named: name) } catch {
        throw .noInterface(name, error)
    }
}

/// Looks up an interface and checks that it can carry frames.
///
/// - Parameter hardware: whether hardware stamps are wanted.
func openInterface(
    _ name: String, hardware: HardwareMode = .off, _ console: Console
) throws(Failure) -> NetworkInterface {
    let found = try lookUpInterface(name)
    guard found.isEthernet else { throw .notEthernet(found) }
    guard found.isUp else { throw .isDown(found) }
    if !found.hasCarrier { console.diagnosed(.noCarrier(name)) }
    // If they must come, the failure says the same.
    if hardware == .auto, case .bridge(let bridge)? = try? found.timestampingDevice() {
        let ports = (try? bridge.ports()) ?? []
        if !ports.isEmpty { console.diagnosed(.bridge(bridge.name, ports: ports)) }
    }
    return found
}

/// Prevents the kernel from answering datagrams to a port with ICMP port unreachable.
///
/// - Parameter tellsErrors: whether the guard keeps what the network says about datagrams from that port.
func guardPort(
    _ port: UInt16, tellsErrors: Bool = false, _ events: some RunEvents
) throws(RunError) -> PortGuard? {
    do throws(SystemError) { return try PortGuard(port: port, tellsErrors: tellsErrors) } catch
        where error.code == .addressInUse || error.code == .accessDenied
    {
        events.diagnosed(.portNotGuarded(port, error.code))
        return nil
    } catch {
        throw RunError(.guardPort(port), error)
    }
}

/// Runs `body` and converts errors of a run to failures with the output's words.
func reportingFailures<Result: ~Copyable>(
    _ body: () throws(RunError) -> Result
) throws(Failure) -> Result {
    do throws(RunError) { return try body() } catch { throw Failure(error) }
}
