import AFPacketKit

/// Whom a responder answers, and how often.
struct ReplyRules {
    /// The maximum number of pings a second, of all peers together.
    var limit: UInt64
    /// Addresses to answer for beside the interface's own.
    var addresses: [IPAddress] = []
    /// Whether hosts beyond the link are answered.
    var allowsRouted = false
    /// The interface's addresses and networks.
    var networks: [InternetNetwork] = []

    /// The maximum number of bits a second in all answers.
    static let bitLimit: UInt64 = 500_000_000

    /// The reason why a datagram is not answered; nil if it may be.
    ///
    /// Anybody can write any address into a datagram: an answer for another host's address would be a lie of this one,
    /// and one to another host's address a nuisance for that.
    func refusal(of carrier: FrameShape.Carrier) -> ReplyRefusal? {
        switch carrier {
        case .ethernet: nil
        case .udp4(let flow): refusal(from: .v4(flow.source), to: .v4(flow.destination))
        case .udp6(let flow): refusal(from: .v6(flow.source), to: .v6(flow.destination))
        }
    }

    private func refusal(from source: IPAddress, to destination: IPAddress) -> ReplyRefusal? {
        let own = networks.map(\.address) + addresses
        guard own.contains(destination) else { return .destination(destination) }
        guard source.isHost, !source.isLoopback, !own.contains(source),
            !networks.contains(where: { $0.isBroadcast(source) })
        else { return .source(source) }
        let links = networks.filter { $0.address.isVersion4 == source.isVersion4 }
        // Without an address of this version nothing is known of the link.
        let isAllowed = allowsRouted || links.isEmpty || links.contains { $0.contains(source) }
        return isAllowed ? nil : .source(source)
    }
}
