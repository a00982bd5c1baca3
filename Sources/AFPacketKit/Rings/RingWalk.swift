internal import CShim
import Glibc

/// The offsets of a frame's headers and bytes in a block of a ring. The headers are read on access.
@usableFromInline
struct RingFrame {
    @usableFromInline let headersOffset: UInt32
    @usableFromInline let start: UInt32
    @usableFromInline let count: UInt32

    /// An empty frame.
    @usableFromInline
    init() { (headersOffset, start, count) = (0, 0, 0) }

    /// The frame after headers at `offset` of a block; nil if its bytes do not end before `end`.
    @inline(__always)
    init?(behind headers: FrameHeaders, at offset: Int, before end: Int) {
        let start = offset &+ Int(headers.macOffset)
        guard Int(headers.macOffset) >= MemoryLayout<FrameHeaders>.size,
            start &+ Int(headers.capturedLength) <= end, headers.length >= headers.capturedLength
        else { return nil }
        headersOffset = UInt32(truncatingIfNeeded: offset)
        self.start = UInt32(truncatingIfNeeded: start)
        count = headers.capturedLength
    }

    /// The range of its bytes in the block.
    var bytes: Range<Int> { Int(start)..<end }

    /// The end offset of its bytes.
    var end: Int { Int(start) &+ Int(count) }
}

/// The headers before a frame's bytes: struct tpacket3_hdr, whose imported type has a union and so cannot be loaded,
/// and the packet type from the following struct sockaddr_ll. linux/if_packet.h
@usableFromInline
struct FrameHeaders: BitwiseCopyable {
    @usableFromInline let distanceToNext: UInt32
    @usableFromInline let seconds: UInt32
    @usableFromInline let nanoseconds: UInt32
    @usableFromInline let capturedLength: UInt32
    @usableFromInline let length: UInt32
    @usableFromInline let status: UInt32
    @usableFromInline let macOffset: UInt16
    @usableFromInline let networkOffset: UInt16
    @usableFromInline let hash: UInt32
    @usableFromInline let vlanControl: UInt32
    @usableFromInline let vlanType: UInt16
    @usableFromInline let padding: UInt16
    @usableFromInline let reserved: (UInt32, UInt32)
    @usableFromInline let family: UInt16
    @usableFromInline let ethernetProtocol: UInt16
    @usableFromInline let interfaceIndex: UInt32
    @usableFromInline let hardwareType: UInt16
    @usableFromInline let packetType: UInt8
    @usableFromInline let addressLength: UInt8
    @usableFromInline let address: (UInt32, UInt32)

    /// Reads complete headers at `offset` of a block.
    @inlinable
    init(at offset: Int, in block: UnsafeRawPointer) {
        self = unsafe block.loadUnaligned(fromByteOffset: offset, as: FrameHeaders.self)
    }

    /// TP_STATUS_TS_RAW_HARDWARE
    @inlinable
    static var hasHardwareStamp: UInt32 { 1 << 31 }
    /// TP_STATUS_TS_SOFTWARE
    @inlinable
    static var hasSoftwareStamp: UInt32 { 1 << 29 }

    /// The kernel's data about the frame.
    @inlinable
    var ancillary: Ancillary {
        @inline(__always)
        get {
            var ancillary = Ancillary()
            let stamp = Timestamp(seconds: Int64(seconds), nanoseconds: Int64(nanoseconds))
            // Without either bit, it is the time at which the kernel wrote the frame.
            if status & Self.hasHardwareStamp != 0 {
                ancillary.hardware = stamp
            } else if status & Self.hasSoftwareStamp != 0 {
                ancillary.software = stamp
            }
            ancillary.status = FrameStatus(
                bits: status, tag: UInt16(truncatingIfNeeded: vlanControl), announcedBy: vlanType)
            return ancillary
        }
    }
}

/// A walk through the frames in a block of a ring of version TPACKET_V3.
///
///     tpacket_block_desc   status, number of frames, where the first one starts, length of all
///     tpacket3_hdr         where the next frame starts, stamp, lengths, status, where the bytes are, VLAN tag
///     sockaddr_ll          the direction of the frame
///     bytes, padding       and the next tpacket3_hdr
///
/// Documentation/networking/packet_mmap.rst in the kernel's sources. A frame that exceeds the block ends the walk.
struct RingWalk {
    /// The number of frames still to come, as the block says.
    private(set) var framesLeft: Int
    private var offset: Int
    private let end: Int

    /// The number of frames to prefetch ahead.
    private static let framesAhead = 8

    /// Starts before the first frame of a block.
    init(through block: Span<UInt8>) {
        guard let header = block.load(cshim_block_header.self, at: 0),
            header.first_frame_offset >= MemoryLayout<cshim_block_header>.size
        else {
            (framesLeft, offset, end) = (0, 0, 0)
            return
        }
        framesLeft = Int(header.frame_count)
        offset = Int(header.first_frame_offset)
        end = min(Int(header.length), block.count)
    }

    /// The next frame; nil after the last.
    @inline(__always)
    mutating func next(in block: Span<UInt8>) -> RingFrame? {
        unsafe block.withUnsafeBytes { block in
            guard let start = block.baseAddress, framesLeft > 0,
                end &- offset >= MemoryLayout<FrameHeaders>.size,
                case let headers = unsafe FrameHeaders(at: offset, in: start),
                let frame = RingFrame(behind: headers, at: offset, before: end)
            else {
                framesLeft = 0
                return nil
            }
            // Another CPU has written the frames: prefetch one some way ahead, at its offset if frames are alike.
            let ahead = unsafe start + (offset &+ Int(headers.distanceToNext) &* Self.framesAhead)
            unsafe cshim_prefetch(ahead)
            unsafe cshim_prefetch(ahead + 64)
            framesLeft &-= 1
            offset &+= Int(headers.distanceToNext)
            // Backwards, or into this frame: the block is corrupt. After the last frame it does not matter.
            if offset < frame.end { framesLeft = 0 }
            return frame
        }
    }
}
