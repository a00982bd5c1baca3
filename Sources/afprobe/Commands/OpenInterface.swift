import AFPacketKit

/// Looks an interface up by its name.
func lookUpInterface(_ name: String) throws(Failure) -> NetworkInterface {
    do throws(SystemError) { return try NetworkInterface(named: name) } catch {
        throw .noInterface(name, error)
    }
}

/// Looks an interface up and checks that frames can go through it.
func openInterface(_ name: String, _ console: inout Console) throws(Failure) -> NetworkInterface {
    let found = try lookUpInterface(name)
    guard found.isEthernet else { throw .notEthernet(found) }
    guard found.isUp else { throw .isDown(found) }
    if !found.hasCarrier {
        console.report(.warning, "Interface \(name) has no carrier: no frame will pass") { line in
            line.string("hint", "check the cable, or set the peer of the veth pair up")
        }
    }
    return found
}
