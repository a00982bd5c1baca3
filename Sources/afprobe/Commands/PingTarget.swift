import AFPacketKit

/// The host to ping, as it was given.
enum PingTarget: Hashable {
    case station(MACAddress)
    /// With the interface that a link-local address is on, if it was given: fe80::1%eth0.
    case address(IPAddress, zone: String?)
    case name(String)

    /// The target in the usual spelling.
    var text: String {
        switch self {
        case .station(let address): "\(address)"
        case .address(let address, let zone): "\(address)" + (zone.map { "%\($0)" } ?? "")
        case .name(let name): name
        }
    }
}

extension PingTarget {
    /// Parses a MAC address in any usual form, an IP address, or else takes the text for a host's name.
    init(parsing text: String) throws(ValueError) {
        if let address = MACAddress(anyFormOf: text) {
            guard !address.isGroup || address == .ptpPeerDelayGroup, address != .zero else {
                throw ValueError("the MAC address of one host, neither a group's nor all zeros")
            }
            self = .station(address)
            return
        }
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        if let first = parts.first, let address = IPAddress(first) {
            guard address.isHost else { throw ValueError("the address of one host") }
            guard parts.count == 1 || address.isLinkLocal else {
                throw ValueError("an interface behind a link-local address only, as in fe80::1%eth0")
            }
            self = .address(address, zone: parts.count > 1 ? parts[1] : nil)
            return
        }
        guard network(in: text) == nil else {
            throw ValueError("one host: \(text) is a network, and a run has one target")
        }
        let isName = text.utf8.allSatisfy {
            isDigit($0) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
                || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        // A mistyped address has nothing but digits and separators.
        let isAddress = text.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
        guard isName, !isAddress, text.utf8.first != UInt8(ascii: "-") else {
            throw ValueError(
                "a MAC address like 02:42:ac:c8:01:61, an IP address like 192.0.2.7 or fe80::1%eth0, or a host's name",
                meant: Self.hostMeant(by: text))
        }
        self = .name(text)
    }

    private static func hostMeant(by text: String) -> String? {
        guard let host = hostAlone(in: text), (try? PingTarget(parsing: host)) != nil else { return nil }
        return host
    }
}

/// The destination of frames: any MAC address, or the IP address of a host of the link.
func parseDestination(_ text: String) throws(ValueError) -> PingTarget {
    if let address = MACAddress(anyFormOf: text) { return .station(address) }
    if let target = try? PingTarget(parsing: text), case .address = target { return target }
    throw ValueError("a MAC address like 02:42:ac:c8:01:61, or the IP address of a host on the link")
}

func parsePingTarget(_ text: String) throws(ValueError) -> PingTarget { try PingTarget(parsing: text) }

extension MACAddress {
    /// The group of PTP's peer delay mechanism over Ethernet, which no bridge forwards. IEEE 1588-2019, annex E
    static let ptpPeerDelayGroup = MACAddress(0x0180_c200_000e)

    /// The group of PTP's other messages by the transport: over Ethernet if the address is nil, else 224.0.1.129 or
    /// ff0e::181. IEEE 1588-2019, annexes C, D and E
    static func ptpGroup(address: IPAddress?) -> MACAddress {
        switch address {
        case nil: MACAddress(0x011b_1900_0000)
        case .v4?: MACAddress(0x0100_5e00_0181)
        case .v6?: MACAddress(0x3333_0000_0181)
        }
    }

    /// The group by the transport: over Ethernet if the address is nil, else 224.0.0.107 or ff02::6b.
    static func ptpPeerDelayGroup(address: IPAddress?) -> MACAddress {
        switch address {
        case nil: ptpPeerDelayGroup
        case .v4?: MACAddress(0x0100_5e00_006b)
        case .v6?: MACAddress(0x3333_0000_006b)
        }
    }
}

/// The way to a host by IP.
struct InternetWay {
    let address: IPAddress
    let interface: NetworkInterface
    let route: Route
    /// The interface that a link-local address is on: the route to one of this host's own leads elsewhere.
    let zone: NetworkInterface?
}

extension PingTarget {
    /// Looks the target up, and asks the kernel for the way there.
    ///
    /// - Parameters:
    ///   - interface: the interface's name, if it was given.
    ///   - wantsVersion4: whether the name's IPv4 or its IPv6 addresses are wanted; nil for any.
    func way(
        by interface: String?, from source: IPAddress?, wantsVersion4: Bool?, _ console: Console
    ) throws(Failure) -> InternetWay {
        let address: IPAddress
        var interface = interface
        switch self {
        case .station(let station):
            throw .usage(
                "\(station) is a MAC address, and this protocol needs an IP address",
                hint:
                    "the IP addresses of the link's hosts are shown by: ip neighbour; without --protocol, a "
                    + "host that runs afprobe listen answers at its MAC address"
            )
        case .address(let given, let zone):
            address = given
            if let zone, let interface, zone != interface {
                throw .usage(
                    "\(given)%\(zone) and -i \(interface) name different interfaces",
                    hint: "leave one of them out")
            }
            if interface == nil { interface = zone }
            if let wantsVersion4, wantsVersion4 != given.isVersion4 {
                throw .usage(
                    "\(given) is no IPv\(wantsVersion4 ? 4 : 6) address",
                    hint: "leave -4 or -6 out; and of the protocols, arp is for IPv4 and ndp for IPv6")
            }
        case .name(let name) where isInterface(name):
            throw .usage(
                "\(name) is an interface of this host, and no target",
                hint: "name the host to ping: afprobe ping -i \(name) TARGET")
        case .name(let name): address = try Self.lookUp(name, wantsVersion4: wantsVersion4, console)
        }
        if let source, source.isVersion4 != address.isVersion4 {
            throw .usage(
                "\(source) and \(address) are of different IP versions",
                hint: "give both as IPv4 or both as IPv6; -4 and -6 choose those of a name")
        }
        let given: NetworkInterface? =
            if let interface { try openAnyInterface(interface) } else { nil }
        if case .v6(let host) = address, host.isLinkLocal, given == nil {
            throw .usage(
                "\(address) is valid on one link only", hint: "name the interface: -i IF, or \(address)%IF")
        }
        let way: InternetWay
        do throws(SystemError) {
            let route = try Route(to: address, by: given, from: source)
            guard route.kind != .none else { throw SystemError("RTM_GETROUTE", .networkUnreachable) }
            let interface = try NetworkInterface(index: route.interfaceIndex)
            way = InternetWay(address: address, interface: interface, route: route, zone: given)
        } catch {
            throw .noRoute(to: address, from: source, by: given, error)
        }
        guard way.route.kind != .group else { throw .isBroadcast(address) }
        return way
    }

    private static func lookUp(
        _ name: String, wantsVersion4: Bool?, _ console: Console
    ) throws(Failure) -> IPAddress {
        let all: [IPAddress]
        do throws(HostName.Failure) { all = try HostName.addresses(of: name) } catch {
            throw .refused(
                "Cannot find the host \(name)", reason: error.reason, hint: "give its address instead")
        }
        guard let found = all.first(where: { wantsVersion4 == nil || $0.isVersion4 == wantsVersion4 }) else {
            throw .refused(
                "The host \(name) has no IPv\(wantsVersion4 == true ? 4 : 6) address",
                hint: "it has \(all.map(\.description).joined(separator: ", "))")
        }
        console.diagnosed(.nameFound(name, found))
        return found
    }
}

extension Failure {
    /// The MAC address of a host in a VLAN, which the kernel of this host does not know.
    static func unresolvable(_ address: IPAddress, on interface: NetworkInterface) -> Failure {
        .usage(
            "The MAC address of \(address) in the VLAN is not known: the kernel resolves it without --vlan",
            hint: "give the MAC address instead, or use an interface of the VLAN: "
                + "ip link add link \(interface.name) name \(interface.name).ID type vlan id ID")
    }
}

/// Looks up an interface for protocols over IP, for which it need not be an Ethernet interface.
private func openAnyInterface(_ name: String) throws(Failure) -> NetworkInterface {
    let found = try lookUpInterface(name)
    guard found.isUp else { throw .isDown(found) }
    return found
}

extension InternetWay {
    /// The interface, by which the way must lead out of this host.
    var outgoing: NetworkInterface {
        get throws(Failure) {
            guard route.kind != .local else {
                throw .refused(
                    "\(address) is an address of this host",
                    hint: "to measure this host itself: afprobe ping --self")
            }
            return interface
        }
    }

    /// The MAC address of the host, which must be on the link.
    ///
    /// - Parameter name: the protocol of a ping; nil for frames that nobody answers.
    func station(for name: PingProtocolName?) throws(Failure) -> MACAddress {
        if let router = route.router {
            throw .refused(
                "\(address) is behind the router \(router), where \(name?.rawValue ?? "the frame") does not reach",
                hint: name == nil
                    ? "to send to the router: -d \(router)" : "these do: --protocol icmp, --protocol ntp")
        }
        do throws(SystemError) {
            if let found = try interface.resolve(address, within: 1_000_000_000) { return found }
        } catch {
            throw Failure("Cannot resolve \(address) on \(interface.name)", error)
        }
        throw .refused(
            "No host of the link \(interface.name) has the address \(address)",
            hint: "is it up, and in this network? See: ip neighbour show dev \(interface.name)")
    }
}
