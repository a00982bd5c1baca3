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
