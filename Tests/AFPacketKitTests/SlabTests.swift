import AFPacketKit
import Testing

@Suite struct SlabTests {
    /// Counts how many of it there are.
    private final class Witness {
        private let ended: () -> Void
        init(_ ended: @escaping () -> Void) { self.ended = ended }
        deinit { ended() }
    }

    @Test func elementsAreChangedInTheirPlace() {
        var slab = Slab(count: 4) { [$0] }
        slab[2].append(7)
        slab[wrapping: 5].append(8)
        let elements = (0..<4).map { slab[$0] }
        #expect(elements == [[0], [1, 8], [2, 7], [3]])
    }

    @Test func elementsEndWithTheSlab() {
        var ended = 0
        do {
            let slab = Slab(count: 3) { _ in Witness { ended += 1 } }
            #expect(slab.count == 3 && ended == 0)
        }
        #expect(ended == 3)
    }

    @Test func elementsThatWereMadeEndWhereOneCannotBe() {
        struct Refusal: Error {}
        var ended = 0
        do {
            _ = try Slab(count: 3) { index throws(Refusal) in
                if index == 2 { throw Refusal() }
                return Witness { ended += 1 }
            }
            Issue.record("it was made")
        } catch {}
        #expect(ended == 2)
    }

    @Test func bytesAreCopiedOverEachOther() {
        var slab = Slab<UInt8>(zeros: 8)
        slab.copy([1, 2, 3, 4, 5].span, to: 3)
        slab.copy(3..<8, to: 1)
        slab.store(UInt16(bigEndian: 0x0809), at: 6)
        #expect(slab.span.array == [0, 1, 2, 3, 4, 5, 8, 9])
        slab.update(repeating: 6, from: 1, count: 3)
        #expect(slab.span.array == [0, 6, 6, 6, 4, 5, 8, 9])
        var span = slab.mutableSpan
        span[0] = 1
        #expect(slab[0] == 1)
    }

    /// The process ends as the program wants it to.
    @Test func memoryThatIsLackingEndsTheProcess() async {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            _ = Slab<UInt8>(zeros: 1 << 60)
        }
        let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said == "cannot allocate \(1 << 60) bytes of memory: raise the limit (ulimit -v)\n")
        await #expect(processExitsWith: .exitCode(3)) {
            MemoryShortage.react { bytes in bytes == 1 << 60 ? 3 : 4 }
            _ = Slab<UInt8>(zeros: 1 << 60)
        }
    }

    @Test func whatIsNotThereEndsTheProcess() async {
        await #expect(processExitsWith: .failure) { _ = Slab<Int>(zeros: 2)[2] }
        await #expect(processExitsWith: .failure) { _ = Slab<Int>(zeros: 2)[-1] }
        await #expect(processExitsWith: .failure) {
            var slab = Slab<UInt8>(zeros: 4)
            slab.copy([1, 2, 3].span, to: 2)
        }
        await #expect(processExitsWith: .failure) {
            var slab = Slab<UInt8>(zeros: 4)
            slab.update(repeating: 1, from: 3, count: 2)
        }
    }
}

@Suite struct QueueTests {
    @Test func recordsComeInTheirOrder() {
        let queue = RecordQueue<[Int]>(capacity: 4)
        for round in 0..<3 {
            let pushed = (0..<5).map { queue.push([round, $0]) }
            #expect(pushed == [true, true, true, true, false])
            #expect(queue.isFilling && queue.room == 0)
            let popped = (0..<5).map { _ in queue.pop() }
            #expect(popped == [[round, 0], [round, 1], [round, 2], [round, 3], nil])
            #expect(queue.isEmpty && !queue.isFilling)
        }
    }

    /// Lengths that do not divide the queue's, so that headers and bytes go on at its beginning at every place.
    @Test func byteRecordsGoRoundTheRing() {
        let queue = ByteRecordQueue(capacity: 128)
        var buffer: [UInt8] = []
        for round in 0..<300 {
            let bytes = (0..<round % 41).map { UInt8(truncatingIfNeeded: round + $0) }
            let label = ByteRecordQueue.Label(time: Timestamp(nanoseconds: Int64(round)), length: 2 * round)
            let (first, second) = (bytes.count / 3, bytes.count / 2)
            let pushed = queue.push(
                label, bytes.span.extracting(first: first), bytes.span.extracting(first..<second),
                bytes.span.extracting(second..<bytes.count))
            #expect(pushed && !queue.isEmpty)
            queue.drain(through: &buffer) { found, content in
                #expect(found == label)
                #expect(content.array == bytes)
            }
            #expect(queue.isEmpty)
        }
    }

    @Test func aByteRecordThatDoesNotFitIsRefused() {
        let queue = ByteRecordQueue(capacity: 64)
        let label = ByteRecordQueue.Label(time: Timestamp(nanoseconds: 0), length: 0)
        let bytes = [UInt8](repeating: 1, count: 40)
        let refused = queue.push(label, bytes.span, [1].span)
        #expect(!refused && queue.isEmpty)
        let taken = queue.push(label, bytes.span)
        #expect(taken && queue.isFilling)
    }
}
