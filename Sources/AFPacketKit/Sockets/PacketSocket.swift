internal import CShim
import Glibc

/// Sockets for raw Ethernet frames, bound to one interface. packet(7)
///
/// They are opened with protocol 0, filtered and configured, and only then bound, so that they never hold a frame that
/// their filter rejects or another interface received. Opening one needs CAP_NET_RAW.
public enum PacketSocket {
    /// The size in bytes of a socket's queue, if permitted. It holds some 10,000 small frames while the program is not
    /// scheduled.
    public static let queueSize: CInt = 8 << 20

    /// Opens a socket that receives the frames its filter accepts.
    ///
    /// Frames that this host sends are left out. The statistics count from here on.
    /// - Parameters:
    ///   - interface: the receiving interface.
    ///   - filter: the frames to receive.
    ///   - timestamping: the stamps to request. Flags that the kernel does not know are left out.
    ///   - groups: group addresses whose frames the NIC also lets through.
    ///   - isPromiscuous: whether the NIC lets every frame through, whatever its address and VLAN.
    ///   - tellsStatus: whether the kernel tells the tag that it took out of a frame, and whether the transport
    ///     checksum is not yet filled in, which takes time with each frame. PACKET_AUXDATA
    ///   - queueSize: the size of the queue in bytes, if permitted.
    /// - Throws: `SystemError`: of `socket` with `notPermitted` if CAP_NET_RAW is missing, of `bind` with
    ///   `noSuchDevice` if the interface has gone or `networkDown` if it is down.
    public static func receiver(
        on interface: NetworkInterface, filter: SocketFilter, timestamping: TimestampingFlags,
        groups: [MACAddress] = [], isPromiscuous: Bool = false, tellsStatus: Bool = true,
        queueSize: Int = Int(queueSize)
    ) throws(SystemError) -> TimestampedSocket {
        let socket = try silentReceiver(
            on: interface, filter: filter, timestamping: timestamping, groups: groups,
            isPromiscuous: isPromiscuous, tellsStatus: tellsStatus, queueSize: CInt(clamping: queueSize))
        try socket.start(on: interface)
        return socket
    }

    /// Opens a configured receiver that receives nothing until it is started, for setup before the first frame.
    static func silentReceiver(
        on interface: NetworkInterface, filter: SocketFilter, timestamping: TimestampingFlags,
        groups: [MACAddress], isPromiscuous: Bool, tellsStatus: Bool, queueSize: CInt = queueSize
    ) throws(SystemError) -> TimestampedSocket {
        let descriptor = try openSilent(isBlocking: true)
        // For the calls that wait; the others pass MSG_DONTWAIT.
        try descriptor.setOption(
            "SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO,
            to: timeval(tv_sec: 0, tv_usec: Int(TimestampedSocket.maxWait / 1000)))
        try filter.ofIncoming.attach(to: descriptor)
        // The kernel ends these memberships with the socket.
        for group in groups {
            try descriptor.addMembership(PACKET_MR_MULTICAST, address: group, on: interface)
        }
        if isPromiscuous { try descriptor.addMembership(PACKET_MR_PROMISC, address: .zero, on: interface) }
        let granted = try descriptor.enableTimestamping(timestamping)
        if tellsStatus { try descriptor.setOption("PACKET_AUXDATA", SOL_PACKET, PACKET_AUXDATA, to: CInt(1)) }
        // The filter rejects the copies of sent frames, too, but after they were made. Since Linux 4.20
        do throws(SystemError) {
            try descriptor.setOption(
                "PACKET_IGNORE_OUTGOING", SOL_PACKET, cshim_PACKET_IGNORE_OUTGOING, to: CInt(1))
        } catch  where error.code == .unknownOption {}
        // This version's rings have blocks, and only its statistics count queue freezes; without a ring it changes
        // nothing else.
        try descriptor.setOption(
            "PACKET_VERSION", SOL_PACKET, PACKET_VERSION, to: CInt(TPACKET_V3.rawValue))
        descriptor.enlargeReceiveQueue(to: queueSize)
        return TimestampedSocket(descriptor: descriptor, timestamping: granted)
    }

    /// Opens a socket that sends, and receives nothing but the completions in its error queue.
    ///
    /// - Parameters:
    ///   - interface: the sending interface.
    ///   - timestamping: the stamps to request. Flags that the kernel does not know are left out.
    ///   - priority: the class for the packet scheduler, 0…15. SO_PRIORITY
    ///   - bypassesScheduler: whether frames go straight to the driver: no scheduled stamp, nothing for captures on
    ///     this host, and `noBufferSpace` when the driver is busy. PACKET_QDISC_BYPASS
    ///   - launchClock: the clock of the frames' launch times; nil if they have none. The queueing discipline must use
    ///     the same clock: tc-etf(8) and tc-taprio(8) TAI, tc-fq(8) the monotonic one. A frame that is not launched
    ///     comes back (`Ancillary.launchFailure`). SO_TXTIME
    /// - Throws: `SystemError` as for a receiver; of `SO_TXTIME` with `notPermitted` if CAP_NET_ADMIN is missing and
    ///   the clock is not the monotonic one.
    public static func transmitter(
        on interface: NetworkInterface, timestamping: TimestampingFlags, priority: Int? = nil,
        bypassesScheduler: Bool = false, launchClock: ClockPair.Clock? = nil
    ) throws(SystemError) -> TimestampedSocket {
        let descriptor = try openSilent()
        if let launchClock {
            let flags = UInt32(SOF_TXTIME_REPORT_ERRORS.rawValue)
            let option = sock_txtime(clockid: launchClock.identifier, flags: flags)
            try ThisProcess.using([.netAdmin]) { () throws(SystemError) in
                try descriptor.setOption("SO_TXTIME", SOL_SOCKET, SO_TXTIME, to: option)
            }
        }
        let granted = try descriptor.enableTimestamping(timestamping)
        if bypassesScheduler {
            try descriptor.setOption(
                "PACKET_QDISC_BYPASS", SOL_PACKET, PACKET_QDISC_BYPASS, to: CInt(1))
        }
        if let priority {
            // Priorities above 6 need it.
            try ThisProcess.using([.netAdmin]) { () throws(SystemError) in
                try descriptor.setOption("SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, to: CInt(priority))
            }
        }
        // The error queue has the size of the receive queue, and drops stamps silently when it is full.
        descriptor.enlargeReceiveQueue(to: queueSize)
        try descriptor.bind(to: interface, protocol: 0)
        return TimestampedSocket(descriptor: descriptor, timestamping: granted)
    }

    private static func openSilent(isBlocking: Bool = false) throws(SystemError) -> Descriptor {
        let type =
            CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
            | (isBlocking ? 0 : CInt(SOCK_NONBLOCK.rawValue))
        let result = ThisProcess.using([.netRaw]) { socket(AF_PACKET, type, 0) }
        return try Descriptor("socket(AF_PACKET)", result)
    }
}
