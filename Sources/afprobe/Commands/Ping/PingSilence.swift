import AFPacketKit

extension PingOptions {
    /// The circumstances of a run without any answer.
    ///
    /// - Parameter nextHop: the host of this link to which requests went by IP.
    func silence(
        _ name: PingProtocolName, to peer: Peer, on interface: NetworkInterface, _ result: PingResult,
        nextHop: IPAddress? = nil, _ mismatch: PTPMismatch? = nil
    ) -> Silence {
        let neighbour: IPAddress? =
            if let nextHop, case .host(nextHop) = peer { nextHop } else { nil }
        return Silence(
            interface: try? NetworkInterface(index: interface.index), hadCarrier: interface.hasCarrier,
            name: name, carrier: traffic.carrier, isPTP: traffic.isPTP, nextHop: nextHop,
            usualInterface: traffic.interface.isEmpty
                ? nil : nextHop.flatMap { usualInterface(to: $0, unless: interface) },
            neighbour: neighbour,
            destination: traffic.usesUDP ? traffic.destinationAddress : nil, result: result,
            mismatch: mismatch)
    }

    /// The interface that the kernel sends to a host by of itself, if it is another one.
    private func usualInterface(to host: IPAddress, unless interface: NetworkInterface) -> String? {
        guard !host.isLinkLocal, let route = try? Route(to: host), route.kind == .unicast,
            route.interfaceIndex != interface.index
        else { return nil }
        return (try? NetworkInterface(index: route.interfaceIndex))?.name
    }
}
