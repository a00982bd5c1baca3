internal import CShim
import Glibc

/// What the kernel says about a frame beside its bytes.
public struct Ancillary: Hashable, Sendable {
    /// When the kernel received the frame, or its driver sent it: CLOCK_REALTIME.
    @OptionalTimestamp public var software: Timestamp? = nil
    /// When the NIC received or sent it: the NIC's own clock.
    @OptionalTimestamp public var hardware: Timestamp? = nil
    /// Set on messages of the error queue: which transmit stamp this is.
    public var transmission: TransmitReport?
    /// Set on messages of the error queue: why this frame was not sent at its launch time, and never will be.
    public var launchFailure: LaunchFailure?
    /// The VLAN tag that the kernel took out of the frame. PACKET_AUXDATA
    public var vlan: VLANTag?
    /// The frame comes from this host and its transport checksum is still to be filled in; it cannot be
    /// judged. TP_STATUS_CSUMNOTREADY
    public var isChecksumPending = false

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
        @inlinable
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The driver handed it to the NIC (software stamp) or the NIC sent it (hardware stamp).
        @inlinable
        public static var sent: Event { Event(rawValue: 0) }
        /// It entered the packet scheduler.
        @inlinable
        public static var scheduled: Event { Event(rawValue: 1) }
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
        // The size of a word is also the alignment. cmsg(3)
        let alignment = MemoryLayout<Int>.size
        var start = 0
        while let header = bytes.load(ControlHeader.self, at: start) {
            guard header.length >= MemoryLayout<ControlHeader>.size, header.length <= bytes.count - start
            else { break }
            switch (header.level, header.type) {
            case (SOL_SOCKET, cshim_SO_TIMESTAMPING_NEW):
                if let stamps = bytes.data(Stamps<Int64>.self, of: header, at: start) { take(stamps) }
            case (SOL_SOCKET, cshim_SO_TIMESTAMPING_OLD):
                if let stamps = bytes.data(Stamps<CLong>.self, of: header, at: start) { take(stamps) }
            case (SOL_PACKET, PACKET_TX_TIMESTAMP):
                if let error = bytes.data(ExtendedError.self, of: header, at: start) { take(error) }
            case (SOL_PACKET, PACKET_AUXDATA):
                if let auxiliary = bytes.data(tpacket_auxdata.self, of: header, at: start) {
                    read(
                        status: auxiliary.tp_status, tag: auxiliary.tp_vlan_tci,
                        announcedBy: auxiliary.tp_vlan_tpid)
                }
            default: break
            }
            start += (header.length + alignment - 1) & ~(alignment - 1)
        }
        // The report of a frame that was not launched has its launch time in place of a stamp.
        if launchFailure != nil { (software, hardware) = (nil, nil) }
    }

    private mutating func take<Word>(_ stamps: Stamps<Word>) {
        if let stamp = stamps.software.timestamp { software = stamp }
        if let stamp = stamps.hardware.timestamp { hardware = stamp }
    }

    // Not inlined, so that frames, which have none, are read without minding it.
    @inline(never)
    private mutating func take(_ error: ExtendedError) {
        switch error.origin {
        case UInt8(SO_EE_ORIGIN_TXTIME): launchFailure = LaunchFailure(rawValue: error.code)
        case UInt8(SO_EE_ORIGIN_TIMESTAMPING):
            transmission = TransmitReport(event: TransmitReport.Event(rawValue: error.info), key: error.data)
        default: break
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

/// struct cmsghdr without the bytes behind it, which keep the imported one from being loaded.
private struct ControlHeader: BitwiseCopyable {
    let length: Int
    let level: CInt
    let type: CInt
}

/// struct sock_extended_err, linux/errqueue.h; the imported one has a union, which keeps it from being loaded, too.
private struct ExtendedError: BitwiseCopyable {
    let number: UInt32
    let origin: UInt8
    let type: UInt8
    let code: UInt8
    let padding: UInt8
    let info: UInt32
    let data: UInt32
}

/// struct scm_timestamping and, with wide words, struct scm_timestamping64: a software stamp, one that is no longer used
/// and a raw hardware stamp. linux/errqueue.h
private struct Stamps<Word: FixedWidthInteger & SIMDScalar & BitwiseCopyable>: BitwiseCopyable {
    /// struct timespec; all zero means that there is none.
    struct Reading: BitwiseCopyable {
        let seconds: Word
        let nanoseconds: Word

        var timestamp: Timestamp? {
            guard seconds | nanoseconds != 0 else { return nil }
            return Timestamp(seconds: Int64(seconds), nanoseconds: Int64(nanoseconds))
        }
    }

    let software: Reading
    let legacy: Reading
    let hardware: Reading
}

extension Span<UInt8> {
    /// The value that the data of the control message at `start` begin with; nil where they are not all there.
    fileprivate func data<Value: BitwiseCopyable>(
        _ type: Value.Type, of header: ControlHeader, at start: Int
    ) -> Value? {
        let headerSize = MemoryLayout<ControlHeader>.size
        guard header.length >= headerSize + MemoryLayout<Value>.size else { return nil }
        return load(type, at: start + headerSize)
    }
}
