import Glibc
import Testing

@testable import AFPacketKit

@Suite struct MessageBatchTests {
    private let stamp = Timestamp(nanoseconds: 5)
    private let tag = VLANTag(controlInformation: 0x6007, protocolIdentifier: .vlan)

    @Test func aFrameIsReadInItsPlace() {
        var batch = MessageBatch(capacity: 3, frameCapacity: 4)
        let ancillary = Ancillary(software: stamp, vlan: tag, isChecksumPending: true)
        batch.fill(with: [([1, 2, 3], ancillary), ([1, 2, 3, 4, 5, 6], Ancillary())], receivedAt: stamp)
        #expect(batch.count == 2 && batch.receivedAt == stamp)
        let whole = batch[0]
        #expect(whole.bytes.array == [1, 2, 3])
        let facts = (whole.length, whole.isTruncated)
        #expect(facts == (3, false))
        let told = whole.ancillary
        #expect(told == ancillary && told.vlan == tag && told.isChecksumPending)
        let cut = batch[1]
        #expect(cut.bytes.array == [1, 2, 3, 4])
        let cutFacts = (cut.length, cut.isTruncated)
        #expect(cutFacts == (6, true))
        #expect(batch.frame(at: 1).array == [1, 2, 3, 4])
        #expect(batch.ancillary(at: 0) == ancillary)
    }

    @Test func noneIsReceivedIfNoneIsWanted() throws {
        var ends: [CInt] = [0, 0]
        #expect(socketpair(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0, &ends) == 0)
        let near = try Descriptor("socketpair", ends[0])
        let far = try Descriptor("socketpair", ends[1])
        #expect(send(near.rawValue, [7], 1, 0) == 1)
        var batch = MessageBatch(capacity: 3, frameCapacity: 4)
        batch.fill(with: [([1], Ancillary())], receivedAt: stamp)
        try batch.receive(from: far, flags: 0, limit: 0)
        #expect(batch.count == 0)
        try batch.receive(from: far, flags: 0, limit: 1)
        #expect(batch.count == 1)
    }

    @Test func headersAreLaidOutAsTheKernels() {
        #expect(MessageHeader.isLaidOutAsTheKernels)
    }

    @Test func aCompletionIsMadeForATest() {
        let sent = TransmitCompletion(event: .scheduled, key: 7)
        #expect(Ancillary(transmission: sent).transmission == sent)
        #expect(Ancillary(launchFailure: .missed).launchFailure == .missed)
        #expect(Ancillary(hardware: stamp).transmission == nil)
    }

    @Test func framesThatAreNotThereEndTheProcess() async {
        await #expect(processExitsWith: .failure) {
            var batch = MessageBatch(capacity: 2, frameCapacity: 4)
            batch.fill(with: [([1], Ancillary())], receivedAt: Timestamp(nanoseconds: 0))
            _ = batch[1].length
        }
        await #expect(processExitsWith: .failure) {
            let batch = MessageBatch(capacity: 2, frameCapacity: 4)
            _ = batch[-1].length
        }
    }
}
