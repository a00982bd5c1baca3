/// The device whose hardware stamps the frames of an interface.
public enum TimestampingDevice: Sendable {
    /// The interface itself, the NIC below a VLAN or macvlan, or the port that a bond sends by, which may change.
    case device(NetworkInterface, isBondPort: Bool)
    /// It is below this one, in another network namespace, and cannot be set from here.
    case elsewhere(below: NetworkInterface)
    /// This bond sends by several ports or by none: no single NIC stamps its frames.
    case bondWithoutActivePort(NetworkInterface)
    /// The ports of this bridge stamp, each for itself.
    case bridge(NetworkInterface)
}

extension NetworkInterface {
    /// The kinds of devices that pass frames and stamps on to the one below, unchanged.
    private static var transparentKinds: [String] { ["vlan", "macvlan", "macvtap"] }

    /// The device whose hardware stamps the frames of this interface, now: a bond may change its port.
    ///
    /// - Throws: `SystemError` of netlink; `noSuchDevice` if an interface has gone.
    public func timestampingDevice() throws(SystemError) -> TimestampingDevice {
        var interface = self
        var isBondPort = false
        // The kernel allows eight devices on top of each other. MAX_NEST_DEV
        for _ in 0..<8 {
            let link = try LinkInformation(index: interface.index)
            let next: CInt
            switch link.kind {
            case "bridge": return .bridge(interface)
            case "bond":
                guard let port = link.activePort else { return .bondWithoutActivePort(interface) }
                next = port
                isBondPort = true
            case let kind? where Self.transparentKinds.contains(kind):
                guard !link.isLowerElsewhere else { return .elsewhere(below: interface) }
                guard let lower = link.lower else { return .device(interface, isBondPort: isBondPort) }
                next = lower
            default: return .device(interface, isBondPort: isBondPort)
            }
            interface = try NetworkInterface(index: next)
        }
        return .device(interface, isBondPort: isBondPort)
    }
}
