internal import CShim
import Glibc

/// Sockets that share the frames of an interface: each frame goes to one of them, in turn. PACKET_FANOUT, packet(7)
///
/// In turn (PACKET_FANOUT_LB), so that a single flow is spread evenly: by its hash (_HASH), CPU (_CPU) or queue (_QM),
/// all of it would go to one socket. Order is kept only within each socket. The kernel's turns count all frames of the
/// interface, including those that the filters reject.
public struct FanOutGroup: Hashable, Sendable {
    /// The group's number in this network namespace; nil until it has a socket.
    public private(set) var identifier: UInt16?

    /// Creates a group without a socket.
    public init() {}

    /// Adds a receiving socket on the same interface, which then shares the frames with the others. To receive no
    /// frame twice, it should accept none (`SocketFilter.rejectAll`) until then.
    ///
    /// - Throws: `SystemError` of setsockopt(2) or getsockopt(2).
    public mutating func add(_ socket: borrowing TimestampedSocket) throws(SystemError) {
        let inTurn = UInt32(PACKET_FANOUT_LB)
        func join(_ identifier: UInt16, _ type: UInt32) throws(SystemError) {
            try socket.descriptor.setOption(
                "PACKET_FANOUT", SOL_PACKET, PACKET_FANOUT, to: UInt32(identifier) | type << 16)
        }
        if let identifier { return try join(identifier, inTurn) }
        do throws(SystemError) {
            try join(0, inTurn | cshim_PACKET_FANOUT_FLAG_UNIQUEID)
        } catch  where error.code == .invalidArgument {
            // Before Linux 4.12, only chance keeps two programs from choosing the same number.
            try join(.random(in: 1 ... .max), inTurn)
        }
        var granted: UInt32 = 0
        try socket.descriptor.getOption("PACKET_FANOUT", SOL_PACKET, PACKET_FANOUT, into: &granted)
        identifier = UInt16(truncatingIfNeeded: granted)
    }
}
