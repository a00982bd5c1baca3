internal import CShim
import Glibc

/// A frame in a block of a ring: where its bytes are, and what the kernel says about it.
@usableFromInline
struct RingFrame {
    /// Where its bytes are in its block.
    @usableFromInline let bytes: Range<Int>
    /// How long the frame was, which is more than there are bytes when it was cut off.
    let length: Int
    @usableFromInline let ancillary: Ancillary
    let isOutgoing: Bool

    var isTruncated: Bool { length > bytes.count }
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
        guard let headers = block.load(FrameHeaders.self, at: offset), let frame = frame(behind: headers)
        else {
            framesLeft = 0
            return nil
        }
        framesLeft -= 1
        if framesLeft > 0 {
            offset += Int(headers.frame.next_offset)
            // Backwards, or into this frame: the block is not what it should be.
            if offset < frame.bytes.upperBound { framesLeft = 0 }
        }
        return frame
    }

    private func frame(behind headers: FrameHeaders) -> RingFrame? {
        let header = headers.frame
        let start = offset + Int(header.mac_offset)
        let count = Int(header.captured_length)
        guard Int(header.mac_offset) >= MemoryLayout<FrameHeaders>.size, start + count <= end,
            header.length >= header.captured_length
        else { return nil }
        return RingFrame(
            bytes: start..<start + count, length: Int(header.length), ancillary: Ancillary(header),
            isOutgoing: headers.sender.sll_pkttype == UInt8(PACKET_OUTGOING))
    }
}

/// What stands before the bytes of a frame.
private struct FrameHeaders: BitwiseCopyable {
    let frame: cshim_frame_header
    let sender: sockaddr_ll
}

extension Ancillary {
    fileprivate init(_ header: cshim_frame_header) {
        self.init()
        let stamp = Timestamp(seconds: Int64(header.seconds), nanoseconds: Int64(header.nanoseconds))
        if header.status & cshim_TP_STATUS_TS_RAW_HARDWARE != 0 {
            hardware = stamp
        } else if header.status & cshim_TP_STATUS_TS_SOFTWARE != 0 {
            software = stamp
        }
        status = FrameStatus(
            bits: header.status, tag: UInt16(truncatingIfNeeded: header.vlan_tci),
            announcedBy: header.vlan_tpid)
    }
}
