internal import CShim
import Glibc

/// A frame in a block of a ring: where its bytes are, and what the kernel says about it.
@usableFromInline
struct RingFrame {
    @usableFromInline let start: UInt32
    @usableFromInline let count: UInt32
    private let wireLength: UInt32
    private let status: UInt32
    private let seconds: UInt32
    private let nanoseconds: UInt32
    private let tag: UInt16
    private let tagType: UInt16
    let isOutgoing: Bool

    /// Whose bytes start at `start` of its block.
    fileprivate init(_ header: cshim_frame_header, at start: Int, isOutgoing: Bool) {
        self.start = UInt32(truncatingIfNeeded: start)
        count = header.captured_length
        wireLength = header.length
        status = header.status
        (seconds, nanoseconds) = (header.seconds, header.nanoseconds)
        (tag, tagType) = (UInt16(truncatingIfNeeded: header.vlan_tci), header.vlan_tpid)
        self.isOutgoing = isOutgoing
    }

    @inlinable
    var bytes: Range<Int> { Int(start)..<Int(start) + Int(count) }

    /// How long the frame was, which is more than there are bytes when it was cut off.
    var length: Int { Int(wireLength) }

    var isTruncated: Bool { wireLength > count }

    @usableFromInline
    var ancillary: Ancillary {
        var ancillary = Ancillary()
        let stamp = Timestamp(seconds: Int64(seconds), nanoseconds: Int64(nanoseconds))
        if status & cshim_TP_STATUS_TS_RAW_HARDWARE != 0 {
            ancillary.hardware = stamp
        } else if status & cshim_TP_STATUS_TS_SOFTWARE != 0 {
            ancillary.software = stamp
        }
        ancillary.read(status: status, tag: tag, announcedBy: tagType)
        return ancillary
    }
}

/// Where one is in a block of a ring of version TPACKET_V3.
///
///     tpacket_block_desc   status, number of frames, where the first one starts, length of all
///     tpacket3_hdr         where the next frame starts, stamp, lengths, status, where the bytes are, VLAN tag
///     sockaddr_ll          the direction of the frame
///     bytes, padding       and the next tpacket3_hdr
///
/// Documentation/networking/packet_mmap.rst in the kernel's sources. What does not fit into the block ends the walk.
struct RingWalk {
    /// How many frames are still to come, as the block says.
    private(set) var framesLeft: Int
    private var offset: Int
    private let end: Int

    /// Before the first frame of a block.
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

    /// The next frame; nil where there is none.
    mutating func next(in block: Span<UInt8>) -> RingFrame? {
        guard framesLeft > 0 else { return nil }
        guard let header = block.load(cshim_frame_header.self, at: offset),
            let frame = frame(header, in: block)
        else {
            framesLeft = 0
            return nil
        }
        framesLeft -= 1
        if framesLeft > 0 {
            offset += Int(header.next_offset)
            // Backwards, or into this frame: the block is not what it should be.
            if offset < frame.bytes.upperBound { framesLeft = 0 }
        }
        return frame
    }

    private func frame(_ header: cshim_frame_header, in block: Span<UInt8>) -> RingFrame? {
        let headers = MemoryLayout<cshim_frame_header>.size + MemoryLayout<sockaddr_ll>.size
        let start = offset + Int(header.mac_offset)
        let count = Int(header.captured_length)
        guard Int(header.mac_offset) >= headers, start + count <= end,
            header.length >= header.captured_length,
            let sender = block.load(sockaddr_ll.self, at: offset + MemoryLayout<cshim_frame_header>.size)
        else { return nil }
        return RingFrame(header, at: start, isOutgoing: sender.sll_pkttype == UInt8(PACKET_OUTGOING))
    }
}
