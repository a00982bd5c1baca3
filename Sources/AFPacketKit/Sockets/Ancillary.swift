internal import CShim
import Glibc

/// The kernel's data about a frame: its stamps, its VLAN tag, the event of a completion.
///
/// Kept as the kernel's own numbers, zero if absent, and converted only on access.
public struct Ancillary: Hashable, Sendable {
    /// The software stamp: when the kernel received the frame, or its driver sent it, by CLOCK_REALTIME. nil if there
    /// is none.
    @OptionalTimestamp public var software: Timestamp? = nil
    /// The hardware stamp: when the NIC received or sent the frame, by the NIC's own clock. nil if there is none.
    @OptionalTimestamp public var hardware: Timestamp? = nil
    @usableFromInline var error = ExtendedError()
    @usableFromInline var status = FrameStatus()

    /// Creates empty data.
    @inlinable
    public init() {}

    /// Creates data as the kernel would deliver it, for tests.
    package init(
        software: Timestamp? = nil, hardware: Timestamp? = nil, transmission: TransmitCompletion? = nil,
        launchFailure: LaunchFailure? = nil, vlan: VLANTag? = nil, isChecksumPending: Bool = false
    ) {
        (self.software, self.hardware) = (software, hardware)
        if let transmission {
            error.number = UInt32(ENOMSG)
            error.origin = ExtendedError.fromTimestamping
            (error.info, error.data) = (transmission.event.rawValue, transmission.key)
        } else if let launchFailure {
            error.origin = UInt8(SO_EE_ORIGIN_TXTIME)
            error.code = launchFailure.rawValue
        }
        var bits = isChecksumPending ? FrameStatus.checksumNotReady : 0
        if vlan != nil { bits |= FrameStatus.hasTag | FrameStatus.hasTagType }
        status = FrameStatus(
            bits: bits, tag: vlan?.controlInformation ?? 0,
            announcedBy: vlan?.protocolIdentifier.rawValue ?? 0)
    }

    /// The event of a transmit completion; nil if this is none.
    @inlinable
    public var transmission: TransmitCompletion? { error.transmission }

    /// The reason why this frame from the error queue missed its launch time and was dropped; nil if it was not.
    public var launchFailure: LaunchFailure? { error.launchFailure }

    /// The VLAN tag that the kernel took out of the frame; nil if there was none. PACKET_AUXDATA
    @inlinable
    public var vlan: VLANTag? { status.vlan }

    /// Tells whether the frame comes from this host and its transport checksum is not yet filled in, so that it cannot
    /// be verified. TP_STATUS_CSUMNOTREADY
    @inlinable
    public var isChecksumPending: Bool { status.isChecksumPending }
}

/// The reason why a frame with a launch time was dropped. SO_EE_CODE_TXTIME_, linux/errqueue.h
public enum LaunchFailure: UInt8, Hashable, Sendable {
    /// The queueing discipline uses another clock, or the launch time had passed when the frame came.
    case invalid = 1
    /// The launch time passed while the frame waited.
    case missed = 2
}

/// A transmit completion: a message of the error queue about an event in the sending of one frame. struct
/// sock_extended_err, linux/errqueue.h
public struct TransmitCompletion: Hashable, Sendable {
    /// A stage of sending.
    public struct Event: RawRepresentable, Hashable, Sendable {
        /// The kernel's number, SCM_TSTAMP_.
        public let rawValue: UInt32

        /// Creates an event from the kernel's number.
        @inlinable
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The driver handed the frame to the NIC (software stamp), or the NIC sent it (hardware stamp).
        @inlinable
        public static var sent: Event { Event(rawValue: 0) }
        /// The frame entered the packet scheduler.
        @inlinable
        public static var scheduled: Event { Event(rawValue: 1) }
    }

    /// The event.
    public let event: Event
    /// The kernel's number of the send, from 0 on each socket, wrapping. Linux 4.19 and older give 0 to every send of
    /// a packet socket.
    public let key: UInt32

    /// Creates a completion of an event.
    public init(event: Event, key: UInt32) {
        self.event = event
        self.key = key
    }
}

extension Ancillary {
    /// Parses the control messages of recvmsg(2). Unknown messages are skipped, and those too short for their type. A
    /// message that exceeds the bytes ends the walk.
    ///
    /// Called once, on an empty value.
    mutating func read(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe read(at: start, count: bytes.count)
        }
    }

    /// Parses `count` bytes at an address, like the other `read`.
    @inline(__always)
    mutating func read(at start: UnsafeRawPointer, count: Int) {
        var messages = unsafe ControlMessages(start: start, bytesLeft: count)
        while let message = messages.next() { take(message) }
        // A message about a frame that was not launched has the launch time in place of a stamp.
        if error.origin == UInt8(SO_EE_ORIGIN_TXTIME) { (software, hardware) = (nil, nil) }
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
            if let found = message.data(as: ExtendedError.self) { error = found }
        case ControlMessage.kind(CInt(IPPROTO_IP), IP_RECVERR),
            ControlMessage.kind(CInt(IPPROTO_IPV6), IPV6_RECVERR):
            if let found = message.data(as: ExtendedError.self) { error = found }
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

/// A walk through consecutive control messages, each aligned to a word. cmsg(3)
@safe private struct ControlMessages {
    var start: UnsafeRawPointer
    /// Negative if the padding of the last message is missing.
    var bytesLeft: Int

    /// The next message; nil after the last one, or if one claims more bytes than there are.
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

/// A control message with all of its bytes.
@safe private struct ControlMessage {
    /// struct cmsghdr without its trailing bytes: with them, the imported type cannot be loaded.
    struct Header: BitwiseCopyable {
        let length: Int
        /// The level and the type, as one number.
        let kind: UInt64
    }

    /// A level and a type as one number, in their order in memory.
    static func kind(_ level: CInt, _ type: CInt) -> UInt64 {
        let (level, type) = (UInt64(UInt32(bitPattern: level)), UInt64(UInt32(bitPattern: type)))
        return UInt8(truncatingIfNeeded: 1.littleEndian) == 1 ? level | type << 32 : level << 32 | type
    }

    static let headerSize = MemoryLayout<Int>.size + MemoryLayout<UInt64>.size

    let header: Header
    private let start: UnsafeRawPointer

    /// Reads the message at an address with a complete header.
    init(at start: UnsafeRawPointer) {
        header = unsafe Header(
            length: start.loadUnaligned(as: Int.self),
            kind: start.loadUnaligned(fromByteOffset: MemoryLayout<Int>.size, as: UInt64.self))
        unsafe self.start = start
    }

    /// The value at the start of the data; nil if they are too short for it.
    @inline(__always)
    func data<Value: BitwiseCopyable>(as type: Value.Type) -> Value? {
        guard header.length >= Self.headerSize + MemoryLayout<Value>.size else { return nil }
        return unsafe start.loadUnaligned(fromByteOffset: Self.headerSize, as: type)
    }
}

/// struct sock_extended_err, linux/errqueue.h. The imported type has a union, so it cannot be loaded. All zero if
/// there was none.
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
    var transmission: TransmitCompletion? {
        guard origin == Self.fromTimestamping else { return nil }
        return TransmitCompletion(event: TransmitCompletion.Event(rawValue: info), key: data)
    }

    var launchFailure: LaunchFailure? {
        origin == UInt8(SO_EE_ORIGIN_TXTIME) ? LaunchFailure(rawValue: code) : nil
    }
}

/// The TP_STATUS_ bits about the frame itself, and the two halves of a tag; the bits tell which halves are valid.
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

/// struct scm_timestamping and, with 64-bit words, struct scm_timestamping64: a software stamp, an obsolete one and a
/// raw hardware stamp. linux/errqueue.h
private struct Stamps<Word: FixedWidthInteger & SIMDScalar & BitwiseCopyable>: BitwiseCopyable {
    /// struct timespec; all zero, like the stamp 0, means that there is none.
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
