internal import CShim
import Glibc

/// What the kernel says about a frame beside its bytes.
///
/// It is kept in the kernel's own numbers, zero for what it does not say, and told in words to those who ask: of most
/// frames nobody asks for all.
public struct Ancillary: Hashable, Sendable {
    /// When the kernel received the frame, or its driver sent it: CLOCK_REALTIME.
    @OptionalTimestamp public var software: Timestamp? = nil
    /// When the NIC received or sent it: the NIC's own clock.
    @OptionalTimestamp public var hardware: Timestamp? = nil
    @usableFromInline var report = ExtendedError()
    @usableFromInline var status = FrameStatus()

    /// Nothing is known.
    @inlinable
    public init() {}

    /// All that the kernel may say, for tests.
    package init(
        software: Timestamp? = nil, hardware: Timestamp? = nil, transmission: TransmitReport? = nil,
        launchFailure: LaunchFailure? = nil, vlan: VLANTag? = nil, isChecksumPending: Bool = false
    ) {
        (self.software, self.hardware) = (software, hardware)
        if let transmission {
            report.number = UInt32(ENOMSG)
            report.origin = ExtendedError.fromTimestamping
            (report.info, report.data) = (transmission.event.rawValue, transmission.key)
        } else if let launchFailure {
            report.origin = UInt8(SO_EE_ORIGIN_TXTIME)
            report.code = launchFailure.rawValue
        }
        var bits = isChecksumPending ? FrameStatus.checksumNotReady : 0
        if vlan != nil { bits |= FrameStatus.hasTag | FrameStatus.hasTagType }
        status = FrameStatus(
            bits: bits, tag: vlan?.controlInformation ?? 0,
            announcedBy: vlan?.protocolIdentifier.rawValue ?? 0)
    }

    /// Set on messages of the error queue: which transmit stamp this is.
    @inlinable
    public var transmission: TransmitReport? { report.transmission }

    /// Set on messages of the error queue: why this frame was not sent at its launch time, and never will be.
    public var launchFailure: LaunchFailure? { report.launchFailure }

    /// The VLAN tag that the kernel took out of the frame. PACKET_AUXDATA
    @inlinable
    public var vlan: VLANTag? { status.vlan }

    /// The frame comes from this host and its transport checksum is still to be filled in; it cannot be
    /// judged. TP_STATUS_CSUMNOTREADY
    @inlinable
    public var isChecksumPending: Bool { status.isChecksumPending }
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
    ///
    /// Nothing must be known yet.
    mutating func read(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe read(at: start, count: bytes.count)
        }
    }

    /// The same of `count` bytes at an address.
    @inline(__always)
    mutating func read(at start: UnsafeRawPointer, count: Int) {
        var messages = unsafe ControlMessages(start: start, bytesLeft: count)
        while let message = messages.next() { take(message) }
        // The report of a frame that was not launched has its launch time in place of a stamp.
        if report.origin == UInt8(SO_EE_ORIGIN_TXTIME) { (software, hardware) = (nil, nil) }
    }

    @inline(__always)
    private mutating func take(_ message: ControlMessage) {
        switch message.header.kind {
        case ControlMessage.kind(SOL_SOCKET, cshim_SO_TIMESTAMPING_NEW):
            if let stamps = message.data(as: Stamps<Int64>.self) { take(stamps) }
        case ControlMessage.kind(SOL_PACKET, PACKET_AUXDATA):
            if let auxiliary = message.data(as: tpacket_auxdata.self) {
                status = FrameStatus(
                    bits: auxiliary.tp_status, tag: auxiliary.tp_vlan_tci, announcedBy: auxiliary.tp_vlan_tpid
                )
            }
        case ControlMessage.kind(SOL_PACKET, PACKET_TX_TIMESTAMP):
            if let error = message.data(as: ExtendedError.self) { report = error }
        case ControlMessage.kind(SOL_SOCKET, cshim_SO_TIMESTAMPING_OLD):
            if let stamps = message.data(as: Stamps<CLong>.self) { take(stamps) }
        default: break
        }
    }

    @inline(__always)
    private mutating func take<Word>(_ stamps: Stamps<Word>) {
        (software, hardware) = (stamps.software.timestamp, stamps.hardware.timestamp)
    }
}

/// A walk through control messages, which stand one behind the other, each at a multiple of a word. cmsg(3)
@safe private struct ControlMessages {
    var start: UnsafeRawPointer
    /// Negative where what fills up the last message is not there.
    var bytesLeft: Int

    /// The next message; nil behind the last one, or where one claims more bytes than there are.
    @inline(__always)
    mutating func next() -> ControlMessage? {
        guard bytesLeft >= ControlMessage.headerSize else { return nil }
        let message = unsafe ControlMessage(at: start)
        let length = message.header.length
        guard length >= ControlMessage.headerSize, length <= bytesLeft else { return nil }
        let alignment = MemoryLayout<Int>.size
        let step = (length &+ alignment &- 1) & ~(alignment &- 1)
        unsafe start += step
        bytesLeft &-= step
        return message
    }
}

/// A control message, all of whose bytes are there.
@safe private struct ControlMessage {
    /// struct cmsghdr without the bytes behind it, which keep the imported one from being loaded.
    struct Header: BitwiseCopyable {
        let length: Int
        /// The level and the type, as one number.
        let kind: UInt64
    }

    /// The number that a level and a type make as they stand there.
    static func kind(_ level: CInt, _ type: CInt) -> UInt64 {
        let (level, type) = (UInt64(UInt32(bitPattern: level)), UInt64(UInt32(bitPattern: type)))
        return UInt8(truncatingIfNeeded: 1.littleEndian) == 1 ? level | type << 32 : level << 32 | type
    }

    static let headerSize = MemoryLayout<Int>.size + MemoryLayout<UInt64>.size

    let header: Header
    private let start: UnsafeRawPointer

    /// The one whose header is there.
    init(at start: UnsafeRawPointer) {
        header = unsafe Header(
            length: start.loadUnaligned(as: Int.self),
            kind: start.loadUnaligned(fromByteOffset: MemoryLayout<Int>.size, as: UInt64.self))
        unsafe self.start = start
    }

    /// What the data begin with; nil where they are too short for it.
    @inline(__always)
    func data<Value: BitwiseCopyable>(as type: Value.Type) -> Value? {
        guard header.length >= Self.headerSize + MemoryLayout<Value>.size else { return nil }
        return unsafe start.loadUnaligned(fromByteOffset: Self.headerSize, as: type)
    }
}

/// struct sock_extended_err, linux/errqueue.h; the imported one has a union, which keeps it from being loaded. Where there
/// is none all is zero.
@usableFromInline
struct ExtendedError: BitwiseCopyable, Hashable, Sendable {
    @usableFromInline var number: UInt32 = 0
    @usableFromInline var origin: UInt8 = 0
    @usableFromInline var type: UInt8 = 0
    @usableFromInline var code: UInt8 = 0
    @usableFromInline var padding: UInt8 = 0
    @usableFromInline var info: UInt32 = 0
    @usableFromInline var data: UInt32 = 0

    @inlinable
    init() {}

    /// SO_EE_ORIGIN_TIMESTAMPING
    @inlinable
    static var fromTimestamping: UInt8 { 4 }

    @inlinable
    var transmission: TransmitReport? {
        guard origin == Self.fromTimestamping else { return nil }
        return TransmitReport(event: TransmitReport.Event(rawValue: info), key: data)
    }

    var launchFailure: LaunchFailure? {
        origin == UInt8(SO_EE_ORIGIN_TXTIME) ? LaunchFailure(rawValue: code) : nil
    }
}

/// The bits of TP_STATUS_ about the frame itself, and the two halves of a tag, which the bits say the worth of.
@usableFromInline
struct FrameStatus: Hashable, Sendable {
    @usableFromInline var bits: UInt32 = 0
    @usableFromInline var tag: UInt16 = 0
    @usableFromInline var tagType: UInt16 = 0

    @inlinable
    init() {}

    @inlinable
    init(bits: UInt32, tag: UInt16, announcedBy type: UInt16) {
        self.bits = bits
        self.tag = tag
        tagType = type
    }

    /// TP_STATUS_CSUMNOTREADY, TP_STATUS_VLAN_VALID and TP_STATUS_VLAN_TPID_VALID, linux/if_packet.h
    @inlinable
    static var checksumNotReady: UInt32 { 1 << 3 }
    @inlinable
    static var hasTag: UInt32 { 1 << 4 }
    @inlinable
    static var hasTagType: UInt32 { 1 << 6 }

    @inlinable
    var vlan: VLANTag? {
        guard bits & Self.hasTag != 0 else { return nil }
        let hasType = bits & Self.hasTagType != 0
        return VLANTag(
            controlInformation: tag, protocolIdentifier: hasType ? EtherType(rawValue: tagType) : .vlan)
    }

    @inlinable
    var isChecksumPending: Bool { bits & Self.checksumNotReady != 0 }
}

/// struct scm_timestamping and, with wide words, struct scm_timestamping64: a software stamp, one that is no longer used
/// and a raw hardware stamp. linux/errqueue.h
private struct Stamps<Word: FixedWidthInteger & SIMDScalar & BitwiseCopyable>: BitwiseCopyable {
    /// struct timespec; all zero, the same as the stamp 0, means that there is none.
    struct Reading: BitwiseCopyable {
        let seconds: Word
        let nanoseconds: Word

        @inline(__always)
        var timestamp: Timestamp? {
            Timestamp(seconds: Int64(seconds), nanoseconds: Int64(nanoseconds))
        }
    }

    let software: Reading
    let legacy: Reading
    let hardware: Reading
}
