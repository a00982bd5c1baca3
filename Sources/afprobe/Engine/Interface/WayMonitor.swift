import AFPacketKit

/// Follows the way to a host.
struct WayMonitor {
    private var latest: Way
    private let peer: Peer
    /// Tells whether what is sent takes the new way.
    private let isFollowed: Bool
    private let read: () -> Way?

    /// Nil if there is no way now.
    init?(to peer: Peer, isFollowed: Bool, _ read: @escaping () -> Way?) {
        guard let now = read() else { return nil }
        (latest, self.peer, self.isFollowed, self.read) = (now, peer, isFollowed, read)
    }

    /// Handles a change of some route, neighbour or link: tells what has changed of the way.
    mutating func check(_ events: some RunEvents) {
        guard let now = read() else { return }
        if now.differs(from: latest) {
            events.diagnosed(.wayChanged(peer, from: latest, to: now, isFollowed: isFollowed))
        } else if now.station == nil {
            return
        }
        latest = now
    }
}
