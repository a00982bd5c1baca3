import AFPacketKit

/// The host whose answers a run measures.
enum Peer: Hashable {
    /// A host of this link.
    case station(MACAddress)
    case host(IPAddress)
}

extension Peer: CustomStringConvertible {
    var description: String {
        switch self {
        case .station(let address): address.description
        case .host(let address): address.description
        }
    }
}

/// The way to a host, as the kernel sends to it now.
struct Way: Equatable {
    /// The interface's name.
    let interface: String
    /// Nil if the host is on the link.
    let router: IPAddress?
    /// The MAC address of the next hop; nil if the kernel does not know it at the moment.
    let station: MACAddress?

    init(interface: String, router: IPAddress?, station: MACAddress?) {
        (self.interface, self.router, self.station) = (interface, router, station)
    }

    /// The way to an address; nil if there is none.
    init?(to address: IPAddress, by given: NetworkInterface?, from source: IPAddress?) {
        guard let route = try? Route(to: address, by: given, from: source),
            let interface = try? NetworkInterface(index: route.interfaceIndex)
        else { return nil }
        let station = interface.isEthernet ? try? interface.neighbour(route.nextHop(to: address)) : nil
        self.init(interface: interface.name, router: route.router, station: station)
    }

    /// Returns whether another way is known to be taken.
    func differs(from other: Way) -> Bool {
        if interface != other.interface || router != other.router { return true }
        guard let station, let earlier = other.station else { return false }
        return station != earlier
    }
}
