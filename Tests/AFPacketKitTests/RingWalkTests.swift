import Glibc
import Testing

@testable import AFPacketKit

/// A block as the kernel lays it out, written by hand from its documentation.
private struct Block {
    /// 48 bytes: version, private offset, status, frames, first frame, length; sequence number; two times.
    var bytes = [UInt8](repeating: 0, count: 4096)
    private var end = 48
    private var count: UInt32 = 0

    init() {
        put(UInt32(1), at: 8)
        put(UInt32(48), at: 16)
        put(UInt32(48), at: 20)
    }

    mutating func put<Number: BitwiseCopyable>(_ number: Number, at offset: Int) {
        withUnsafeBytes(of: number) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }

    /// Adds a frame: 48 bytes of header, 20 of address, 14 of gap, the frame.
    mutating func add(
        _ frame: [UInt8], status: UInt32 = 1, seconds: UInt32 = 0, nanoseconds: UInt32 = 0, tci: UInt32 = 0,
        tpid: UInt16 = 0, length: Int? = nil
    ) {
        let size = (82 + frame.count + 7) & ~7
        put(UInt32(size), at: end)
        put(seconds, at: end + 4)
        put(nanoseconds, at: end + 8)
        put(UInt32(frame.count), at: end + 12)
        put(UInt32(length ?? frame.count), at: end + 16)
        put(status, at: end + 20)
        put(UInt16(82), at: end + 24)
        put(tci, at: end + 32)
        put(tpid, at: end + 36)
        bytes.replaceSubrange(end + 82..<end + 82 + frame.count, with: frame)
        end += size
        count += 1
        put(count, at: 12)
        put(UInt32(end), at: 20)
    }

    /// The entry of a frame in a block.
    struct Found {
        let bytes: Range<Int>
        let length: Int
        let ancillary: Ancillary
    }

    /// Every frame that a walk finds.
    var frames: [Found] {
        var walk = RingWalk(through: bytes.span)
        var found: [Found] = []
        while let frame = walk.next(in: bytes.span) {
            let headers = frame.headers(in: bytes.span)
            found.append(
                Found(bytes: frame.bytes, length: Int(headers.length), ancillary: headers.ancillary))
        }
        #expect(walk.framesLeft == 0, "the block is not given back")
        return found
    }

    func content(_ frame: Found) -> [UInt8] { Array(bytes[frame.bytes]) }
}

extension RingFrame {
    fileprivate func headers(in block: Span<UInt8>) -> FrameHeaders {
        block.value(at: Int(headersOffset), as: FrameHeaders.self)
    }
}

@Suite struct RingWalkTests {
    private func three() -> Block {
        var block = Block()
        for value: UInt8 in 1...3 { block.add([UInt8](repeating: value, count: 59 + Int(value))) }
        return block
    }

    @Test func findsEveryFrameInItsOrder() {
        let block = three()
        let frames = block.frames
        #expect(frames.map { block.content($0).first } == [1, 2, 3])
        #expect(frames.map(\.length) == [60, 61, 62])
        #expect(frames.map(\.bytes.count) == [60, 61, 62])
    }

    @Test func findsNothingInAnEmptyBlock() { #expect(Block().frames.isEmpty) }

    @Test func tellsWhichStampItIs() {
        var block = Block()
        for status: UInt32 in [1 | 1 << 29, 1 | 1 << 31, 1] {
            block.add([9], status: status, seconds: 4_000_000_000, nanoseconds: 5)
        }
        let stamps = block.frames.map(\.ancillary)
        #expect(stamps.map(\.software?.nanoseconds) == [4_000_000_000_000_000_005, nil, nil])
        #expect(stamps.map(\.hardware?.nanoseconds) == [nil, 4_000_000_000_000_000_005, nil])
    }

    @Test func takesNoStampThatIsNoTime() {
        var block = Block()
        block.add([9], status: 1 | 1 << 29, seconds: 1, nanoseconds: 1_000_000_000)
        #expect(block.frames.map(\.ancillary.software) == [nil])
    }

    @Test func readsTheTagThatTheKernelTookOut() {
        var block = Block()
        block.add([9], status: 0x51, tci: 0xa064, tpid: 0x88a8)
        block.add([9], status: 0x11, tci: 0, tpid: 0)
        block.add([9], status: 0x01, tci: 7, tpid: 0x8100)
        let tags = block.frames.map(\.ancillary.vlan)
        #expect(tags[0] == VLANTag(controlInformation: 0xa064, protocolIdentifier: .serviceVLAN))
        #expect(tags[1] == VLANTag(identifier: 0))
        #expect(tags[2] == nil)
    }

    @Test func tellsWhatElseIsKnown() {
        var block = Block()
        block.add([9], status: 0x09)
        block.add([9], length: 1500)
        let frames = block.frames
        #expect(frames.map(\.ancillary.isChecksumPending) == [true, false])
        #expect(frames.map(\.length) == [1, 1500])
    }

    /// By the second frame's header: what it says of itself is not within the block.
    @Test(arguments: [
        (12, UInt32(4096)), (12, .max), (12, 1 << 31), (16, 0), (24, 0xffff), (24, 0), (24, 67),
    ])
    func stopsAtAFrameThatIsNotInTheBlock(field: Int, value: UInt32) {
        var block = three()
        let second = 48 + 144
        if field == 24 {
            block.put(UInt16(value), at: second + 24)
        } else {
            block.put(value, at: second + field)
        }
        #expect(block.frames.map(\.length) == [60])
    }

    /// By the first frame's header: the next one would be this one again, be within it, or be nowhere.
    @Test(arguments: [UInt32(0), 1, 48, 141, 4096, 1 << 31, .max])
    func stopsWhereTheNextFrameCannotBe(offset: UInt32) {
        var block = three()
        block.put(offset, at: 48)
        #expect(block.frames.map(\.length) == [60])
    }

    @Test(arguments: [UInt32(0), 8, 47, 4050, 4096, 1 << 31, .max])
    func stopsWhereTheFirstFrameCannotBe(offset: UInt32) {
        var block = three()
        block.put(offset, at: 16)
        #expect(block.frames.isEmpty)
    }

    @Test func findsNoMoreThanThereIsWhateverTheCount() {
        var block = three()
        for count in [UInt32(4), 1000, .max] {
            block.put(count, at: 12)
            #expect(block.frames.count == 3)
        }
    }

    @Test func findsNothingBehindTheLength() {
        var block = three()
        block.put(UInt32(48 + 144 + 100), at: 20)
        #expect(block.frames.map(\.length) == [60])
    }

    @Test func survivesEveryCutOffEnd() {
        let whole = three().bytes
        for count in 0..<500 {
            let bytes = Array(whole[..<count])
            var walk = RingWalk(through: bytes.span)
            while let frame = walk.next(in: bytes.span) { #expect(frame.bytes.upperBound <= count) }
        }
    }

    @Test func survivesRandomBytes() {
        for _ in 0..<20_000 {
            var block = three()
            for _ in 0..<4 {
                // In the headers, whose fields get both small and large values.
                let offset = Int.random(in: 2..<90) * 4
                block.put(Bool.random() ? UInt32.random(in: 0...400) : .random(in: 0 ... .max), at: offset)
            }
            var walk = RingWalk(through: block.bytes.span)
            while let frame = walk.next(in: block.bytes.span) {
                #expect(frame.bytes.upperBound <= block.bytes.count)
            }
        }
    }
}
