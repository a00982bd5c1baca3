internal import CShim
import Glibc

/// Sockets that share the frames of an interface: each frame goes to one of them, in turn. PACKET_FANOUT, packet(7)
///
/// In turn (PACKET_FANOUT_LB), so that a single flow is spread evenly: by its hash (_HASH), its CPU (_CPU) or its queue
/// (_QM) all of it would go to one socket. Its order is kept within each socket and no further. The kernel's turns take
/// in all frames of the interface, also those that the filters reject.
public struct FanOutGroup: Hashable, Sendable {
    /// The group's number in this network namespace; nil as long as it has no socket.
    public private(set) var identifier: UInt16?

    /// A group without a socket.
    public init() {}

    /// Has a socket share the frames with those that are in the group already: one that receives, on the same
    /// interface. To get no frame twice it should accept none (`SocketFilter.rejectAll`) until then.
    ///
    /// - Throws: `SystemError` of setsockopt(2) or getsockopt(2).
    public mutating func add(_ socket: borrowing PacketSocket) throws(SystemError) {
        let inTurn = UInt32(PACKET_FANOUT_LB)
        func join(_ identifier: UInt16, _ type: UInt32) throws(SystemError) {
            try socket.descriptor.setOption(
                "PACKET_FANOUT", SOL_PACKET, PACKET_FANOUT, to: UInt32(identifier) | type << 16)
        }
        if let identifier { return try join(identifier, inTurn) }
        do throws(SystemError) {
            try join(0, inTurn | cshim_PACKET_FANOUT_FLAG_UNIQUEID)
        } catch  where error.code == .invalidArgument {
            // Before Linux 4.12 nobody but chance keeps two programs from taking the same number.
            try join(.random(in: 1 ... .max), inTurn)
        }
        var granted: UInt32 = 0
        try socket.descriptor.getOption("PACKET_FANOUT", SOL_PACKET, PACKET_FANOUT, into: &granted)
        identifier = UInt16(truncatingIfNeeded: granted)
    }
}
