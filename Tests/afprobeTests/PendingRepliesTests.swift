import AFPacketKit
import Testing

@testable import afprobe

@Suite struct PendingRepliesTests {
    private let capacity = UInt64(PendingReplies.capacity)

    private func full() -> PendingReplies {
        var pending = PendingReplies()
        for number in 1...capacity {
            _ = pending.add(
                PendingReply(), sent: ReplyFrame(maxLength: 60), at: MonotonicTime(nanoseconds: Int64(number))
            )
        }
        return pending
    }

    @Test func theOldestMakesRoom() {
        var pending = full()
        let place = pending.numberToClear()
        #expect(place == 1)
    }

    /// Nobody has looked for the oldest since: a busy responder does so only now and then.
    @Test func noneMakesRoomWhereThereIsSome() {
        var pending = full()
        for place in 1..<capacity { pending.close(place) }
        let place = pending.numberToClear()
        #expect(place == nil)
        let oldest = pending.oldest()?.slot
        #expect(oldest == capacity)
    }

    /// Over IPv6, in a VLAN, in a PTP message: not a byte of the message may be lost.
    @Test func givesTheLongestReplyBack() throws {
        let address = IPv6Address(high: 0xfd00 << 48, low: 1)
        let shape = FrameShape(
            destination: MACAddress(2), source: MACAddress(3), vlan: VLANTag(identifier: 100),
            carrier: .udp6(
                UDPFlow(source: address, sourcePort: 319, destination: address, destinationPort: 319)),
            ptp: .enclosed)
        let length = shape.smallestSize(forPayload: ProbeMessage.length(of: .reply))
        let frame = [UInt8](repeating: 0x55, count: length)
        var pending = PendingReplies()
        let slot = pending.add(
            PendingReply(), sent: ReplyFrame(maxLength: 60), at: MonotonicTime(nanoseconds: 0))
        pending.keep(slot, as: frame)
        var restored = [UInt8](repeating: 0, count: length)
        pending.restore(slot, into: &restored)
        #expect(restored == frame)
        #expect(length <= StoredProbe.maxLength)
    }

    /// A place is used again by a frame of another length, and the frame to write it to held another one.
    @Test func givesAReplyBackAsItWasSent() {
        let lengths = [1514, 186, 60, 256, 257]
        var pending = PendingReplies()
        for turn in 0..<UInt64(lengths.count) * capacity {
            let index = Int(turn / capacity)
            var frame = [UInt8](repeating: 0, count: lengths[index])
            for place in 0..<min(frame.count, 256) {
                frame[place] = UInt8(truncatingIfNeeded: place + index + 1)
            }
            let place = pending.add(
                PendingReply(), sent: ReplyFrame(maxLength: 60), at: MonotonicTime(nanoseconds: 0))
            pending.keep(place, as: frame)
            pending.close(place)
            guard turn % capacity == 0 else { continue }
            var restored = [UInt8](repeating: 0xff, count: frame.count)
            pending.restore(place, into: &restored)
            #expect(restored == frame)
        }
    }
}
