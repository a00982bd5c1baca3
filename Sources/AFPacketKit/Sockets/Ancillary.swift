internal import CShim
import Glibc

/// What the kernel says about a frame beside its bytes.
public struct Ancillary: Hashable, Sendable {
    /// When the kernel received the frame, or its driver sent it: CLOCK_REALTIME.
    public var software: Timestamp?
    /// When the NIC received or sent it: the NIC's own clock.
    public var hardware: Timestamp?
    /// The VLAN tag that the kernel took out of the frame. PACKET_AUXDATA
    public var vlan: VLANTag?
    /// The frame comes from this host and its transport checksum is still to be filled in; it cannot be
    /// judged. TP_STATUS_CSUMNOTREADY
    public var isChecksumPending = false
    /// Set on messages of the error queue: which transmit stamp this is.
    public var transmission: TransmitReport?
    /// Set on messages of the error queue: why this frame was not sent at its launch time, and never will be.
    public var launchFailure: LaunchFailure?

    /// Nothing is known.
    public init() {}
}

/// Why a frame was dropped that had a launch time. SO_EE_CODE_TXTIME_, linux/errqueue.h
public enum LaunchFailure: UInt8, Hashable, Sendable {
    /// The queueing discipline goes by another clock, or the time had passed when the frame came.
    case invalid = 1
    /// The time passed while the frame waited.
    case missed = 2
}

/// What a message of the error queue reports on: one event in the sending of one frame.
/// struct sock_extended_err, linux/errqueue.h
public struct TransmitReport: Hashable, Sendable {
    /// How far the frame has come.
    public struct Event: RawRepresentable, Hashable, Sendable {
        /// The kernel's number, SCM_TSTAMP_.
        public let rawValue: UInt32

        /// Takes the kernel's number.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The driver handed it to the NIC (software stamp) or the NIC sent it (hardware stamp).
        public static let sent = Event(rawValue: 0)
        /// It entered the packet scheduler.
        public static let scheduled = Event(rawValue: 1)
    }

    /// The event.
    public let event: Event
    /// The number the kernel gave to the send, from 0 on each socket, wrapping. Linux 4.19 and older give
    /// 0 to every send of a packet socket.
    public let key: UInt32

    /// A report.
    public init(event: Event, key: UInt32) {
        self.event = event
        self.key = key
    }
}

extension Ancillary {
    /// Reads the control messages that recvmsg(2) filled in. What is unknown is passed over; a message
    /// that does not fit into the bytes, or is shorter than its type, ends the walk or is passed over.
    public init(controlBytes bytes: Span<UInt8>) {
        // struct cmsghdr: a length in the size of a word, which is also the alignment, a level and a type.
        let alignment = MemoryLayout<Int>.size
        let headerSize = alignment + 8
        var start = 0
        // The report of a frame that was not launched has its launch time in place of a stamp.
        defer { if launchFailure != nil { (software, hardware) = (nil, nil) } }
        while let length = bytes.load(Int.self, at: start),
            let level = bytes.load(CInt.self, at: start + alignment),
            let type = bytes.load(CInt.self, at: start + alignment + 4)
        {
            guard length >= headerSize, length <= bytes.count - start else { return }
            read(level: level, type: type, bytes.extracting(start + headerSize..<start + length))
            start += (length + alignment - 1) & ~(alignment - 1)
        }
    }

    private mutating func read(level: CInt, type: CInt, _ data: Span<UInt8>) {
        switch (level, type) {
        case (SOL_SOCKET, cshim_SO_TIMESTAMPING_NEW), (SOL_SOCKET, cshim_SO_TIMESTAMPING_OLD):
            let isNew = type == cshim_SO_TIMESTAMPING_NEW
            // Three stamps: software, one that is no longer used, raw hardware. All zero means none.
            if let stamp = data.timestamp(at: 0, wide: isNew) { software = stamp }
            if let stamp = data.timestamp(at: 2, wide: isNew) { hardware = stamp }
        case (SOL_PACKET, PACKET_TX_TIMESTAMP):
            // struct sock_extended_err: ee_origin is the fifth byte, ee_code the seventh, ee_info the third word, ee_data the last.
            guard let origin = data.load(UInt8.self, at: 4) else { return }
            if origin == UInt8(SO_EE_ORIGIN_TXTIME) {
                launchFailure = data.load(UInt8.self, at: 6).flatMap(LaunchFailure.init)
            }
            guard origin == UInt8(SO_EE_ORIGIN_TIMESTAMPING),
                let event = data.load(UInt32.self, at: 8), let key = data.load(UInt32.self, at: 12)
            else { return }
            transmission = TransmitReport(event: TransmitReport.Event(rawValue: event), key: key)
        case (SOL_PACKET, PACKET_AUXDATA):
            guard let auxiliary = data.load(tpacket_auxdata.self, at: 0) else { return }
            read(status: auxiliary.tp_status, tag: auxiliary.tp_vlan_tci, announcedBy: auxiliary.tp_vlan_tpid)
        default:
            return
        }
    }

    /// Reads the bits of TP_STATUS_ about the frame itself, which say what the tag's two halves are worth.
    mutating func read(status: UInt32, tag: UInt16, announcedBy type: UInt16) {
        isChecksumPending = status & cshim_TP_STATUS_CSUMNOTREADY != 0
        guard status & cshim_TP_STATUS_VLAN_VALID != 0 else { return }
        let hasProtocol = status & cshim_TP_STATUS_VLAN_TPID_VALID != 0
        vlan = VLANTag(
            controlInformation: tag, protocolIdentifier: hasProtocol ? EtherType(rawValue: type) : .vlan)
    }
}

extension Span<UInt8> {
    /// The value whose bytes, in this machine's order, start at `offset`; nil where they are not all there.
    func load<Value: BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value? {
        guard offset >= 0, count - offset >= MemoryLayout<Value>.size else { return nil }
        return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    /// The time at `index` of an array of timespecs, nil where it is zero or not there.
    fileprivate func timestamp(at index: Int, wide: Bool) -> Timestamp? {
        let seconds: Int64
        let nanoseconds: Int64
        if wide {
            guard let pair = load(SIMD2<Int64>.self, at: index * 16) else { return nil }
            (seconds, nanoseconds) = (pair[0], pair[1])
        } else {
            let size = MemoryLayout<CLong>.size
            guard let first = load(CLong.self, at: index * 2 * size),
                let second = load(CLong.self, at: index * 2 * size + size)
            else { return nil }
            (seconds, nanoseconds) = (Int64(first), Int64(second))
        }
        guard seconds != 0 || nanoseconds != 0 else { return nil }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }
}
