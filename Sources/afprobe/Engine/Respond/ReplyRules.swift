import AFPacketKit

/// Whom a responder answers, and how often.
struct ReplyRules {
    /// The maximum number of pings a second, of all peers together.
    var limit: UInt64
    /// Addresses to answer for beside the interface's own.
    var given: [IPAddress] = []
    /// Tells whether hosts beyond the link are answered.
    var allowsRouted = false
    /// The interface's addresses.
    var addresses: [InterfaceAddress] = []
    /// Asks the kernel whether a host beyond the addresses' networks is on the link: by a route of another kind.
    var isOnLink: (IPAddress) -> Bool = { _ in false }

    /// The maximum number of bits a second in all answers.
    static let bitLimit: UInt64 = 500_000_000

    /// The reason why a datagram is not answered; nil if it may be.
    ///
    /// Anybody can write any address into a datagram: an answer for another host's address would be a lie of this one,
    /// and one to another host's address a nuisance for that.
    func refusal(of carrier: FrameShape.Carrier) -> ReplyRefusal? {
        switch carrier {
        case .ethernet: nil
        case .udp4(let flow):
            refusal(from: .v4(flow.source), flow.sourcePort, to: .v4(flow.destination))
        case .udp6(let flow):
            refusal(from: .v6(flow.source), flow.sourcePort, to: .v6(flow.destination))
        }
    }

    private func refusal(
        from source: IPAddress, _ port: UInt16, to destination: IPAddress
    ) -> ReplyRefusal? {
        guard isOwn(destination) else { return .destination(destination) }
        guard source.isOfNetworkHost, port != 0, !isOwn(source),
            !addresses.contains(where: { $0.network.isBroadcast(source) })
        else { return .source(source) }
        // Without an address of this version nothing is known of the link.
        let isAllowed =
            allowsRouted || addresses.contains { $0.network.contains(source) }
            || !addresses.contains { $0.own.isVersion4 == source.isVersion4 } || isOnLink(source)
        return isAllowed ? nil : .source(source)
    }

    private func isOwn(_ address: IPAddress) -> Bool {
        addresses.contains { $0.own == address } || given.contains(address)
    }
}
